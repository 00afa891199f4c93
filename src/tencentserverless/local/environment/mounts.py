"""The private mounts of an instance: `/tmp`, `/opt` and the home folder are as on the platform.

Paths below `/tmp` and `/opt` that the instance needs from this machine stay visible.
"""

import os
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tencentserverless.local.processes.interpreters import Interpreter
from tencentserverless.local.processes.worker_file import BOOTSTRAP

TMP = "/tmp"  # noqa: S108  the platform's
TMP_BYTES = 512 * 1024 * 1024
OPT = "/opt"
HOSTS_FILE = "/etc/hosts"


class ScratchPaths(NamedTuple):
    """The endpoint's own folder, and the paths in it that an instance sees.

    stage: an empty folder in which mounts are prepared.
    home: the home folder. Each instance sees an empty one of its own.
    read_only: paths that instances can only read.
    shared: files that all instances can write.
    """

    folder: str
    stage: str
    home: str
    read_only: tuple[str, ...]
    shared: tuple[str, ...] = ()


class View(NamedTuple):
    """The paths below `/tmp` and `/opt` that stay visible. None: the folder of this machine is not covered."""

    tmp: tuple[str, ...] | None = None
    opt: tuple[str, ...] | None = None

    def layers_at(self, layers: str) -> str:
        """The path at which an instance sees the folder `layers`."""
        return layers if self.opt is None else OPT

    def mounts(self, code: str, layers: str, own: ScratchPaths, hosts: str = "") -> dict[str, Any]:
        """The arguments of `namespaces.make_mounts`. layers: the folder that the instance sees as `/opt`.

        hosts: the file that it sees as `/etc/hosts`, "" for that of the machine.
        """
        opt = [(path, mount_point(path, layers)) for path in self.opt or ()] + [(layers, OPT)]
        over = _over(HOSTS_FILE, hosts)
        kept = [*own.read_only, *own.shared]
        if self.opt is None and layers.startswith(f"{own.folder}/"):
            kept.append(layers)
        folders = [{"target": own.folder, "kept": kept, "new": [own.home]}]
        if self.tmp is not None:
            folders.append({"target": TMP, "kept": list(self.tmp), "new": []})
        return {
            "binds": ([] if self.opt is None else opt) + over,
            "cover": {"stage": own.stage, "most_bytes": TMP_BYTES, "folders": folders},
            "read_only": [*own.read_only, self.layers_at(layers), code, *(file for _, file in over)],
        }


def _over(target: str, path: str) -> list[tuple[str, str]]:
    """The mount of `path` over the file `target`. Without such a file there is nothing to mount over."""
    return [(path, os.path.realpath(target))] if path and os.path.exists(target) else []


def mount_point(path: str, layers: str) -> str:
    """The mount point of a path below `/opt`, in the folder that the instance sees as `/opt`."""
    return layers + path.removeprefix(OPT)


def view_of(needed: Collection[str]) -> View:
    """The view of an instance that needs these paths."""
    return View(visible_below(TMP, needed), visible_below(OPT, needed))


def visible_below(target: str, needed: Collection[str]) -> tuple[str, ...] | None:
    """The outermost paths of `needed` below `target`. None if all of it is needed, or it cannot be covered."""
    if target in needed or os.path.islink(target) or not os.path.isdir(target):
        return None
    found: list[str] = []
    for path in sorted(needed):
        inside = path.startswith(f"{target}/") and not any(path.startswith(f"{outer}/") for outer in found)
        if inside and os.path.exists(path):  # the target of a link may not exist
            found.append(path)
    return tuple(found)


def needed_paths(folders: Iterable[str], interpreter: Interpreter, own: Iterable[str]) -> frozenset[str]:
    """All paths that an instance needs. folders: its code and its layers. own: other paths, of the endpoint."""
    paths = set(_needed_always(interpreter, tuple(own)))
    for folder in folders:
        paths.update(with_target(folder), _linked(folder))
    return frozenset(paths)


@lru_cache(maxsize=16)
def _needed_always(interpreter: Interpreter, own: tuple[str, ...]) -> frozenset[str]:
    """The paths that every function with this interpreter needs."""
    paths = {*with_target(str(BOOTSTRAP.parent)), *_prefixes(interpreter)}
    for path in own:
        paths.update(with_target(path))
    return frozenset(paths)


def with_target(path: str) -> tuple[str, str]:
    """Return the path itself, and the path to which its links lead."""
    return path, os.path.realpath(path)


def _prefixes(interpreter: Interpreter) -> list[str]:
    """The folders of an interpreter and its library, also those of its virtual environment."""
    return [str(Path(path).parent.parent) for path in with_target(interpreter.path)]


def _linked(folder: str) -> list[str]:
    """The targets of links in a folder, such as packages that are not copied into it."""
    with os.scandir(folder) as entries:
        return [os.path.realpath(entry.path) for entry in entries if entry.is_symlink()]
