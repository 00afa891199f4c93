"""The files that the deploy tool puts into the zip of a function: without excluded ones, with those of other folders.

Patterns are those of https://github.com/isaacs/minimatch with the options `dot` and `nocase`, as the tool uses them.
"""

import os
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from tencentserverless.local.model.function import Included, Packing

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]/]+\]|\{[^{}]*\}|.", re.DOTALL)
_UNUSED = frozenset((".git", ".gitignore", ".serverless", "__pycache__", "node_modules"))
_MAGIC = re.compile(r"[*?{\[]")


def files(code: Path, packing: Packing) -> dict[str, Path]:
    """The files by their names in the zip."""
    found = {name: path for name, path, is_in in _walk_code(code, packing) if is_in}
    for each in packing.included:
        found.update(_of_included(each))
    return found


def has_effect(code: Path, packing: Packing) -> bool:
    """Whether a function can see a difference between the folder and the zip."""
    left_out = (path for _, path, is_in in _walk_code(code, packing) if not is_in)
    return bool(packing.included) or any(path.name not in _UNUSED for path in left_out)


def included(base: Path, source: str, prefix: str) -> Included:
    """A file, a folder or a pattern that is added. source: relative to `base`.

    prefix: where its files are, from the first folder of `source` on: with ``../`` those of ``./lib`` are at the top.
    """
    parts = posixpath.normpath(source.replace("\\", "/")).split("/")
    magic = next((number for number, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    static, pattern = parts[:magic], "/".join(parts[magic:])
    name = "/".join(static)
    if prefix:
        name = posixpath.normpath("/".join([static[0] if static else "", prefix, *static[1:]]))
    path = Path(os.path.normpath(base / "/".join(static)))
    return Included(path, _below_top(name), pattern or "**", path if path.is_dir() else path.parent)


def _below_top(name: str) -> str:
    """The name of a file of the zip. Names that lead out of it lose that part, as in programs that unpack."""
    return "/".join(part for part in name.split("/") if part not in ("", ".", ".."))


def _of_included(each: Included) -> Iterator[tuple[str, Path]]:
    if each.source.is_file():
        yield each.name, each.source
        return
    for name, path, _ in _walk(each.source, "", "", Packing(each.source), frozenset()):
        if _matches(name, (each.pattern,)):
            yield posixpath.join(each.name, name), path


def _walk_code(code: Path, packing: Packing) -> Iterator[tuple[str, Path, bool]]:
    inside = os.path.relpath(code, packing.base).replace(os.sep, "/")
    return _walk(code, "", "" if inside in ("", ".") else f"{inside}/", packing, frozenset())


def _walk(
    folder: Path, name: str, prefix: str, packing: Packing, above: frozenset[str]
) -> Iterator[tuple[str, Path, bool]]:
    """The files below a folder, and whether they are in the zip; of a folder that is not, the folder alone.

    Links are followed, but not into a folder above themselves.
    """
    real = os.path.realpath(folder)
    if real in above:
        return
    for entry in _entries(folder):
        path = f"{name}{entry.name}"
        is_in = not _matches(prefix + path, packing.excluded)
        if entry.is_dir() and (is_in or packing.kept):
            yield from _walk(Path(entry.path), f"{path}/", prefix, packing, above | {real})
        elif entry.is_file() or entry.is_dir():
            yield path, Path(entry.path), is_in or (entry.is_file() and _matches(prefix + path, packing.kept))


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


@lru_cache(256)
def _compiled(patterns: tuple[str, ...]) -> "re.Pattern[str]":
    texts = [_expression(pattern.removeprefix("./").rstrip("/")) for pattern in patterns]
    return re.compile("|".join(texts), re.IGNORECASE)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    pattern = _compiled(patterns) if patterns else None
    return pattern is not None and pattern.fullmatch(name) is not None


def _expression(pattern: str) -> str:
    return "".join(_part(token) for token in _TOKEN.findall(pattern))


def _part(token: str) -> str:
    if token == "**/":
        return "(?:[^/]+/)*"
    if token in ("**", "*", "?"):
        return {"**": ".*", "*": "[^/]*", "?": "[^/]"}[token]
    if token.startswith("[") and len(token) > 1:
        negated = token[1] in "!^"
        return f"[{'^' if negated else ''}{re.escape(token[1 + negated : -1]).replace(chr(92) + '-', '-')}]"
    if token.startswith("{") and len(token) > 1:
        return f"(?:{'|'.join(map(_expression, token[1:-1].split(',')))})"
    return re.escape(token)
