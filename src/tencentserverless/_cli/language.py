"""The language of the command line's own texts: English or Simplified Chinese. Codes and names stay English."""

import os
import sys
from collections.abc import Sequence
from functools import cache
from itertools import pairwise, takewhile

ENGLISH, CHINESE = "en-US", "zh-CN"
_chosen: str | None = None


def choose(code: str | None) -> None:
    """Use the language of ``--language`` from now on."""
    global _chosen
    _chosen = code


def named_in(arguments: Sequence[str]) -> str | None:
    """The language that ``--language`` names, wherever it is. Help and mistakes are told before click reads it."""
    own = [*takewhile(lambda each: each != "--", arguments), ""]  # after "--" come the arguments of another command
    named = [value for name, value in pairwise(own) if name == "--language"]
    named += [each.removeprefix("--language=") for each in own if each.startswith("--language=")]
    return next((each for each in reversed(named) if each in (ENGLISH, CHINESE)), None)


def chosen() -> str:
    """``--language``, then TENCENTSERVERLESS_LANGUAGE, then the locale. English if Chinese cannot be shown."""
    if _chosen:
        return _chosen
    named = os.environ.get("TENCENTSERVERLESS_LANGUAGE")
    if named in (ENGLISH, CHINESE):
        return named
    return CHINESE if _is_chinese_here() and _shows_chinese(sys.stderr) else ENGLISH


def shows_chinese_help() -> bool:
    """Whether help is in Chinese: it goes to standard output, which must be able to show it."""
    return chosen() == CHINESE and _shows_chinese(sys.stdout)


def text(english: str, **values: object) -> str:
    """A message in the chosen language, with the values in the places of their names."""
    message = _catalogue().get(english, english) if chosen() == CHINESE else english
    return message.format(**values) if values else message


def joined(*sentences: str) -> str:
    """Sentences one after the other, as the language of the first one joins them."""
    return ("" if is_chinese(sentences[0]) else " ").join(filter(None, sentences))


def is_chinese(message: str) -> bool:
    """Whether a message has Chinese characters."""
    return any("\u4e00" <= character <= "\u9fff" for character in message)


@cache
def _catalogue() -> dict[str, str]:
    from tencentserverless._cli.chinese import TEXTS

    return TEXTS


def _is_chinese_here() -> bool:
    """Whether the user's language is Chinese."""
    if sys.platform == "win32":
        import ctypes

        return ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == 0x04  # the primary language
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((value for value in named if value), "").startswith("zh")


def _shows_chinese(stream: object) -> bool:
    try:
        "提示，。".encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeError:
        return False
    return True
