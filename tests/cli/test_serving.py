"""What the verbs of the local endpoint share."""

import io
import sys

import click
import pytest

from tencentserverless._cli import serving
from tencentserverless.local.model.invocation import Outcome
from tests.local.factories import record


def test_wrong_pairs_are_not_repeated():
    """A malformed --accept is a usage error that does not print the text, which may be a secret."""
    with pytest.raises(click.BadParameter) as caught:
        serving.make_endpoint(["x"], 0, None, accept=["AKIDsecret"])
    assert "AKIDsecret" not in caught.value.format_message()


@pytest.mark.parametrize("content", [b"AKIDx:k\nAKIDsecret\n", "AKIDsecret:k".encode("utf-16"), None])
def test_wrong_files_of_pairs_are_not_repeated(tmp_path, content):
    """A file of pairs that is malformed, of another encoding or missing is a usage error without its text."""
    path = tmp_path / "pairs"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(click.BadParameter) as caught:
        serving.make_endpoint(["x"], 0, None, accept=[f"@{path}"])
    assert "AKIDsecret" not in caught.value.format_message()


def test_logs_go_to_stderr(capsys):
    """The log of an invocation is headed by the function's name, lone surrogates in it or not."""
    serving.log(record(Outcome(200, "1", output="\ud800 ü\n")))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("── hello · ap-guangzhou\nSTART RequestId:")
    assert "\\ud800 ü\n" in captured.err


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "A → B × 2 名"),
        ("gbk", "A → B × 2 名"),
        ("cp1252", "A -> B × 2 \\u540d"),
    ],
)
def test_characters_that_a_terminal_lacks(monkeypatch, encoding, shown):
    """What is printed suits the encoding of the terminal: GBK has all our characters, others get plainer ones."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding, errors="backslashreplace", newline="")
    monkeypatch.setattr(sys, "stderr", stream)
    serving.say("A → B × 2 名")
    stream.flush()
    assert stream.buffer.getvalue().decode(encoding).rstrip("\r\n") == shown


def test_signals_reach_their_action():
    """An action is called with the signal's number, also if that was blocked; names of no signal are passed over."""
    import os
    import signal

    before = signal.getsignal(signal.SIGUSR1)
    seen = []
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        serving.on_signals(seen.append, "SIGUSR1", "SIGNOTHING")
        os.kill(os.getpid(), signal.SIGUSR1)
        assert seen == [signal.SIGUSR1]
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("text", ["x", "=x", "x="])
def test_wrong_layers(text):
    """A --layer that is not NAME=FOLDER is a usage error."""
    with pytest.raises(click.BadParameter, match="must be NAME=FOLDER"):
        serving.make_endpoint(["x"], 0, None, layers=[text])


def test_a_store_that_cannot_be_is_a_usage_error(tmp_path):
    """What prevents the records is one line, before anything is served."""
    with pytest.raises(click.UsageError, match="No such file or directory"):
        serving.start_endpoint([], 0, None, records=tmp_path / "no" / "x.db")


def test_settings_of_functions(tmp_path):
    """--env-file and --env give variables, the latter win; wrong ones and wrong values are usage errors."""
    file = tmp_path / "more.env"
    file.write_text("\ufeffA=file\nB='of the file'\n", encoding="utf-8")
    scf = serving.make_endpoint(["x"], 0, None, env=["A=b=c"], env_files=[str(file)], name="sign", timeout=60)
    given = scf._options.overrides
    assert (given.environment, given.name, given.timeout) == ({"A": "b=c", "B": "of the file"}, "sign", 60)
    for wrong in ({"env": ["A"]}, {"env_files": ["/missing"]}, {"memory_mb": 1}, {"env": ["SCF_A=1"]}):
        with pytest.raises(click.UsageError):
            serving.make_endpoint(["x"], 0, None, **wrong)
