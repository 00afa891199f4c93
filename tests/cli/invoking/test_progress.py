"""How far a fan-out is."""

import re

import pytest

from tencentserverless._cli.invoking import progress as progress_module
from tencentserverless._cli.invoking.progress import Count, Progress, duration, line
from tests.local.process_table import until


def count(total, done, failed=0, maybe=0):
    made = Count(total)
    made.done, made.failed, made.maybe = done, failed, maybe
    return made


@pytest.mark.parametrize(
    ("numbers", "rate", "width", "shown"),
    [
        (count(20000, 10812, 3), 812.4, 0, "10812/20000  3 failed  812/s  11 s left"),
        (count(None, 12), 0.52, 0, "12 done  0.5/s"),
        (count(10, 10, 0, 2), 0, 0, "10/10  2 maybe  0.0/s"),
        (count(200, 100), 50, 50, "[##########..........]  50%  100/200  50/s  2 s left"[:50].ljust(50)),
        (count(200, 100), 50, 20, "100/200  50/s  2 s l"),
    ],
)
def test_lines(numbers, rate, width, shown):
    """A line has the numbers that are known, and a bar that fills the terminal if there is room for it."""
    found = line(numbers, rate, width)
    assert found == shown if not width or width == 20 else len(found) == width
    assert found.isascii()


def test_rate():
    """The rate is that of the last seconds, without the outcomes of earlier runs."""
    now = [0.0]
    numbers = Count(1000)
    progress = Progress(numbers, clock=lambda: now[0])
    numbers.done, numbers.recalled, now[0] = 600, 500, 10.0
    assert progress._rate() == 10
    for _ in range(3):
        now[0], numbers.done = now[0] + 10, numbers.done + 10
        rate = progress._rate()
    assert rate == 1


def test_lines_off_a_terminal(capsys, monkeypatch):
    """If standard error is not a terminal, plain lines tell the count from time to time, and none is drawn over."""
    monkeypatch.setattr(progress_module, "LINE_SECONDS", 0.001)
    told = []
    with Progress(count(20, 12, 3)):
        until(lambda: told.append(capsys.readouterr().err) or any(told))
    assert re.match(r"12/20  3 failed  [\d.]+/s", "".join(told))
    assert "\r" not in "".join(told)


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations(seconds, shown):
    """A time is told in two units at most."""
    assert duration(seconds) == shown
