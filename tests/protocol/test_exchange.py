"""The exchange, driven by hand: every order of effects, every fault at every place."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless import exception as errors
from tencentserverless._protocol.effects import CLOSE, KEEP, READ, Fault, Moment, Origin
from tencentserverless._protocol.exchange import exchange
from tencentserverless._protocol.identity import Identity
from tests.protocol.script import (
    EOF,
    IDENTITY,
    NOW,
    OPENED,
    TAKEN,
    WALL,
    Script,
    an_invocation,
    answer,
    failure,
    refusal,
    result,
)

OK = result()


def fails(script, invocation=None):
    """The error that a script ends in, all of its steps taken."""
    with pytest.raises(errors.ServerlessError) as caught:
        script.perform(invocation)
    assert not script.left
    return caught.value


def test_one_invocation():
    """An ordinary invocation opens, writes once, reads once and keeps the connection."""
    script = Script(OPENED, TAKEN, OK)
    assert script.perform().value == "Hello"
    assert script.effects == ["Open", "Write", "READ", "KEEP"]
    assert script.requests[0].startswith(b"POST / HTTP/1.1\r\n")
    assert not script.opens[0].fresh


@pytest.mark.parametrize("kind", [MemoryError, RecursionError])
def test_an_answer_that_is_too_much(kind):
    """If this program cannot take an answer in, the error says that the function may have run."""

    def decipher(response, invocation):
        raise kind()

    invocation = an_invocation()
    invocation.decipher = decipher
    error = fails(Script(OPENED, TAKEN, OK), invocation)
    assert (type(error), error.executed, type(error.__cause__)) == (errors.TransportError, "maybe", kind)


def test_an_answer_in_pieces():
    """An answer is read until it is whole, and no further."""
    script = Script(OPENED, TAKEN, *[OK[at : at + 1] for at in range(len(OK))])
    assert script.perform().value == "Hello"
    assert script.effects == ["Open", "Write", *["READ"] * len(OK), "KEEP"]
    assert not script.left


@pytest.mark.parametrize(
    "wire", [OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), OK.replace(b"/1.1", b"/1.0"), OK + b"surplus"]
)
def test_a_connection_that_cannot_go_on_is_closed(wire):
    """Where the server closes, or said more than it was asked for, the connection is not kept."""
    script = Script(OPENED, TAKEN, wire)
    assert script.perform().value == "Hello"
    assert script.effects == ["Open", "Write", "READ", "CLOSE"]


def test_an_answer_that_ends_with_the_connection():
    """A body without a length is read to the end of the connection, which is then closed."""
    body = OK.partition(b"\r\n\r\n")[2]
    script = Script(OPENED, TAKEN, b"HTTP/1.1 200 OK\r\n\r\n", body, EOF)
    assert script.perform().value == "Hello"
    assert script.effects[-1] == "CLOSE"


def test_a_failure_releases_the_connection_first():
    """The connection is kept before an error of the function is raised: it is as good as before."""
    script = Script(OPENED, TAKEN, failure(430))
    assert type(fails(script)) is errors.FunctionError
    assert script.effects == ["Open", "Write", "READ", "KEEP"]


def fault(phase, deadline=False, final=False):
    """A fault of this phase."""
    return Fault(phase, "it broke", deadline, final)


BEFORE = ("resolve", "connect", "proxy", "tls", "wait")


@pytest.mark.parametrize("idempotent", [False, True])
@pytest.mark.parametrize("phase", BEFORE)
def test_a_fault_before_the_connection(phase, idempotent):
    """A fault on the way to a connection is a ConnectError after three attempts: nothing was sent."""
    script = Script(*(fault(phase) for _ in range(3)))
    error = fails(script, an_invocation(idempotent=idempotent))
    assert (type(error), error.executed, error.phase) == (errors.ConnectError, "no", phase)
    assert script.effects == ["Open", "Sleep", "Open", "Sleep", "Open"]
    assert [sleep.most for sleep in script.sleeps] == [0.5, 1.0]


@pytest.mark.parametrize("phase", ["tls", "proxy"])
def test_a_fault_that_waiting_does_not_mend(phase):
    """A certificate that is not trusted and refused proxy credentials are not tried again."""
    script = Script(fault(phase, final=True))
    error = fails(script)
    assert (type(error), error.executed, error.phase) == (errors.ConnectError, "no", phase)


@pytest.mark.parametrize("phase", BEFORE)
def test_no_time_to_connect(phase):
    """A deadline that passes before there is a connection is an InvokeTimeoutError: nothing ran."""
    error = fails(Script(fault(phase, deadline=True)), an_invocation(timeout=2.5))
    assert (type(error), error.executed, error.phase) == (errors.InvokeTimeoutError, "no", phase)
    assert "2.5 s" in error.message
    assert isinstance(error, TimeoutError)


def test_a_stale_connection():
    """Where the request was not taken whole, it is sent again at once on a new connection."""
    script = Script(OPENED, fault("write"), EOF, OPENED, TAKEN, OK)
    assert script.perform().value == "Hello"
    assert script.effects == ["Open", "Write", "READ", "Sleep", "Open", "Write", "READ", "KEEP"]
    assert ([effect.fresh for effect in script.opens], script.sleeps[0].most) == ([False, True], 0.0)


def test_a_connection_that_is_always_stale():
    """A request that is never taken whole ends as a TransportError after three attempts: nothing ran."""
    error = fails(Script(*[OPENED, fault("write"), fault("read")] * 3))
    assert (type(error), error.executed, error.phase) == (errors.TransportError, "no", "write")


def test_no_time_to_write():
    """A deadline that passes while the request is written is an InvokeTimeoutError: nothing ran."""
    script = Script(OPENED, fault("write", deadline=True))
    error = fails(script)
    assert (type(error), error.executed, error.phase) == (errors.InvokeTimeoutError, "no", "write")
    assert script.effects == ["Open", "Write"]


@pytest.mark.parametrize(
    ("early", "family"),
    [
        (answer(b"too large", "413 Payload Too Large"), errors.ProtocolError),
        (refusal("RequestSizeLimitExceeded"), errors.APIError),
        (refusal("InternalError"), errors.APIError),
        (b"garbage\r\n\r\n", errors.ProtocolError),
    ],
)
def test_an_early_answer(early, family):
    """What a server says while it refuses a request half-way is its answer: nothing ran, and nothing is tried again."""
    script = Script(OPENED, fault("write"), early)
    error = fails(script, an_invocation(idempotent=True))
    assert (type(error), error.executed) == (family, "no")
    assert script.effects[:3] == ["Open", "Write", "READ"]
    assert "KEEP" not in script.effects


def test_an_early_answer_of_a_function():
    """A server that tells of an execution although it did not have the request whole is believed: something ran."""
    error = fails(Script(OPENED, fault("write"), failure(430)), an_invocation(idempotent=True))
    assert (type(error), error.executed) == (errors.FunctionError, "yes")


def test_an_early_answer_that_can_be_tried_again():
    """An early refusal for too many requests is one like any other, but for the connection, which is closed."""
    script = Script(OPENED, fault("write"), refusal("RequestLimitExceeded"), OPENED, TAKEN, OK)
    assert script.perform().value == "Hello"
    assert script.effects[:5] == ["Open", "Write", "READ", "CLOSE", "Sleep"]


def test_half_an_early_answer():
    """An early answer that breaks off says nothing: the request was not taken whole, and is sent again."""
    script = Script(OPENED, fault("write"), b"HTTP/1.1 413", EOF, OPENED, TAKEN, OK)
    assert script.perform().value == "Hello"
    script = Script(OPENED, fault("write"), b"HTTP/1.1 413", fault("read"), OPENED, TAKEN, OK)
    assert script.perform().value == "Hello"


HALF = OK[: len(OK) // 2]
AFTER = {  # what comes after the request was taken whole: steps, class
    "reset": ([fault("read")], errors.TransportError),
    "end": ([EOF], errors.TransportError),
    "half an answer": ([HALF, EOF], errors.TransportError),
    "half an answer and reset": ([HALF, fault("read")], errors.TransportError),
    "garbage": ([b"\x15\x03\x01\r\n"], errors.ProtocolError),
    "a page": ([answer(b"<html>", "502 Bad Gateway")], errors.ProtocolError),
    "redirect": ([answer(b"", "302 Found", "Location: /\r\n")], errors.ProtocolError),
    "internal error": ([refusal("InternalError")], errors.APIError),
}


@pytest.mark.parametrize("name", sorted(AFTER))
def test_what_may_have_run_is_not_repeated(name):
    """Once the request was taken whole, silence, an end or garbage is an error that says "maybe", at the first time."""
    steps, family = AFTER[name]
    error = fails(Script(OPENED, TAKEN, *steps))
    assert (type(error), error.executed, error.safe_to_retry) == (family, "maybe", False)
    if isinstance(error, errors.TransportError):
        assert error.phase == "read"
        assert error.code == "ClientNetworkError"
        assert "http://127.0.0.1:9000" in error.message


@pytest.mark.parametrize("name", sorted(AFTER))
def test_what_may_run_twice_is_repeated(name):
    """With idempotent=True the same is tried again, three times in all."""
    steps, family = AFTER[name]
    script = Script(OPENED, TAKEN, *steps, OPENED, TAKEN, OK)
    assert script.perform(an_invocation(idempotent=True)).value == "Hello"
    error = fails(Script(*[OPENED, TAKEN, *steps] * 3), an_invocation(idempotent=True))
    assert (type(error), error.executed) == (family, "maybe")


@pytest.mark.parametrize("idempotent", [False, True])
@pytest.mark.parametrize("before", [[], [HALF]])
def test_silence(before, idempotent):
    """A deadline that passes while the answer is awaited is an InvokeTimeoutError that says "maybe"."""
    script = Script(OPENED, TAKEN, *before, fault("read", deadline=True))
    error = fails(script, an_invocation(idempotent=idempotent, timeout=7))
    assert (type(error), error.executed, error.phase) == (errors.InvokeTimeoutError, "maybe", "read")
    assert "7 s" in error.message


def test_the_cause_of_a_fault_is_kept():
    """An error names the operating system's error as its cause, and not the words of the exchange."""
    cause = ConnectionResetError(104, "reset")
    broken = fault("read")
    broken.__cause__ = cause
    error = fails(Script(OPENED, TAKEN, broken))
    assert error.__cause__ is cause
    assert "it broke" in error.message


