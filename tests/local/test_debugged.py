"""The endpoint's part of debugging: terminals, and time that stands still."""

import asyncio
import os
from types import SimpleNamespace

import pytest

from tencentserverless.local import LocalSCF, debugged
from tencentserverless.local.debugged import Countdown
from tencentserverless.local.invocation import Invocation
from tests.local.debuggers import Terminal
from tests.local.made import function


class Loop:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 100.0
        self.timers = []

    def time(self):
        return self.now

    def call_later(self, seconds, action):
        timer = asyncio.TimerHandle(self.now + seconds, action, (), self)
        self.timers.append(timer)
        return timer

    def call_exception_handler(self, context):
        raise context["exception"]

    def get_debug(self):
        return False

    def _timer_handle_cancelled(self, timer):
        self.timers = [other for other in self.timers if other is not timer]

    def pass_by(self, seconds):
        self.now += seconds
        for timer in [timer for timer in self.timers if timer.when() <= self.now]:
            self.timers.remove(timer)
            timer._run()


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def ends():
    """When a countdown of the test has ended."""
    return []


@pytest.fixture
def countdown(loop, ends):
    return Countdown(loop, lambda: ends.append(loop.now))


def test_a_countdown(loop, countdown, ends):
    """It ends once after its seconds, and not where it was stopped."""
    countdown.start(3)
    loop.pass_by(2.9)
    assert not ends
    loop.pass_by(0.1)
    countdown.stop()
    countdown.start(3)
    countdown.stop()
    loop.pass_by(10)
    assert ends == [103.0]


def test_a_held_countdown(loop, countdown, ends):
    """While anybody holds it nothing is counted, whether it was held before its start or after it."""
    countdown.hold()
    countdown.start(3)
    loop.pass_by(10)
    countdown.release()
    loop.pass_by(1)
    countdown.hold()
    countdown.hold()
    loop.pass_by(10)
    countdown.release()
    loop.pass_by(10)
    assert not ends
    countdown.release()
    loop.pass_by(2)
    assert ends == [133.0]


def test_a_countdown_that_is_held_over_its_stop(loop, countdown, ends):
    """What is released after the stop does not run again."""
    countdown.start(3)
    countdown.hold()
    countdown.stop()
    countdown.release()
    loop.pass_by(10)
    assert not ends


def test_who_waits_for_an_invocation():
    """Those wait that have called it, directly or through others, up to the first Event invocation."""

    def invocation(request_id, parent, invocation_type="RequestResponse"):
        return Invocation(request_id, function(), b"", invocation_type, parent=parent)

    chain = [invocation("a", None), invocation("b", "a", "Event"), invocation("c", "b"), invocation("d", "c")]
    instances = [SimpleNamespace(running=running) for running in [*chain[:3], None]]
    found = [instance.running.request_id for instance in debugged.callers(chain[3], instances)]
    assert found == ["c", "b"]
    assert list(debugged.callers(chain[0], instances)) == []


def test_a_terminal_by_its_path(tmp_path):
    """A path that leads to a terminal is taken; any other is an error that names it."""
    with Terminal() as terminal:
        assert debugged.terminal(terminal.path) == terminal.path
    for wrong in (os.devnull, tmp_path / "nothing"):
        with pytest.raises(ValueError, match=f"{wrong} is no terminal"):
            debugged.terminal(wrong)


def test_the_terminal_of_this_process(monkeypatch):
    """Without a path it is stdin's terminal, else that of stderr; without one the error says what to do."""
    names = {0: "/dev/one", 2: "/dev/two"}

    def ttyname(descriptor):
        if descriptor not in names:
            raise OSError
        return names[descriptor]

    monkeypatch.setattr(os, "ttyname", ttyname)
    assert debugged.terminal() == "/dev/one"
    del names[0]
    assert debugged.terminal() == "/dev/two"
    del names[2]
    with pytest.raises(ValueError, match="terminal=") as caught:
        LocalSCF("x", debug="pdb")
    assert "\n" not in str(caught.value)


def test_a_debugger_that_is_not_known():
    """An unknown one is an error that names those that there are."""
    with pytest.raises(ValueError, match="pdb or debugpy"):
        LocalSCF("x", debug="gdb")
