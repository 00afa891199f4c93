"""The event of one invocation."""

from io import BytesIO
from types import SimpleNamespace

import click
import pytest

from tencentserverless._cli.invoking import event_text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("{", "not JSON"),
        ("NaN", "NaN is not JSON"),
        ("@/no/such/file", "No such file"),
        ("[" * 100_000, "not JSON"),
        ("{'a': 1}", "It begins with: {'a': 1}"),
        ("", "it is empty"),
        ("'{a:1}'", "may have changed the quotes"),
        ("{a:1}", "may have changed the quotes"),
        ("@", "must follow @"),
        ("@a\0b", "null"),
    ],
    ids=lambda text: text[:9],
)
def test_events_that_are_none(data, words):
    """Text that is not standard JSON is wrong use, and the message shows what was read."""
    with pytest.raises(click.BadParameter, match=words.replace("{", "\\{")):
        event_text.event_of(data)


def test_a_file_without_its_sign(tmp_path, monkeypatch):
    """The name of a file in the place of JSON is recognized; a file in another encoding than UTF-8 is refused."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ev.json").write_text('{"name": "你好"}', encoding="gbk")
    with pytest.raises(click.BadParameter, match=r"ev.json is a file: --data @ev.json"):
        event_text.event_of("ev.json")
    with pytest.raises(click.BadParameter, match=r"ev.json is not UTF-8 text"):
        event_text.event_of("@ev.json")


def test_files_as_others_name_them(tmp_path, monkeypatch):
    """The home folder can stand after the @, and @- is standard input."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "ev.json").write_text("1")
    assert event_text.event_of("@~/ev.json") == 1
    monkeypatch.setattr(event_text.sys, "stdin", SimpleNamespace(buffer=BytesIO(b"2")))
    assert event_text.event_of("@-") == 2


def test_values():
    """Every JSON value is an event."""
    assert event_text.event_of("null") is None
    assert event_text.event_of("[]") == []
