"""What an instance sees of the disk where it can have mounts of its own: `/tmp` and `/opt` are as on the platform, and
so is home."""

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


class Own(NamedTuple):
    """The endpoint's own folder, and what an instance sees of it.

    stage: an empty folder in it, to make mounts in. home: is empty and the instance's own. lent: cannot be written to.
    shared: can be, by all instances.
    """

    folder: str
    stage: str
    home: str
    lent: tuple[str, ...]
    shared: tuple[str, ...] = ()


class View(NamedTuple):
    """What stays to be seen of `/tmp` and of `/opt`, because the instance needs it. None: that folder is left alone."""

    tmp: tuple[str, ...] | None = None
    opt: tuple[str, ...] | None = None

    def layers_at(self, layers: str) -> str:
        """Where an instance finds what is in the folder `layers`."""
        return layers if self.opt is None else OPT

    def mounts(self, code: str, layers: str, own: Own) -> dict[str, Any]:
        """What `namespaces.make_mounts` is to do. layers: the folder that is seen as `/opt`."""
        opt = [(place, mount_point(place, layers)) for place in self.opt or ()] + [(layers, OPT)]
        kept = [*own.lent, *own.shared]
        if self.opt is None and layers.startswith(f"{own.folder}/"):
            kept.append(layers)
        folders = [{"target": own.folder, "kept": kept, "new": [own.home]}]
        if self.tmp is not None:
            folders.append({"target": TMP, "kept": list(self.tmp), "new": []})
        return {
            "binds": [] if self.opt is None else opt,
            "cover": {"stage": own.stage, "most_bytes": TMP_BYTES, "folders": folders},
            "read_only": [*own.lent, self.layers_at(layers), code],
        }


def mount_point(place: str, layers: str) -> str:
    """Where something below `/opt` is to be mounted in the folder that is seen as `/opt`."""
    return layers + place.removeprefix(OPT)


def view_of(needed: Collection[str]) -> View:
    """The view of an instance that needs these places."""
    return View(kept(TMP, needed), kept(OPT, needed))


def kept(target: str, needed: Collection[str]) -> tuple[str, ...] | None:
    """The outermost of `needed` below the folder `target`; None where all of it is needed or it cannot be covered."""
    if target in needed or os.path.islink(target) or not os.path.isdir(target):
        return None
    found: list[str] = []
    for place in sorted(needed):
        inside = place.startswith(f"{target}/") and not any(place.startswith(f"{outer}/") for outer in found)
        if inside and os.path.exists(place):  # a link may lead nowhere
            found.append(place)
    return tuple(found)


def needed_by(folders: Iterable[str], interpreter: Interpreter, lent: Iterable[str]) -> frozenset[str]:
    """What has to stay where it is. folders: the code and the layers. lent: other places, of the endpoint."""
    places = set(_always(interpreter, tuple(lent)))
    for folder in folders:
        places.update(both(folder), _linked(folder))
    return frozenset(places)


@lru_cache(maxsize=16)
def _always(interpreter: Interpreter, lent: tuple[str, ...]) -> frozenset[str]:
    """What every function on this interpreter needs."""
    places = {*both(str(BOOTSTRAP.parent)), *_prefixes(interpreter)}
    for place in lent:
        places.update(both(place))
    return frozenset(places)


def both(place: str) -> tuple[str, str]:
    """A place, and the one that links lead to."""
    return place, os.path.realpath(place)


def _prefixes(interpreter: Interpreter) -> list[str]:
    """Where an interpreter and its library are, behind a virtual environment too."""
    return [str(Path(place).parent.parent) for place in both(interpreter.path)]


def _linked(folder: str) -> list[str]:
    """Where links in a folder lead: packages that are not copied into it."""
    with os.scandir(folder) as entries:
        return [os.path.realpath(entry.path) for entry in entries if entry.is_symlink()]
