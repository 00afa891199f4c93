"""Limits of time that are started, stopped and held."""

import asyncio

import pytest

from tencentserverless.local.eventloop.countdown import Countdown


class Loop:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 100.0
        self.timers = []

    def time(self):
        return self.now

    def call_at(self, when, action, *arguments):
        timer = asyncio.TimerHandle(when, action, arguments, self)
        self.timers.append(timer)
        return timer

    def call_exception_handler(self, context):
        raise context["exception"]

    def get_debug(self):
        return False

    def _timer_handle_cancelled(self, timer):
        self.timers = [other for other in self.timers if other is not timer]

    def pass_by(self, seconds):
        """Each timer fires at its time."""
        end = self.now + seconds
        while self.timers and (first := min(timer.when() for timer in self.timers)) <= end:
            self.stand_still(max(0.0, first - self.now))
        self.now = end

    def stand_still(self, seconds):
        """Timers fire only when this is over."""
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


def test_one_timer_for_many_starts(loop, countdown, ends):
    """Starting and stopping again and again sets no more than one timer, and the last start is the one that counts."""
    for _ in range(100):
        countdown.start(3)
        loop.pass_by(1 / 128)
        countdown.stop()
        assert len(loop.timers) == 1
    countdown.start(3)
    loop.pass_by(2.5)
    loop.pass_by(0.4)
    assert not ends
    loop.pass_by(0.1)
    assert ends == [100 + 100 / 128 + 3]


def test_a_shorter_start(loop, countdown, ends):
    """A start with fewer seconds than the one before it ends when its own are over."""
    countdown.start(60)
    countdown.stop()
    countdown.start(1)
    loop.pass_by(1)
    assert ends == [101.0]


def test_a_closed_countdown(loop, countdown, ends):
    """Once it is closed no timer is left."""
    countdown.start(3)
    countdown.close()
    assert not loop.timers
    loop.pass_by(10)
    assert not ends


@pytest.mark.parametrize("begins", [0.0, 1.0, 2.9])
@pytest.mark.parametrize("lasts", [1.0, 5.0, 600.0])
def test_a_process_that_stood_still(loop, countdown, ends, begins, lasts):
    """The time in which the process stood still is not counted, whenever it came, and no more than a step besides."""
    countdown.start(3)
    loop.pass_by(begins)
    loop.stand_still(lasts)
    loop.pass_by(10)
    assert 3 + lasts - 0.001 <= ends[0] - 100 <= 3.251 + lasts
    assert len(ends) == 1


def test_a_countdown_that_starts_after_a_standstill(loop, countdown, ends):
    """A timer that is left of an earlier start, and fires late, adds nothing to what came after it."""
    countdown.start(3)
    countdown.stop()
    loop.now += 60
    countdown.start(3)
    loop.pass_by(10)
    assert ends == [163.0]
