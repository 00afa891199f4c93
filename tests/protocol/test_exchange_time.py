"""Time in the exchange: the deadline, the pauses, a wrong clock, and credentials that change."""

import re

import pytest

from tencentserverless import exception as errors
from tencentserverless._protocol.effects import Fault
from tencentserverless._protocol.identity import Identity
from tests.protocol.script import NOW, OPENED, TAKEN, WALL, Script, an_invocation, an_origin, refusal, result

OK = result()
THROTTLED = refusal("RequestLimitExceeded")
EXPIRED = "Signature expired ... avoid a deviation between `Timestamp` and the server time %d."


def expired(server_time):
    """A refusal of a timestamp by a server whose clock says this."""
    return refusal("AuthFailure.SignatureExpire", EXPIRED % server_time)


def timestamps(script):
    """The timestamps of the requests that were sent."""
    return [int(re.search(rb"X-TC-Timestamp: ([0-9]+)\r\n", request).group(1)) for request in script.requests]


@pytest.mark.parametrize(("timeout", "deadline"), [(310.0, NOW + 310.0), (0.5, NOW + 0.5), (None, None)])
def test_one_deadline_for_all_attempts(timeout, deadline):
    """Every effect that can wait is given the same deadline: attempts do not add up."""
    script = Script(OPENED, TAKEN, THROTTLED, OPENED, TAKEN, OK, pause=0.1)
    assert script.perform(an_invocation(timeout)).value == "Hello"
    assert [effect.deadline for effect in script.opens + script.sleeps] == [deadline] * 3


@pytest.mark.parametrize(("pause", "attempts"), [(1.0, 1), (2.0, 1), (0.9, 2)])
def test_no_attempt_begins_after_the_deadline(pause, attempts):
    """Where the deadline passed during a pause, the error before it is raised, and nothing more is sent."""
    script = Script(OPENED, TAKEN, THROTTLED, OPENED, TAKEN, OK, pause=pause)
    if attempts == 1:
        with pytest.raises(errors.ThrottledError):
            script.perform(an_invocation(1.0))
    else:
        assert script.perform(an_invocation(1.0)).value == "Hello"
    assert len(script.opens) == attempts


def test_without_a_deadline_none_passes():
    """With timeout=None a pause of any length is followed by the next attempt."""
    script = Script(OPENED, TAKEN, THROTTLED, OPENED, TAKEN, OK, pause=1e9)
    assert script.perform(an_invocation(None)).value == "Hello"


def test_pauses():
    """The first pause is at most half a second, the second at most one: how long is for the transport to draw."""
    script = Script(*[OPENED, TAKEN, THROTTLED] * 3)
    with pytest.raises(errors.ThrottledError):
        script.perform()
    assert [sleep.most for sleep in script.sleeps] == [0.5, 1.0]
    assert script.effects == ["Open", "Write", "READ", "KEEP", "Sleep"] * 2 + ["Open", "Write", "READ", "KEEP"]


def test_a_kept_connection_will_do_for_another_attempt():
    """After a refusal on a good connection, the next attempt asks for no new one."""
    script = Script(OPENED, TAKEN, THROTTLED, OPENED, TAKEN, OK)
    script.perform()
    assert [effect.fresh for effect in script.opens] == [False, False]


def test_every_attempt_is_signed_anew():
    """Another attempt carries the time at which it is sent, and the credentials of that moment."""
    script = Script(
        OPENED, TAKEN, THROTTLED, OPENED, TAKEN, OK, pause=7.0, identities=[Identity("AKIDNEW", "new", "token")]
    )
    script.perform()
    assert timestamps(script) == [WALL, WALL + 7]
    assert b"Credential=AKIDEXAMPLE/" in script.requests[0]
    assert b"Credential=AKIDNEW/" in script.requests[1]
    assert b"X-TC-Token: token\r\n" in script.requests[1]


@pytest.mark.parametrize("ahead", [400, -400, 86400, -86400])
def test_a_wrong_clock_is_corrected(ahead):
    """A refused timestamp is corrected by the server's time and sent again at once."""
    script = Script(OPENED, TAKEN, expired(WALL + ahead), OPENED, TAKEN, OK)
    assert script.perform().value == "Hello"
    assert timestamps(script) == [WALL, WALL + ahead]
    assert script.sleeps[0].most == 0.0


