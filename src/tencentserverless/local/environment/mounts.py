"""What the root folder of an instance has of this machine: the request to `worker/root.py`.

An instance sees the folders of this machine, and cannot write to them. The folders in `COVERED` are others there. So
paths below them that the instance needs are mounted there again.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from tencentserverless.local.environment.variables import CODE_SHOWN_AS, LAYERS_SHOWN_AS, RUNTIME_SHOWN_AS, Paths
from tencentserverless.local.processes.interpreters import Interpreter
from tencentserverless.local.processes.worker_file import BOOTSTRAP, worker_command

COVERED = ("/dev/shm", LAYERS_SHOWN_AS, "/run", "/tmp")  # noqa: S108
UNUSABLE = ("/dev", "/proc", RUNTIME_SHOWN_AS, CODE_SHOWN_AS)  # nothing of this machine can be mounted there
PROVIDED = ("sdk", "trust")  # folders in the endpoint's own folder that instances see
TERMINAL = f"{RUNTIME_SHOWN_AS}/terminal"
HOSTS_FILE = "/etc/hosts"
MOST_ENTRIES = 20_000  # a link in the code may lead to the whole disk
MOST_LINKS = 40  # as the kernel has it (path_resolution(7))
MOST_PATHS = 256  # a request to a fork server has a limit
_SKIPPED = frozenset(("__pycache__", "node_modules"))


class Root(NamedTuple):
    """What the root folder of an instance needs of this machine.

    folder: the endpoint's own folder, which the instance does not see.
    needed: paths that the instance finds where they are on this machine.
    aliases: pairs of a path and of the one at which the instance finds it, if there is nothing else.
    shared: names of files in `folder` that all instances can write.
    """

    folder: str
    needed: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def needed_of_opt(self) -> tuple[str, ...]:
        """The needed paths below `/opt`. A folder that is mounted there must have mount points for them."""
        return tuple(path for path in self.needed if is_below(path, LAYERS_SHOWN_AS))

    def request(self, code: str, layers: str, terminal: str = "", hosts: str = "", packed: str = "") -> dict[str, Any]:
        """The argument of `root.finish`.

        code: the folder of the function's code. packed: a folder that the instance sees in its place, "" for itself.
        layers: a folder with the content of its layers, "" without layers.
        terminal: the path of the terminal for pdb, "" without it.
        hosts: the file that it sees as `/etc/hosts`, "" for that of the machine.
        """
        hosts_file = os.path.realpath(HOSTS_FILE)
        if not os.path.exists(hosts_file) or any(is_below(hosts_file, folder) for folder in COVERED):
            hosts = ""  # there is nothing to mount over
        binds = [(layers, LAYERS_SHOWN_AS), (terminal, TERMINAL), (hosts, hosts_file)]
        own = set() if is_covered(code) else {code}
        return {
            "folder": CODE_SHOWN_AS,
            "code": packed or code,
            "binds": [(path, target) for path, target in binds if path],
            "code_at": sorted(own) if packed else [],
            "needed": sorted({*self.needed, *own} if not packed else {*self.needed} - own),
            "aliases": list(self.aliases),
            "hidden": [
                self.folder,
                *([CODE_SHOWN_AS + self.folder[len(code) :]] if is_below(self.folder, code) else []),
            ],
            "shared": [(f"{self.folder}/{name}", f"{RUNTIME_SHOWN_AS}/{name}") for name in self.shared],
        }


def paths_in_root(code: str, has_sdk: bool) -> Paths:
    """The paths of an instance that has a root folder."""
    return Paths(
        code=CODE_SHOWN_AS if is_covered(code) else code,
        folder=CODE_SHOWN_AS,
        home=f"{RUNTIME_SHOWN_AS}/home",
        layers=LAYERS_SHOWN_AS,
        sdk=f"{RUNTIME_SHOWN_AS}/sdk" if has_sdk else "",
        provided=RUNTIME_SHOWN_AS,
        terminal=TERMINAL,
    )


def is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def is_covered(code: str) -> bool:
    """Whether an instance cannot find its code under this path, because something else is there."""
    in_unusable = any(is_below(f"{code}/", folder) for folder in UNUSABLE)
    return code in COVERED or (in_unusable and not is_below(code, "/dev/shm"))  # noqa: S108


def needed_paths(
    code: str, layers: Iterable[str], interpreter: Interpreter, own: Iterable[str], scratch: str
) -> tuple[str, ...]:
    """The paths below `COVERED` that an instance needs, without those in others of them. This reads the disk.

    layers: the folders of its layers. own: other paths, of the endpoint. scratch: the endpoint's own folder.
    """
    paths = {*_needed_always(interpreter, tuple(own)), code}
    for folder in (code, *layers):
        for link in links_from(folder):
            paths.update(hops(link))
    found = outermost(path for path in paths if not is_below(f"{path}/", scratch))
    while len(found) > MOST_PATHS and len(fewer := _fewer(found)) < len(found):
        found = fewer
    return found


def link_aliases(code: str) -> tuple[tuple[str, str], ...]:
    """Where relative links that lead out of the code lead from `/var/user`, with their real targets."""
    found = {}
    for link in links_from(code):
        if is_below(link, code) and not os.path.isabs(text := os.readlink(link)):
            alias = os.path.normpath(os.path.join(CODE_SHOWN_AS + os.path.dirname(link)[len(code) :], text))
            if not is_below(f"{alias}/", CODE_SHOWN_AS):
                found[alias] = os.path.realpath(link)
    return tuple((path, alias) for alias, path in sorted(found.items())[:MOST_PATHS] if os.path.exists(path))


def _fewer(paths: Collection[str]) -> tuple[str, ...]:
    """Replace paths that are in one folder by the folder."""
    counts = Counter(map(os.path.dirname, paths))
    common = {folder for folder, count in counts.items() if count > 1 and folder not in COVERED}
    return outermost(os.path.dirname(path) if os.path.dirname(path) in common else path for path in paths)


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths below `COVERED` that exist, without those in others of them."""
    found: list[str] = []
    for path in sorted(set(paths)):
        is_in_covered = any(is_below(path, folder) for folder in COVERED)
        if is_in_covered and not any(is_below(path, outer) for outer in found) and os.path.exists(path):
            found.append(path)
    return tuple(found)


