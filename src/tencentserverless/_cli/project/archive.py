"""Writes the zip of a function: the same files give the same bytes."""

import os
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can have
_TEXT_MODE, _PROGRAM_MODE = 0o644, 0o755
BOOTSTRAP = "scf_bootstrap"  # the platform starts it, so it has to be a program, also if it comes from Windows

# What a function never needs. `.env` files often have keys.
LEFT_OUT = (
    *(".git", ".hg", ".svn", ".venv", "venv", "__pycache__", "*.pyc", ".env", ".env.*", ".idea", ".vscode"),
    *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".tox", ".serverless", ".DS_Store", "Thumbs.db"),
)
# What pip writes for itself: programs for the machine that packs, and lists that name them.
OF_PIP = ("bin", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED", "*.dist-info/direct_url.json")


def files_in(folder: Path, left_out: Iterable[str]) -> dict[str, Path]:
    """The files of a folder, by their names in the zip. Links are followed, but not into a folder above themselves.

    left_out: patterns of names, or of paths from the folder on.
    """
    return dict(_walk(folder, "", tuple(left_out), frozenset()))


def _walk(folder: Path, prefix: str, left_out: tuple[str, ...], above: frozenset[str]) -> Iterator[tuple[str, Path]]:
    real = os.path.realpath(folder)
    if real in above:
        return
    for path in sorted(folder.iterdir()):
        name = prefix + path.name
        if any(fnmatch(path.name, pattern) or fnmatch(name, pattern) for pattern in left_out):
            continue
        if path.is_dir():
            yield from _walk(path, f"{name}/", left_out, above | {real})
        elif path.is_file():  # pipes, sockets and links that lead nowhere are left out
            yield name, path


def write(target: Path, files: Mapping[str, Path]) -> None:
    """Write a zip. It appears under its name when it is complete. Raises OSError."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name in sorted(files):
                archive.writestr(_entry(name, files[name]), files[name].read_bytes())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _entry(name: str, path: Path) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.create_system = 3  # Unix, on every system
    is_program = path.stat().st_mode & stat.S_IXUSR or name == BOOTSTRAP
    entry.external_attr = (stat.S_IFREG | (_PROGRAM_MODE if is_program else _TEXT_MODE)) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
