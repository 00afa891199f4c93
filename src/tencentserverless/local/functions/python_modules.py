"""Finds the files of Python modules."""

from collections.abc import Iterable
from glob import escape
from pathlib import Path

_SUFFIXES = (".py", ".pyc", ".so", ".pyd")


def has_module(folder: Path, name: str) -> bool:
    """Whether a folder has a module or a package of this name, such as `index` or `shop/index`."""
    place = folder / name
    files = place.parent.glob(f"{escape(place.name)}.*")
    return place.is_dir() or any(file.suffix in _SUFFIXES for file in files)


def folder_with(name: str, folders: Iterable[str]) -> str | None:
    """The first of these folders that has a module of this name."""
    return next((folder for folder in folders if has_module(Path(folder), name)), None)
