"""The page about looking back: its commands, what they print, and its pictures of a terminal."""

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
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from tencentserverless.local.invocations import record_file
from tencentserverless.local.invocations.record_file import Limits
from tests.cli.conftest import environment
from tests.cli.looking.conftest import BEGAN, made
from tests.cli.test_local_start_pictures import drained
from tests.environments import ROOT
from tests.house.test_docs import FENCE, read, written

PAGE = ROOT / "docs" / "looking-back.md"
BLOCKS = FENCE.findall(PAGE.read_text(encoding="utf-8"))
ID = "5f0c1a52-0d6e-4c3e-8b55-2f6f3a1f7c0"
START = "tencentserverless local start shop\n"
USUAL = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-01-31 14:03:07"),
    (r"14:03:07\.\d{3}", "14:03:07.112"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", f"{ID}1"),
    (r"shop-[0-9a-f]{8}", "shop-5f0c1a52"),
    (r"\bin [\d.]+ ms", "in 12 ms"),
    (r"cold start [\d.]+ ms", "cold start 65 ms"),
    (r"\d+ MB, id", "12 MB, id"),
    (r"(code bytes +)\d+", r"\g<1>100"),
    (r"^\s+[\^~]+\n", ""),  # newer Pythons mark the place in a line
    (r"\[\d frames", "[4 frames"),
)


def usual(text, folder):
    """What is printed, as it would be at another time, on another machine."""
    text = text.replace(f"{folder}/shop", "/home/me/shop").replace(f"{folder}/state", "/home/me/.local/state")
    for pattern, replacement in USUAL:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


@pytest.fixture
def start(state, tmp_path):
    """Runs `local start shop`; it is ended at the end of the test."""
    running = []

    def call():
        variables = environment(PYTEST_CURRENT_TEST="", CI="")
        command = [sys.executable, "-m", "tencentserverless", "local", "start", "shop", "--port", "0"]
        running.append(subprocess.Popen(command, cwd=tmp_path, stdout=-1, stderr=-1, text=True, env=variables))
        return running[-1], json.loads(running[-1].stdout.readline())

    yield call
    for process in running:
        process.kill()
        process.communicate()


def test_commands(start, run, tmp_path, monkeypatch):
    """The commands of the page print what it shows. The path of the records is told at the start. They stay after a
    stop, a second start and kill -9, and have no key."""
    monkeypatch.chdir(tmp_path)
    list(written(read(PAGE), tmp_path))
    process, line = None, {}
    for (language, command), (kind, shown) in pairwise([*BLOCKS, ("", "")]):
        if language != "shell":
            continue
        if command == START or ("--local" in command and process.poll() is not None):
            process, line = start()
            assert os.stat(line["records"]).st_mode & 0o777 == 0o600
        if command != START:
            code, printed, told = run(*shlex.split(command)[1:])
            assert code == (1 if "gold" in command else 0), told
            assert kind != "text" or usual(printed or told, tmp_path) == usual(shown, tmp_path), command
        if "local stop" in command:
            errors = process.communicate(timeout=20)[1]
            assert f"Records are kept for 7 days in {line['records']}" in errors
    process.kill()
    process.wait()
    assert len(run("logs", "--json")[1].splitlines()) == 4
    assert line["secret_key"].encode() not in Path(line["records"]).read_bytes()


@pytest.mark.parametrize("columns", [80, 120])
def test_pictures(tmp_path, columns):
    """A terminal shows what the page shows: bars, waiting, cold starts, a folded stretch, a failure."""
    began = 1769868187.112 - BEGAN  # 2026-01-31 14:03:07 UTC
    place = {"came": began, "ended": began + 0.861, "status": 430}
    chain = [
        made("Gateway", f"{ID}1", busy=0.454, cold=0.328, **place),
        made("Orders", f"{ID}2", f"{ID}1", came=began + 0.45, ended=began + 0.84, busy=0.085, cold=0.244, status=430),
        made("Prices", f"{ID}3", f"{ID}2", came=began + 0.78, ended=began + 0.83, busy=0.04, status=430),
        made("Mail", f"{ID}4", f"{ID}1", came=began + 0.85, ended=began + 62, busy=0.4, cold=0.12, kind="Event"),
    ]
    with closing(record_file.opened(tmp_path / "records.db")) as database:
        record_file.write(database, chain, Limits())
    found = terminal(["local", "trace", "--records", str(tmp_path / "records.db")], columns)
    assert all(len(line) <= columns for line in found.split("\n"))
    assert found in [text for language, text in BLOCKS if language == "console"], found


def terminal(arguments, columns):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    variables = environment(TERM="xterm", NO_COLOR="1", TZ="UTC")
    command = [sys.executable, "-m", "tencentserverless", *arguments]
    with subprocess.Popen(command, stdout=slave, stderr=slave, env=variables) as run:
        os.close(slave)
        text = drained(master)
        assert run.wait(60) == 0, text
    return text.replace("\r\n", "\n")
