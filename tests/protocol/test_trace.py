"""What a trace is told of an exchange."""

import itertools

import pytest

from tencentserverless import exception as errors
from tencentserverless._protocol.effects import Fault, Moment
from tencentserverless._protocol.exchange import exchange
from tencentserverless._protocol.trace import About, Step, traced
from tests.protocol.script import (
    EOF,
    IDENTITY,
    NOW,
    OPENED,
    TAKEN,
    WALL,
    Script,
    an_invocation,
    failure,
    refusal,
    result,
)

OK = result()
ABOUT = About("Invoke", "ap-guangzhou", "https://h", "f", "default", "$LATEST")


def perform(trace, *steps, **more):
    """Run a script with a trace, by a clock that goes one second at each look. Returns the script and its end."""
    invocation, script, clock = an_invocation(**more), Script(*steps), itertools.count()
    invocation.trace, invocation.about = trace, ABOUT
    driven = traced(exchange(invocation, Moment(NOW, WALL, IDENTITY)), invocation, lambda: float(next(clock)))
    try:
        effect = next(driven)
        while True:
            try:
                reply = script._reply(effect, IDENTITY)
            except Fault as fault:
                effect = driven.throw(fault)
            else:
                effect = driven.send(reply)
    except StopIteration as end:
        return script, end.value
    except errors.ServerlessError as error:
        return script, error


def test_every_step_is_told():
    """A trace is told every effect in its order with its time, sizes where bytes moved, and the end with the result."""
    steps = []
    script, value = perform(steps.append, OPENED, TAKEN, OK[:40], OK[40:])
    assert [step.name for step in steps] == ["begin", "open", "write", "read", "read", "keep", "end"]
    assert [step.size for step in steps] == [None, None, len(script.requests[0]), 40, len(OK) - 40, None, None]
    assert [step.seconds for step in steps] == [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 11.0]
    assert all(step.error is None and step.about is ABOUT for step in steps)
    assert steps[-1].result is value
    assert value.request_id == "r"


def test_faults_are_told():
    """What went wrong is told where it did, and the error that is raised at the end."""
    steps = []
    _, error = perform(steps.append, OPENED, Fault("write", "it broke"), EOF, OPENED, TAKEN, Fault("read", "gone"))
    assert [step.name for step in steps] == "begin open write read sleep open write read end".split()
    assert [step.error for step in steps[:-1]] == [None, None, "it broke", None, None, None, None, "gone"]
    assert steps[-1].error is error
    assert (type(error), error.executed) == (errors.TransportError, "maybe")


@pytest.mark.parametrize("steps", [[OPENED, TAKEN, OK], [OPENED, TAKEN, failure(430)], [OPENED, TAKEN, refusal("X")]])
def test_a_trace_changes_nothing(steps):
    """With a trace and without one, the same is done and the same comes of it."""
    plain = Script(*steps)
    try:
        expected = plain.perform()
    except errors.ServerlessError as error:
        expected = error
    script, found = perform(lambda step: None, *steps)
    assert (script.effects, script.requests) == (plain.effects, plain.requests)
    assert (type(found), str(found)) == (type(expected), str(expected))


def test_no_step_shows_a_secret():
    """Neither steps nor what they are about show keys or the event."""
    steps = []
    perform(steps.append, OPENED, TAKEN, OK)
    shown = "".join(map(repr, steps)) + repr(ABOUT)
    assert IDENTITY.secret_key not in shown
    assert "Authorization" not in shown
    assert repr(ABOUT) == "<Invoke ap-guangzhou/default/f at https://h>"
    assert repr(Step(ABOUT, "read", 0.5, error="gone")) == "<Step read 0.500000 s, gone>"
