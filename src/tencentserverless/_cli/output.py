"""Writes to standard output and standard error. Standard output gets data only; `write` and `write_json` write it.

Characters that the encoding of a stream lacks are escaped as in JSON, so JSON stays JSON everywhere.
"""

import codecs
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import click

from tencentserverless._cli import language

_PLAIN = {"→": "->", "×": "x"}
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class NotWrittenError(Exception):
    """Standard output cannot be written: it is closed, or its disk is full."""


class ReaderGoneError(NotWrittenError):
    """The program that read standard output has ended, as `head` does."""


class FilePath(click.Path):
    """The type of an option that names a file. "", as of a variable of the shell that is not set, is wrong use."""

    def __init__(self, **options: Any) -> None:
        super().__init__(dir_okay=False, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(value, param, ctx) if value else self.fail(language.text("it is empty"), param, ctx)


def options(command: Decorated) -> Decorated:
    """Add the options that every verb has. ``--json`` is the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")(
        language_option(command)
    )


language_option = click.option(
    "--language",
    type=click.Choice((language.CHINESE, language.ENGLISH)),
    expose_value=False,  # `Root.main` has chosen it
    help="The language of messages. Default: TENCENTSERVERLESS_LANGUAGE, then that of the system.",
)


@contextmanager
def until_the_reader_goes() -> Iterator[None]:
    """End the block quietly if the program that reads standard output has ended: it has what it wanted."""
    with suppress(ReaderGoneError):
        yield


def columns(stream: Any = None) -> int:
    """The width of the terminal that a stream is, by default standard output.

    A file has no width, so nothing is wrapped in it.
    """
    with suppress(AttributeError, OSError, ValueError):  # it may be closed
        return os.get_terminal_size((stream or sys.stdout).fileno()).columns or 80
    return 10_000


def has_colours(stream: Any = None) -> bool:
    """Whether a stream, by default standard output, is a terminal whose colours are wanted. https://no-color.org"""
    stream = stream or sys.stdout
    is_wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return is_wanted and stream is not None and stream.isatty()


def write(text: str) -> None:
    """Write text and a line feed to standard output. Raises NotWrittenError."""
    _write(text, _encoding(sys.stdout))


def write_shown(text: str) -> None:
    """Write text for people, in which signs of our own that the terminal lacks are replaced. Raises NotWrittenError."""
    write(plain(text, sys.stdout))


def plain(text: str, stream: Any) -> str:
    """Text in which signs of our own that a stream lacks are replaced."""
    encoding = _encoding(stream)
    return "".join(each if _has(each, encoding) else _PLAIN.get(each, each) for each in text)


def _has(character: str, encoding: str) -> bool:
    return character.isascii() or character not in _PLAIN or character.encode(encoding, "ignore") != b""


def write_json(value: Any) -> None:
    """Write a value as one line of JSON to standard output. Raises NotWrittenError."""
    import json

    write_json_text(json.dumps(value, ensure_ascii=False))


def write_json_text(text: str) -> None:
    """Write a line of JSON to standard output. If it is a pipe whose encoding is not UTF-8, the line is ASCII: the
    program that reads it cannot know the encoding."""
    encoding = _encoding(sys.stdout)
    is_read_by_people = sys.stdout is not None and sys.stdout.isatty()
    _write(text, encoding if is_read_by_people or codecs.lookup(encoding).name == "utf-8" else "ascii")


def _write(text: str, encoding: str) -> None:
    if sys.stdout is None:
        raise NotWrittenError("cannot write to standard output: it is closed")
    try:
        _send(text.encode(encoding, "as-in-json") + b"\n", sys.stdout)
    except BrokenPipeError as error:
        raise ReaderGoneError(f"cannot write to standard output: {error.strerror}") from None
    except (OSError, ValueError) as error:  # ValueError: it is closed
        reason = error.strerror if isinstance(error, OSError) else error
        raise NotWrittenError(f"cannot write to standard output: {reason}") from None


def tell(text: str) -> None:
    """Write a notice to standard error, if that is possible: it may be missing, closed or full."""
    with suppress(OSError, ValueError, AttributeError):
        _send(text.encode(_encoding(sys.stderr), "as-in-json") + b"\n", sys.stderr)


def _encoding(stream: Any) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _send(data: bytes, stream: Any) -> None:
    """Write all bytes. The process's own streams are written without Python's buffer, which would try again at the
    end of the program what has failed here."""
    if stream not in (sys.__stdout__, sys.__stderr__) or os.name == "nt":
        stream.write(data.decode(_encoding(stream)))
        stream.flush()
        return
    while data:
        try:
            data = data[os.write(stream.fileno(), data) :]
        except BlockingIOError:  # another program has made it non-blocking
            import select

            select.select([], [stream.fileno()], [])


def _as_in_json(error: UnicodeError) -> tuple[str, int]:
    import json

    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    return json.dumps(text)[1:-1], error.end


codecs.register_error("as-in-json", _as_in_json)
