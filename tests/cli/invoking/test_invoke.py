"""``invoke``."""

import json
import signal
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner

from tencentserverless._cli.commands import root
from tencentserverless.local import LocalSCF
from tests.cli.conftest import written


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A running endpoint as environment variables."""
    with LocalSCF(written(tmp_path_factory.mktemp("functions"))) as scf:
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


@pytest.mark.parametrize(
    ("code", "arguments", "variables"),
    [
        (1, ["hello", "-d", '"raise"'], {}),
        (2, ["hello", "-d", "{"], {}),
        (3, ["missing"], {}),
        (3, ["hello", "--namespace", "none"], {}),
        (3, ["hello", "--qualifier", "9"], {}),
        (3, ["hello", "--endpoint", "http://127.0.0.1:1"], {}),
        (4, ["hello"], {"TENCENTCLOUD_SECRETKEY": "wrong"}),
        (4, ["hello"], {"TENCENTCLOUD_SECRETKEY": "", "TENCENTCLOUD_SECRETID": ""}),
        (5, ["hello", "--endpoint", "nonsense://"], {}),
    ],
)
def test_exit_codes(keys, monkeypatch, code, arguments, variables):
    """The exit code says what failed: 1 the function, 2 the command line, 3 the cloud or the connection, 4 the
    credentials, 5 a setting. Nothing is on standard output."""
    for name, value in {**keys, **variables}.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(root, ["invoke", *arguments], input="")
    assert (done.exit_code, done.stdout) == (code, ""), done.stderr
    assert "ValueError: no" in done.stderr or code != 1


def test_ctrl_c_says_whether_the_function_may_run():
    """Ctrl-C while a function runs ends with 130, and says that the function may go on."""
    began, over = threading.Event(), threading.Event()

    def slow(event, context):
        began.set()
        over.wait(event)

    arguments = [sys.executable, "-m", "tencentserverless", "invoke", "slow", "-d", "60"]
    with LocalSCF() as local:
        local.deploy(slow)
        with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=local.environment()) as run:
            assert began.wait(60)
            run.send_signal(signal.SIGINT)
            assert run.wait(30) == 130
            over.set()
            assert run.stderr.read() == "Interrupted. The request was sent: the function may go on running.\n"
