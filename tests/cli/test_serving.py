"""What the verbs of the local endpoint share."""

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


def test_signals_reach_their_action():
    """An action is called with the signal's number; names that the system lacks are passed over."""
    import os
    import signal

    before = signal.getsignal(signal.SIGUSR1)
    seen = []
    try:
        serving.on_signals(seen.append, "SIGUSR1", "SIGNOTHING")
        os.kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [signal.SIGUSR1]


@pytest.mark.parametrize("text", ["x", "=x", "x="])
def test_wrong_layers(text):
    """A --layer that is not NAME=FOLDER is a usage error."""
    with pytest.raises(click.BadParameter, match="must be NAME=FOLDER"):
        serving.make_endpoint(["x"], 0, None, layers=[text])


def test_a_store_that_cannot_be_is_a_usage_error(tmp_path):
    """What prevents the records is one line, before anything is served."""
    with pytest.raises(click.UsageError, match="unable to open"):
        serving.start_endpoint([], 0, None, records=tmp_path / "no" / "x.db")
