"""``invoke``."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tests.cli.conftest import environment


@pytest.fixture
def keys(functions):
    """A running endpoint as environment variables."""
    with LocalSCF(functions) as scf:
        yield {
            "TENCENTSERVERLESS_ENDPOINT": scf.endpoint,
            "TENCENTCLOUD_SECRETID": scf.secret_id,
            "TENCENTCLOUD_SECRETKEY": scf.secret_key,
        }


def test_a_result_alone_on_stdout(command, keys):
    """The result is on standard output, and the log tail, where it is asked for, on standard error."""
    done = command("invoke", "hello", "--data", '"你好"', "--region", "ap-chengdu", "--log-tail", **keys)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"event": "你好", "region": "ap-chengdu"}
    assert done.stderr.startswith("START RequestId: ")
    assert "\nprinted\n" in done.stderr


def test_data_from_files_and_stdin(command, keys, tmp_path):
    """The event may be in a file or come in on standard input."""
    (tmp_path / "event.json").write_text('\ufeff{"a": 1}', encoding="utf-8")
    done = command("invoke", "hello", "--data", f"@{tmp_path / 'event.json'}", **keys)
    assert json.loads(done.stdout)["event"] == {"a": 1}
    done = command("invoke", "hello", "--data", "-", text="[1]", **keys)
    assert json.loads(done.stdout)["event"] == [1]


def test_a_piped_event_and_all_that_is_known(command, keys):
    """Without --data a piped event is sent; --json prints the value and the figures, --pretty several lines, and
    --type Event the request id."""
    done = command("invoke", "hello", "--json", "--log", text='{"a": 1}', **keys)
    found = json.loads(done.stdout)
    assert (found["value"]["event"], found["duration_ms"] > 0, "printed" in found["log_tail"]) == ({"a": 1}, True, True)
    done = command("invoke", "hello", "--pretty", "-d", "[]", **keys)
    assert (done.stdout.count("\n"), json.loads(done.stdout)["event"]) == (4, [])
    done = command("invoke", "hello", "--type", "Event", text="", **keys)
    assert len(json.loads(done.stdout)["request_id"]) == 36


def test_exit_codes(command, keys):
    """The exit code says what failed: 1 the function, 2 the command line, 3 the cloud or the connection, 4 the
    credentials, 5 a setting."""
    failed = command("invoke", "hello", "--data", '"raise"', **keys)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "ValueError: no" in failed.stderr
    assert command("invoke", "hello", "--data", "{", **keys).returncode == 2
    for name, *options in (
        ("missing",),
        ("hello", "--namespace", "none"),
        ("hello", "--qualifier", "9"),
        ("hello", "--endpoint", "http://127.0.0.1:1"),
    ):
        assert command("invoke", name, *options, text="", **keys).returncode == 3
    assert command("invoke", "hello", text="").returncode == 4
    assert command("invoke", "hello", text="", **{**keys, "TENCENTCLOUD_SECRETKEY": "wrong"}).returncode == 4
    assert command("invoke", "hello", "--endpoint", "nonsense://", text="", **keys).returncode == 5


def test_ctrl_c_says_whether_the_function_may_run(functions, keys):
    """Ctrl-C while a function runs ends with 130, and says that the function may go on."""
    slow = Path(functions, "slow")
    slow.mkdir()
    pipe = str(slow / "began")
    os.mkfifo(pipe)
    code = f"import time\ndef main_handler(event, context):\n    open({pipe!r}, 'w').close()\n    time.sleep(60)\n"
    (slow / "index.py").write_text(code)
    arguments = [sys.executable, "-m", "tencentserverless", "invoke", "slow", "-d", "1"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=environment(**keys)) as run:
        with open(pipe):
            run.send_signal(signal.SIGINT)
        assert run.wait(30) == 130
        assert run.stderr.read() == "Interrupted. The request was sent: the function may go on running.\n"
