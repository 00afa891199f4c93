"""Variables of the environment, looked up fast. Nothing else in the client reads `os.environ`."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

_system_environ = os.environ
_table = getattr(os.environ, "_data", None)  # the dict behind it, by encoded name
_encoded: "Dict[str, Any]" = {}


def environment(name: str) -> "Optional[str]":
    """A variable of the environment, as `bare` text; None if it is not set.

    Most of the variables that an invocation looks up are not set. `os.environ.get` raises and catches a KeyError for
    each of these, which takes 5 % of the time of an invocation. So look into the dict behind it first. The environment
    is not held in a variable, because tools show the variables of a traceback.
    """
    if os.environ is _system_environ and _table is not None:
        key = _encoded.get(name)
        if key is None:
            key = _encoded[name] = os.environ.encodekey(name)
        if key not in _table:
            return None
    value = os.environ.get(name)
    return None if value is None else bare(value)


def bare(text: str) -> str:
    """The text without blanks around it, a byte order mark before it, and a pair of quotes. Files of variables are
    written with quotes and with Windows' line ends, and many programs that read them, such as `docker run --env-file`,
    keep both."""
    text = text.lstrip("\ufeff").strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
