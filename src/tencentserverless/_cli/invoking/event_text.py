"""The event of one invocation: from ``--data``, from a file, or from standard input."""

import os
import re
import select
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from tencentserverless._cli import output
from tencentserverless._cli.language import text
from tencentserverless._protocol import strict_json

HINT = "--data"
SHOWN = 60  # characters of what was read
PATIENCE_SECONDS = 2.0
# What is left of '{"a": 1}' in cmd.exe and PowerShell.
_OTHER_QUOTES = re.compile(r"\s*('|\{\s*[\w']|\[\s*')")

data_option = click.option(
    "-d",
    "--data",
    metavar="JSON|@FILE|-",
    help="The event: JSON text, @ and a file, or - for standard input. Default: standard input if it is a pipe or a "
    "file, else no event.",
)


def event_of(data: str | None) -> Any:
    """The event of ``--data``; without this option that of standard input. None if there is no event."""
    if data is None:
        content = _piped()
        return parsed(content) if content.strip() else None
    return parsed(_text(data), data)


def parsed(content: str, given: str = "") -> Any:
    """The value of JSON text. given: the option's value, which may be the name of a file without its @."""
    try:
        return strict_json.decoded(content)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(_complaint(error, content, given), param_hint=HINT) from None


def _complaint(error: Exception, content: str, given: str) -> str:
    with suppress(OSError, ValueError):
        if given and Path(given).is_file():
            return text("{name} is a file: --data @{name}", name=given)
    if not content.strip():
        return text("it is empty, not JSON")
    complaint = text("not JSON: {reason}. It begins with: {shown}", reason=error, shown=content.strip()[:SHOWN])
    if not _OTHER_QUOTES.match(given):
        return complaint
    return f"{complaint}\n" + text("The shell may have changed the quotes. Write the event to a file: --data @FILE")


def _text(data: str) -> str:
    if data in ("-", "@-"):
        return _decoded(sys.stdin.buffer.read(), "standard input")
    if not data.startswith("@"):
        return data
    if data == "@":
        raise click.BadParameter(text("the name of a file must follow @"), param_hint=HINT)
    name = os.path.expanduser(data[1:])  # shells leave ~ after an @ as it is
    try:
        content = Path(name).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: the name has a NUL
        raise click.BadParameter(f"{name}: {getattr(error, 'strerror', error)}", param_hint=HINT) from None
    return _decoded(content, name)


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.BadParameter(text("{name} is not UTF-8 text", name=name), param_hint=HINT) from None


def _piped() -> str:
    """What is piped into standard input, or is in the file that it is; "" if it is a terminal or a device."""
    if sys.stdin is None or not _is_piped(sys.stdin):
        return ""
    if os.name == "posix" and not select.select([sys.stdin], [], [], PATIENCE_SECONDS)[0]:
        output.tell(text("This waits for the event from standard input. With </dev/null there is none."))
    return _decoded(sys.stdin.buffer.read(), "standard input")


def _is_piped(stream: Any) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)
