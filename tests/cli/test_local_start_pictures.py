"""The pictures of a terminal on the page about the local endpoint, compared with a terminal."""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.conftest import environment
from tests.environments import ROOT
from tests.house.test_docs import FENCE, read
from tests.local.api_client import Api

PAGE = ROOT / "docs" / "local-endpoint.md"
SHOWN = "/home/me/shop"
STATE = "/home/me/.local/state"
CLIENT = ROOT / "src" / "tencentserverless"


@pytest.fixture
def shop():
    """The folder of the functions on the page. Its path is short, so that the table fits. The callers have the SDK."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="s") as name:
        for path, text in read(PAGE).files.items():
            if path.startswith("shop/"):
                file = Path(name, path.removeprefix("shop/"))
                file.parent.mkdir(parents=True)
                file.write_text(text, encoding="utf-8")
        for caller in ("Gateway", "Orders"):
            shutil.copytree(CLIENT, Path(name, caller, CLIENT.name), ignore=shutil.ignore_patterns("local", "_cli"))
            Path(name, caller, "tencentcloud.py").touch()  # so that it is not lent either
        yield name


def picture(folder, columns, act, **variables):
    """What a terminal of so many columns shows of `local start` while `act(api)` uses it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    variables.update(PYTEST_CURRENT_TEST="", CI="", XDG_STATE_HOME=f"{folder}/state")  # as if a person had typed it
    command = [sys.executable, "-m", "tencentserverless", "local", "start", folder, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=slave, text=True, env=environment(**variables)
    ) as run:
        os.close(slave)
        with Api(SimpleNamespace(**json.loads(run.stdout.readline()))) as api:
            act(api)
        run.terminate()
        run.wait()
        text = drained(master)
    return text.replace("\r\n", "\n")


def drained(master):
    data = b""
    with suppress(OSError):  # the end of a terminal
        while select.select([master], [], [], 20)[0]:
            more = os.read(master, 65536)
            if not more:
                break
            data += more
    os.close(master)
    return data.decode()


def normalized(text, folder):
    """The picture as it would be on another day and another machine."""
    numbers = iter(range(112, 1000))
    for pattern, usual in (
        (rf"{re.escape(folder)}/state/\S+", f"{STATE}/tencentserverless/records/shop-5f0c1a52/records.db"),
        (re.escape(folder), SHOWN),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:9000"),
        (r"(SECRETID=)\S+", r"\1AKID..."),
        (r"(SECRETKEY=)\S+", r"\1..."),
        (r"\bin [\d.]+ ms", "in 12 ms"),
        (r"cold start [\d.]+ ms", "cold start 65 ms"),
        (r"\d+ MB(?=,?$|, id)", "12 MB"),
        (r"\bid [0-9a-f-]{36}$", "id 62ad5a0e-2f4d-4c83-9a55-0f6f4b0a7c11"),
        (r"^\s+[\^~]+\n", ""),  # newer Pythons mark the place in a line
    ):
        text = re.sub(pattern, usual, text, flags=re.MULTILINE)
    return re.sub(r"\d\d:\d\d:\d\d\.\d{3}", lambda _: f"14:03:07.{next(numbers)}", text)


def sell(api):
    for sku in ("tea", "gold"):
        api.invoke("Gateway", {"sku": sku})
    for _ in range(20):
        api("Invoke", FunctionName="Price")


@pytest.mark.parametrize(("columns", "variables"), [(80, {"NO_COLOR": "1"}), (120, {})])
def test_pictures(shop, columns, variables):
    """A terminal shows what the page shows, in colours unless NO_COLOR is set."""
    shown = picture(shop, columns, sell, TERM="xterm", **variables)
    assert ("\x1b[32mok\x1b[0m" in shown) is not bool(variables)
    found = normalized(re.sub(r"\x1b\[\d+m", "", shown), shop)
    pictures = [text for language, text in FENCE.findall(PAGE.read_text(encoding="utf-8")) if language == "console"]
    assert found in pictures, found
    assert all(len(line) <= columns for line in found.split("\n") if "/me/" not in line)  # a path stays whole
