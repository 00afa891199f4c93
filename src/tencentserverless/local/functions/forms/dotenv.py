"""Reads `.env` files as the deploy tool does. Pure. https://github.com/motdotla/dotenv"""

import re

_LINE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*(?:=|:[ \t])[ \t]*
    ( '(?:\\'|[^'])*' | "(?:\\"|[^"])*" | `(?:\\`|[^`])*` | [^#\r\n]* )""",
    re.MULTILINE | re.VERBOSE,
)


def read(text: str) -> dict[str, str]:
    """The variables of a file. Lines that are not variables are ignored."""
    return {name: _unquoted(value.strip()) for name, value in _LINE.findall(text.replace("\r\n", "\n"))}


def _unquoted(value: str) -> str:
    if len(value) < 2 or value[0] != value[-1] or value[0] not in "'\"`":
        return value
    if value[0] == '"':
        return value[1:-1].replace("\\n", "\n").replace("\\r", "\r")
    return value[1:-1]
