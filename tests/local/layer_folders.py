"""Folders of layers, for tests that put them together and for functions that find them."""

import os
from pathlib import Path


def write(folder, **files):
    """A folder with these modules."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def listed(folder):
    """What is below a folder: links by what they say, files by their content, folders by None."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = f"-> {os.readlink(path)}" if path.is_symlink() else path.read_text() if path.is_file() else None
    return found