def test_a_corrected_clock_is_remembered():
    """The next invocation of the same origin is right at once; another origin has a clock of its own."""
    origin = an_origin()
    Script(OPENED, TAKEN, expired(WALL + 1000), OPENED, TAKEN, OK).perform(an_invocation(origin=origin))
    script = Script(OPENED, TAKEN, OK)
    script.perform(an_invocation(origin=origin))
    assert timestamps(script) == [WALL + 1000]
    other = Script(OPENED, TAKEN, OK)
    other.perform(an_invocation())
    assert timestamps(other) == [WALL]


def test_a_clock_corrected_earlier_can_be_corrected_again():
    """A clock that was corrected in one invocation and then set right is corrected back in the next."""
    origin = an_origin()
    origin.clock_offset = 1000.0
    script = Script(OPENED, TAKEN, expired(WALL + 3), OPENED, TAKEN, OK)
    assert script.perform(an_invocation(origin=origin)).value == "Hello"
    assert timestamps(script) == [WALL + 1000, WALL + 3]


@pytest.mark.parametrize("idempotent", [False, True])
def test_a_clock_is_corrected_once(idempotent):
    """A server that refuses its own time is believed once."""
    script = Script(OPENED, TAKEN, expired(WALL + 400), OPENED, TAKEN, expired(WALL + 800))
    with pytest.raises(errors.AuthError) as caught:
        script.perform(an_invocation(idempotent=idempotent))
    assert (caught.value.executed, len(script.requests)) == ("no", 2)


@pytest.mark.parametrize(
    "message", ["Signature expired.", "", "the server time is late", "server time 17", None, 17, ["x"]]
)
def test_a_server_that_does_not_say_its_time(message):
    """A refusal without the server's time is raised as it is, whatever its message."""
    script = Script(OPENED, TAKEN, refusal("AuthFailure.SignatureExpire", message))
    with pytest.raises(errors.AuthError) as caught:
        script.perform()
    assert caught.value.executed == "no"


def test_the_time_in_another_language():
    """A message without the English words tells the server's time as its last number of that size."""
    message = "签名过期，请求时间 1699990000 与服务器时间 1700000500 相差超过 300 秒。"
    script = Script(OPENED, TAKEN, refusal("AuthFailure.SignatureExpire", message), OPENED, TAKEN, OK)
    script.perform()
    assert timestamps(script)[1] == 1700000500


def test_the_time_in_back_quotes():
    """The server's time is found in back quotes too, as other messages of the API write numbers."""
    message = "between `Timestamp` and the server time `1700000500`."
    script = Script(OPENED, TAKEN, refusal("AuthFailure.SignatureExpire", message), OPENED, TAKEN, OK)
    script.perform()
    assert timestamps(script)[1] == 1700000500


def test_a_correction_does_not_use_up_other_attempts():
    """A throttled invocation whose clock is wrong has three attempts in all."""
    script = Script(OPENED, TAKEN, expired(WALL + 400), OPENED, TAKEN, THROTTLED, OPENED, TAKEN, OK)
    assert script.perform().value == "Hello"


def test_renewed_keys_are_tried():
    """Refused credentials that were renewed meanwhile are tried at once; those that were not are not sent again."""
    bad = refusal("AuthFailure.SecretIdNotFound")
    script = Script(OPENED, TAKEN, bad, OPENED, TAKEN, OK, identities=[Identity("AKIDNEW", "new")])
    assert script.perform().value == "Hello"
    assert script.sleeps[0].most == 0.0
    script = Script(OPENED, TAKEN, bad)
    with pytest.raises(errors.AuthError):
        script.perform()
    assert len(script.requests) == 1


@pytest.mark.parametrize(("first", "executed"), [(b"", "maybe"), (THROTTLED, "no")])
def test_no_credentials_for_another_attempt(first, executed):
    """Where credentials for the next attempt fail, their error says what the attempts before may have run."""
    lost = errors.SettingsError("InvalidCredential", "gone")
    script = Script(OPENED, TAKEN, first, identities=[lost])
    with pytest.raises(errors.SettingsError) as caught:
        script.perform(an_invocation(idempotent=True))
    assert (caught.value, caught.value.executed) == (lost, executed)


def test_time_that_runs_out_on_the_way_to_another_attempt():
    """A deadline that passes in the second attempt is an InvokeTimeoutError that knows what the first one did."""
    late = Fault("connect", "timed out", deadline=True)
    script = Script(OPENED, TAKEN, b"", late)
    with pytest.raises(errors.InvokeTimeoutError) as caught:
        script.perform(an_invocation(idempotent=True))
    assert (caught.value.executed, caught.value.phase) == ("maybe", "connect")
