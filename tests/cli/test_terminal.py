"""Standard error as `local start` uses it."""

import os
import sys
import time

import pytest

from tencentserverless._cli import terminal
from tencentserverless._cli.terminal import Terminal
from tencentserverless.local.model.facts import Noticed, Refused


@pytest.fixture
def pipe(monkeypatch):
    """A pipe in the place of standard error: its reading end."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as read, os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        yield read


def test_the_order(pipe):
    """What came before the start is shown after it, in order, and what was held back at the end."""
    shown = Terminal(as_json=False, debugs=False)
    shown.say(["ready"])
    shown.notify("first")
    shown.start()
    for _ in range(3):
        shown.show(Refused(0.0, "Code", "text"))
    shown.finish()
    lines = os.read(pipe.fileno(), 65536).decode().splitlines()
    assert [lines[0], *(line[14:] for line in lines[1:])] == [
        "ready",
        "first",
        "refused: Code: text",
        "refused: Code × 3: text",
    ]


def test_nobody_reads(pipe, monkeypatch):
    """While nobody reads, showing does not wait; what is too much is left out, and the end comes."""
    monkeypatch.setattr(terminal, "LAST_SECONDS", 0.1)
    shown = Terminal(as_json=False, debugs=False)
    shown.start()
    started = time.monotonic()
    for _ in range(2 * terminal.MOST_WAITING):
        shown.show(Noticed(0.0, "x" * 100))
    shown.finish()
    assert time.monotonic() - started < 20
    while b" facts are left out]" not in pipe.readline():
        pass


def test_closed(monkeypatch):
    """Without a standard error nothing is shown, and nothing fails."""
    monkeypatch.setattr(sys, "stderr", None)
    shown = Terminal(as_json=True, debugs=False)
    shown.start()
    shown.notify("text")
    shown.finish()
