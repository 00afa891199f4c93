"""The page about fanning out: its commands, and its pictures of a terminal."""

import fcntl
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
import threading
from contextlib import suppress

import pytest
from click.testing import CliRunner

from tencentserverless._cli.commands import root
from tencentserverless.local import LocalSCF
from tests.cli.conftest import environment
from tests.environments import ROOT
from tests.house.test_docs import FENCE, read, written

PAGE = ROOT / "docs" / "fanning-out.md"
BLOCKS = FENCE.findall(PAGE.read_text(encoding="utf-8"))
# The rate depends on the machine, and so does the length of the bar.
PROGRAM = """
from tencentserverless._cli import main
from tencentserverless._cli.invoking.progress import Progress
Progress._rate = lambda self: 40.0
main()
"""
HELD = 129  # the number of events that are done in the picture


def test_commands(tmp_path, monkeypatch):
    """The commands of the page do what it says: results, events that failed, and going on without sending any again."""
    monkeypatch.chdir(tmp_path)
    list(written(read(PAGE), tmp_path))
    (tmp_path / "events.jsonl").write_text(next(text for language, text in BLOCKS if language == "json"))
    commands = [shlex.split(text) for language, text in BLOCKS if language == "shell"]
    with LocalSCF(tmp_path / "Resize") as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        codes = [CliRunner().invoke(root, arguments).exit_code for _, *arguments in commands]
        assert (codes, local.counters.requests) == ([1, 1, 1], 4)
    assert (tmp_path / "results.failed.jsonl").read_text() == '{"name": "b.jpg", "width": 9999}\n'
    first = min(map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines()), key=lambda row: row["index"])
    assert sorted(first) == sorted(["index", "value", "executed", "request_id", "duration_ms"])


@pytest.mark.parametrize("columns", [80, 120])
def test_pictures(tmp_path, columns):
    """A terminal shows the bar and the last line that stand on the page."""
    gate = threading.Event()

    def resize(event, context):
        if event >= HELD:
            gate.wait(60)
        if event % 40 == 1 and event < 100:
            raise ValueError(event)

    (tmp_path / "events.jsonl").write_text("".join(f"{number}\n" for number in range(200)))
    arguments = ["map", "Resize", "events.jsonl", "-o", "results.jsonl", "--concurrency", "1"]
    with LocalSCF() as local:
        local.deploy(resize, name="Resize")
        names = {name: value for name, value in local.environment().items() if name.startswith("TENCENT")}
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        variables = environment(**names, TERM="xterm", LC_ALL="C.UTF-8")
        command = [sys.executable, "-c", PROGRAM, *arguments]
        with subprocess.Popen(command, cwd=tmp_path, env=variables, stderr=slave) as run:
            os.close(slave)
            shown = until(master, f" {HELD}/200 ")
            gate.set()
            shown += until(master, None)
            assert run.wait(60) == 1
    bar = next(frame for frame in shown.split("\r") if f" {HELD}/200 " in frame)
    assert len(bar) == columns - 1
    last = re.sub(r"in \d+ s", "in 3 s", shown[shown.rindex("197 answers") :].replace("\r\n", "\n"))
    found = f"{bar.rstrip()}\n{last}"
    assert found in [text for language, text in BLOCKS if language == "console"], found


def until(master, text):
    """What the terminal shows until this text, or until its end."""
    shown = ""
    with suppress(OSError):  # the end of a terminal
        while text is None or text not in shown:
            more = os.read(master, 65536).decode()
            shown += more
            if not more:
                break
    return shown
