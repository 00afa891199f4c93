"""Invoke and InvokeFunction: which one carries an invocation, and when it falls back from the faster one."""

import pytest

from tencentserverless import exception as errors
from tencentserverless._protocol import action
from tencentserverless._protocol.effects import Moment
from tencentserverless._protocol.identity import Identity
from tencentserverless._protocol.invoke import Invocation
from tests.protocol.script import IDENTITY, NOW, OPENED, TAKEN, WALL, Script, an_origin, failure, refusal, result

REFUSALS = ["UnauthorizedOperation", "UnauthorizedOperation.CAM", "AuthFailure.UnauthorizedOperation"]
REFUSALS += [
    "UnsupportedOperation",
    "UnsupportedOperation.Tomorrow",
    "InvalidAction",
    "UnsupportedRegion",
    "ActionOffline",
]
OK = result()


@pytest.fixture
def refusals():
    """The memory of one process."""
    return action.Refusals()


def fanned_out(refusals=None, function="f", region="ap-guangzhou", namespace="default"):
    """An invocation that begins with InvokeFunction and may fall back to Invoke."""
    memory = action.Refusals() if refusals is None else refusals
    fallback = action.Fallback(memory, (region, namespace, function), lambda: b'"by Invoke"')
    body = b'"by InvokeFunction"'
    return Invocation(an_origin(), region, action.INVOKE_FUNCTION, body, 310.0, is_patient=False, fallback=fallback)


def actions(script):
    """The actions of the requests that were sent, each with its own body."""
    found = []
    for request in script.requests:
        head, _, body = request.partition(b"\r\n\r\n")
        name = head.split(b"X-TC-Action: ")[1].split(b"\r\n")[0]
        assert body == b'"by %s"' % name
        found.append(name.decode("ascii"))
    return found


def test_the_faster_action_comes_first():
    """A fan-out uses InvokeFunction where nothing is known against it."""
    script = Script(OPENED, TAKEN, OK)
    assert script.perform(fanned_out()).value == "Hello"
    assert actions(script) == ["InvokeFunction"]


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refused_action_falls_back(code):
    """Where InvokeFunction is not allowed or not known, Invoke carries the same invocation, at once."""
    script = Script(OPENED, TAKEN, refusal(code), OPENED, TAKEN, OK)
    assert script.perform(fanned_out()).value == "Hello"
    assert actions(script) == ["InvokeFunction", "Invoke"]
    assert not script.sleeps


@pytest.mark.parametrize("code", REFUSALS)
def test_both_actions_refused(code):
    """Where Invoke is refused too, its refusal is the error: nothing ran, and nobody asks for ever."""
    script = Script(OPENED, TAKEN, refusal(code), OPENED, TAKEN, refusal(code))
    with pytest.raises(errors.APIError) as caught:
        script.perform(fanned_out())
    assert (caught.value.code, caught.value.executed, script.left) == (code, "no", [])


@pytest.mark.parametrize(
    "code", ["ResourceNotFound.Function", "AuthFailure.TokenFailure", "InvalidParameterValue", "Unauthorized"]
)
def test_other_refusals_stay(code):
    """A function that is not there, wrong credentials and wrong parameters are the same for both actions."""
    script = Script(OPENED, TAKEN, refusal(code))
    with pytest.raises(errors.APIError):
        script.perform(fanned_out())
    assert actions(script) == ["InvokeFunction"]


def test_what_ran_is_not_sent_by_the_other_action():
    """A failed execution is no refusal of the action, whatever the handler calls its error."""
    script = Script(OPENED, TAKEN, failure(430))
    with pytest.raises(errors.FunctionError):
        script.perform(fanned_out())
    assert actions(script) == ["InvokeFunction"]


def test_without_a_fallback_nothing_falls_back():
    """A refused InvokeFunction that has no fallback is not sent again and again."""
    invocation = fanned_out()
    invocation.fallback = None
    assert not action.should_fall_back("InvokeFunction", invocation, "InvalidAction")


def test_single_invocations_do_not_change_their_action():
    """An invocation that names its action is refused with it."""
    for name in (action.INVOKE, action.INVOKE_FUNCTION):
        script = Script(OPENED, TAKEN, refusal("UnauthorizedOperation"))
        with pytest.raises(errors.AuthError):
            script.perform(Invocation(an_origin(), "ap-guangzhou", name, b'"by %s"' % name.encode("ascii"), 310.0))
        assert actions(script) == [name]


def refuse_once(refusals):
    """Let InvokeFunction be refused once."""
    Script(OPENED, TAKEN, refusal("InvalidAction"), OPENED, TAKEN, OK).perform(fanned_out(refusals))


@pytest.mark.parametrize(
    ("later", "expected"), [(0, "Invoke"), (599, "Invoke"), (600, "InvokeFunction"), (9999, "InvokeFunction")]
)
def test_a_refusal_is_remembered_for_ten_minutes(refusals, later, expected):
    """For ten minutes after a refusal Invoke is used at once, and then the other action is tried again."""
    refuse_once(refusals)
    script = Script(OPENED, TAKEN, OK)
    script.now += later
    script.perform(fanned_out(refusals))
    assert actions(script) == [expected]


@pytest.mark.parametrize("other", [{"function": "g"}, {"region": "ap-chengdu"}, {"namespace": "n"}])
def test_a_refusal_is_remembered_for_its_target(refusals, other):
    """Another function, region or namespace has nothing to do with a refusal."""
    refuse_once(refusals)
    script = Script(OPENED, TAKEN, OK)
    script.perform(fanned_out(refusals, **other))
    assert actions(script) == ["InvokeFunction"]


def test_a_refusal_is_remembered_for_its_secret_id(refusals):
    """Another secret id may be allowed what this one is not; another key of the same id is not."""
    refuse_once(refusals)
    for identity, expected in [
        (Identity("AKIDOTHER", "k"), "InvokeFunction"),
        (Identity(IDENTITY.secret_id, "new", "t"), "Invoke"),
    ]:
        script = Script(OPENED, TAKEN, OK)
        script.perform(fanned_out(refusals), identity)
        assert actions(script) == [expected]


def test_not_every_refusal_is_remembered(refusals):
    """A process that meets ever new functions remembers a limited number of refusals."""
    for number in range(3000):
        invocation = fanned_out(refusals, f"f{number}")
        action.fall_back(invocation, Moment(NOW, WALL, IDENTITY))
        assert action.choose(invocation, Moment(NOW, WALL, IDENTITY))[0] == action.INVOKE
    assert len(refusals) <= action.MOST_REFUSALS


def test_refusals_are_forgotten_with_their_owner():
    """The protocol itself remembers nothing: another owner's memory begins empty."""
    refuse_once(action.Refusals())
    script = Script(OPENED, TAKEN, OK)
    script.perform(fanned_out(action.Refusals()))
    assert actions(script) == ["InvokeFunction"]


def test_a_throttled_fan_out_is_told_at_once():
    """A fan-out hears of throttling at the first time: it slows its feeder down instead of waiting here."""
    script = Script(OPENED, TAKEN, refusal("RequestLimitExceeded"))
    with pytest.raises(errors.ThrottledError):
        script.perform(fanned_out())
    assert not script.sleeps