@lru_cache(maxsize=16)
def _needed_always(interpreter: Interpreter, own: tuple[str, ...]) -> frozenset[str]:
    """The paths that every function with this interpreter needs."""
    paths = {str(BOOTSTRAP.parent), *interpreter.folders}
    for path in (interpreter.path, worker_command(interpreter)[-1], *own):
        paths.update(hops(path))
    paths.update([os.path.dirname(hop) for hop in hops(interpreter.path)])
    return frozenset(paths)


def hops(path: str) -> Iterator[str]:
    """The path, and all paths to which it leads over links: as they are written, and without links in their folders."""
    for _ in range(MOST_LINKS):
        yield os.path.abspath(path)
        folder, name = os.path.split(path)
        path = os.path.normpath(os.path.join(os.path.realpath(folder), name))
        yield path
        if not os.path.islink(path):
            return
        path = os.path.join(os.path.dirname(path), os.readlink(path))


def links_from(folder: str) -> Iterator[str]:
    """The links in a folder, such as those to packages that are not copied into it, and the links in their targets."""
    waiting, seen, left = [folder], set[str](), MOST_ENTRIES
    while waiting and left > 0:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        with suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                left -= 1
                if entry.is_symlink():
                    yield entry.path
                    waiting.extend(_to_search(os.path.realpath(entry.path)))
                elif entry.name not in _SKIPPED and entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def _to_search(target: str) -> list[str]:
    """The target of a link if it may be searched. A folder that contains one of ours, such as `/var`, may not be."""
    is_wide = any(is_below(f"{other}/", target.rstrip("/")) for other in (*COVERED, *UNUSABLE))
    return [] if is_wide else [target]
