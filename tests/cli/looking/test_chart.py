"""The picture of a chain in a terminal."""

import re

import pytest

from tencentserverless._cli.looking import chart
from tencentserverless._cli.looking.waterfall import Chain
from tests.cli.looking.conftest import made

CHAIN = [
    made("Gateway", "aaaa", came=0, ended=1, busy=0.5, cold=0.4),
    made("Orders", "bbbb", "aaaa", came=0.6, ended=0.9, busy=0.3, status=430),
    made("Mail", "cccc", "aaaa", came=0.7, ended=60, busy=0.5, kind="Event"),
]
PICTURE = """\
Gateway ok, 3 invocations in 1 min 0 s, at 2023-11-14 22:13:20
id aaaa

                0               58.50 s
Gateway        |.------========:::::::::        |  1.00 s  12 MB  ok
  Orders       |         ====  :::::::::        |  300 ms  12 MB  failed (430)
  Mail (Event) |          .....:::::::::========| 59.30 s  12 MB  ok

. waiting   - cold start   = running   : idle, folded"""


def test_the_picture():
    """Each hop is a bar of its waiting, its cold start and its run; the idle stretch has a label."""
    found = "\n".join(chart.lines(Chain(CHAIN), 80))
    assert found == PICTURE


@pytest.mark.parametrize("width", [40, 80, 120, 10_000])
def test_it_fits(width):
    """The picture is ASCII, fits into terminals from 60 columns on, and is the same with and without colours."""
    plain = list(chart.lines(Chain(CHAIN), width))
    assert all(line.isascii() and len(line) <= max(width, 75) for text in plain for line in text.split("\n"))
    coloured = "\n".join(chart.lines(Chain(CHAIN), width, colour=True))
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == "\n".join(plain)


def test_a_wide_fan():
    """Of many hops the first ones are shown, and those that failed."""
    many = [made("F", f"f{n}", "a", came=n / 1e4, ended=n / 1e4 + 1, busy=1) for n in range(1000)]
    failed = made("Bad", "bad", "a", came=0.9, ended=1, busy=0.1, status=433)
    lines = list(chart.lines(Chain([made("A", "a", came=0, ended=2, busy=2), *many, failed]), 100))
    assert any("Bad" in line and "failed (433)" in line for line in lines)
    assert len(lines) < chart.MOST_ROWS + chart.MOST_FAILED + 8
    assert "and 801 more" in lines