def test_no_fault_is_shown():
    """A user's error has no Fault for a cause."""
    assert not isinstance(fails(Script(OPENED, TAKEN, fault("read"))).__cause__, Fault)


# What one attempt can end in: its steps, class, executed, and when it is tried again.
ENDS = {
    "no connection": ([fault("connect")], errors.ConnectError, "no", "always"),
    "no trust": ([fault("tls", final=True)], errors.ConnectError, "no", "never"),
    "stale": ([OPENED, fault("write"), EOF], errors.TransportError, "no", "always"),
    "reset": ([OPENED, TAKEN, fault("read")], errors.TransportError, "maybe", "idempotent"),
    "silence": ([OPENED, TAKEN, fault("read", deadline=True)], errors.InvokeTimeoutError, "maybe", "never"),
    "garbage": ([OPENED, TAKEN, b"\r\n"], errors.ProtocolError, "maybe", "idempotent"),
    "page": ([OPENED, TAKEN, answer(b"", "503 Busy")], errors.ProtocolError, "maybe", "idempotent"),
    "throttled": ([OPENED, TAKEN, refusal("RequestLimitExceeded")], errors.ThrottledError, "no", "always"),
    "not found": ([OPENED, TAKEN, refusal("ResourceNotFound")], errors.NotFoundError, "no", "never"),
    "internal": ([OPENED, TAKEN, refusal("InternalError.System")], errors.APIError, "maybe", "idempotent"),
    "bad keys": ([OPENED, TAKEN, refusal("AuthFailure.TokenFailure")], errors.AuthError, "no", "new keys"),
    "full": ([OPENED, TAKEN, failure(432)], errors.InvocationError, "no", "always"),
    "not started": ([OPENED, TAKEN, failure(443)], errors.InvocationError, "maybe", "never"),
    "raised": ([OPENED, TAKEN, failure(430)], errors.FunctionError, "yes", "never"),
    "too slow": ([OPENED, TAKEN, failure(433)], errors.InvocationError, "yes", "never"),
    "fine": ([OPENED, TAKEN, OK], None, "yes", "never"),
}


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(sorted(ENDS)), min_size=3, max_size=3), st.booleans(), st.booleans())
def test_any_row_of_attempts(names, idempotent, keys_change):
    """Whatever three attempts meet: the design's table decides how many there are, and what is known at their end."""
    executed, made = "no", []
    for name in names:
        made.append(name)
        _, family, ran, again = ENDS[name]
        executed = max(executed, ran, key=["no", "maybe", "yes"].index)
        goes_on = {"always": True, "idempotent": idempotent, "new keys": keys_change, "never": False}[again]
        if not goes_on:
            break
    steps = list(itertools.chain.from_iterable(ENDS[name][0] for name in made))
    identities = [Identity(f"AKID{number}", "key") for number in range(3)] if keys_change else []
    script = Script(*steps, identities=identities)
    invocation = an_invocation(idempotent=idempotent)
    if family is None:
        assert script.perform(invocation).value == "Hello"
    else:
        error = fails(script, invocation)
        assert (type(error), error.executed) == (family, executed)
    assert (len(script.opens), script.left) == (len(made), [])
    if not idempotent:
        assert sum(ENDS[name][2] != "no" for name in made) <= 1


def test_what_attempts_did_is_added_up():
    """An attempt that may have run is not forgotten because the next one did not get through."""
    steps = [OPENED, TAKEN, EOF, fault("connect"), fault("connect")]
    error = fails(Script(*steps), an_invocation(idempotent=True))
    assert (type(error), error.executed) == (errors.ConnectError, "maybe")


def test_the_exchange_ends_wherever_it_is_dropped():
    """An exchange that is dropped at any effect asks for nothing more: its transport closes the connection."""
    script = [OPENED, fault("write"), b"HTTP/1.1 413", EOF, EOF]
    for length in range(5):
        steps = exchange(an_invocation(), Moment(NOW, WALL, IDENTITY))
        next(steps)
        for step in script[:length]:
            steps.throw(step) if isinstance(step, Fault) else steps.send(step if isinstance(step, bytes) else None)
        assert steps.close() is None


def test_the_words_show_themselves():
    """Effects without arguments, and origins, tell what they are."""
    assert [repr(signal) for signal in (READ, KEEP, CLOSE)] == ["READ", "KEEP", "CLOSE"]
    assert repr(Origin("https", "::1", 9000, "[::1]:9000")) == "https://[::1]:9000"
