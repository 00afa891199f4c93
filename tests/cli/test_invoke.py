"""``invoke``."""

import json
from types import SimpleNamespace

import pytest

from tencentserverless._cli import invoke
from tencentserverless.local import LocalSCF


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


def test_who_failed(command, keys):
    """The exit code says who failed: 1 the function, 2 the use, 3 the cloud, the way or the settings."""
    failed = command("invoke", "hello", "--data", '"raise"', **keys)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "ValueError: no" in failed.stderr
    assert command("invoke", "hello", "--data", "{", **keys).returncode == 2
    assert command("invoke", "missing", **keys).returncode == 3
    assert command("invoke", "hello", "--namespace", "none", **keys).returncode == 3
    assert command("invoke", "hello", "--qualifier", "9", **keys).returncode == 3
    assert command("invoke", "hello", "--endpoint", "http://127.0.0.1:1", **keys).returncode == 3
    assert command("invoke", "hello", "--endpoint", "nonsense://", **keys).returncode == 3
    assert command("invoke", "hello").returncode == 3


@pytest.mark.parametrize("data", ["{", "NaN", "@/no/such/file", "[" * 100_000], ids=lambda data: data[:9])
def test_events_that_are_none(data):
    """What is no standard JSON is wrong use, told before anything is sent."""
    import click

    with pytest.raises(click.BadParameter):
        invoke.parse_event(data)


def test_no_data_is_no_event():
    """Without --data there is no event."""
    assert invoke.parse_event(None) is None
    assert invoke.parse_event("null") is None
    assert invoke.parse_event("[]") == []


def test_text_for_narrow_terminals(monkeypatch):
    """Characters that a terminal cannot show are escaped and end nothing."""
    stream = SimpleNamespace(encoding="ascii")
    shown = []
    monkeypatch.setattr(invoke.click, "echo", lambda text, file: shown.append((text, file)))
    invoke._print("ü\ud800", stream)
    assert shown == [("\\xfc\\ud800", stream)]
