"""``local start`` whose readers are gone, full or asleep."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

from tests.cli.conftest import environment
from tests.local.api_client import Api
from tests.local.process_table import until

KEYS = {"secret_id": "AKIDmine", "secret_key": "my-secret"}
TALKS = "def main_handler(event, context):\n    print('x' * 100000)\n    return event\n"


@contextmanager
def started(folder, port, redirections="", **streams):
    """A running ``local start``, whose shell redirects its streams."""
    words = [sys.executable, "-m", "tencentserverless", "local", "start", folder, "--port", str(port)]
    words += ["--accept", "AKIDmine:my-secret"]
    with subprocess.Popen(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *words], env=environment(), **streams
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def answers(port):
    """What ten invocations return."""
    with Api(SimpleNamespace(endpoint=f"http://127.0.0.1:{port}", **KEYS)) as api:
        until(lambda: listens(api))
        return [json.loads(api.invoke("talks", number)["RetMsg"]) for number in range(10)]


def listens(api):
    try:
        api.connection.connect()
    except OSError:
        return False
    return True


@pytest.fixture
def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def talks(tmp_path):
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks" / "index.py").write_text(TALKS)
    return str(tmp_path)


@pytest.mark.parametrize("redirections", ["<&- >&- 2>&-", ">/dev/full 2>/dev/full"], ids=["closed", "full"])
def test_nobody_can_read(talks, free_port, redirections):
    """With its streams closed or full it serves, and ends with code 0 on a signal."""
    with started(talks, free_port, redirections) as process:
        assert answers(free_port) == list(range(10))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_nobody_reads(talks, free_port):
    """With pipes that are full before it starts, and that nobody reads, it serves, and ends on a signal."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, b"x" * 4096):
            pass
    os.set_blocking(writing, True)
    with started(talks, free_port, stdout=writing, stderr=writing) as process:
        os.close(writing)
        assert answers(free_port) == list(range(10))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    os.close(reading)
