"""Running local endpoints, for a second terminal. Each `local start` leaves a file that says how to use it.

The file counts while its endpoint holds the lock on it. The system releases the lock when the process ends, however it
ends. Only the user can read the file, because it has the keys.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tencentserverless._cli.language import text

if TYPE_CHECKING:
    from tencentserverless.local import LocalSCF

_NAME = "tencentserverless"
_LOCKED_BYTE = 1 << 30  # Windows: behind the text, because nobody else can read a locked byte


@dataclass(frozen=True)
class Running:
    """A running endpoint.

    machine: where its address and its process id have a meaning, see `_machine`. records: the file of its records.
    """

    endpoint: str
    secret_id: str
    secret_key: str = field(repr=False)
    ca_file: str
    bundle: str
    pid: int
    folders: tuple[str, ...]
    machine: str
    records: str = ""

    def __str__(self) -> str:
        folders = ", ".join(self.folders)
        return text(
            "{endpoint} (process {pid}) serves {folders}", endpoint=self.endpoint, pid=self.pid, folders=folders
        )

    def nearness(self, folder: Path) -> int:
        """How near its folders are to `folder`: more for one that is it or contains it, 1 for one in it, 0 for none."""
        return max(_nearness(Path(served), folder) for served in self.folders) if self.folders else 0


def _nearness(served: Path, folder: Path) -> int:
    if folder.is_relative_to(served):
        return 1 + len(served.parts)
    return int(served.is_relative_to(folder))


class SeveralRunningError(Exception):
    """Several endpoints run, and none of them is the one for this folder."""

    def __init__(self, running: Sequence[Running]) -> None:
        rows = "".join(f"\n  {each}" for each in running)
        message = text(
            "Several local endpoints run. Go to a folder that only one serves, or stop all: local stop --all"
        )
        super().__init__(message + rows)


@contextmanager
def announced(scf: "LocalSCF", paths: Sequence[str], notify: Callable[[str], None]) -> Iterator[None]:
    """Leave the file of an endpoint while the block runs. If it cannot be written, there is a notice."""
    told = Running(
        endpoint=scf.endpoint,
        secret_id=scf.secret_id,
        secret_key=scf.secret_key,
        ca_file=scf.ca_file,
        bundle=scf.bundle,
        pid=os.getpid(),
        folders=tuple(str(Path(path).resolve()) for path in paths),
        machine=_machine(),
        records=scf.records_file,
    )
    try:
        descriptor, path = _written(json.dumps(asdict(told)).encode())
    except OSError as error:
        notify(f"--local does not find this endpoint in other terminals: {error}")
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)
        with suppress(OSError):
            path.unlink(missing_ok=True)  # Windows: not before it is closed
        all_running()  # removes the files of those that were killed


def _written(content: bytes) -> tuple[int, Path]:
    """A new file with this content, and its descriptor, which holds the lock."""
    name = f"{os.getpid()}-{os.urandom(4).hex()}"
    failure = OSError("the user does not have a home folder")
    for folder in _folders():
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)
            descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            failure = error
            continue
        os.write(descriptor, content)
        is_unlocked(descriptor, keep=True)
        path = (folder / name).rename(folder / f"{name}.json")  # locked before it has a name that is looked for
        return descriptor, path
    raise failure


def _folders() -> list[Path]:
    """Where the files may be: the user's runtime folder, then the user's state folder."""
    if sys.platform == "win32":
        return [state_folder()]
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    found = [*([runtime / _NAME] if runtime.is_dir() else []), state_folder()]
    return [folder for folder in found if folder.is_absolute()]


def state_folder() -> Path:
    """The folder of this package for files that outlive a restart of the machine."""
    home = os.path.expanduser("~")  # "~" itself if the user does not have a home folder; `Path.home` would raise
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home) / _NAME
    return Path(os.environ.get("XDG_STATE_HOME") or os.path.join(home, ".local", "state")) / _NAME


def write_whole(path: Path, text: str) -> None:
    """Replace a file at once. If it is a link, the link is replaced."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    temporary.replace(path)


def all_running() -> list[Running]:
    """The endpoints of this user that run on this machine. Files of endpoints that have ended are removed."""
    found = (_read(path) for folder in _folders() if _is_private(folder) for path in sorted(folder.glob("*.json")))
    return [each for each in found if each is not None and each.machine == _machine()]


def _is_private(folder: Path) -> bool:
    """Whether only this user can have written there."""
    try:
        status = folder.stat()
    except OSError:
        return False
    return sys.platform == "win32" or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


def _read(path: Path) -> Running | None:
    try:
        with path.open("rb") as file:
            content = file.read()
            has_ended = is_unlocked(file.fileno())
        if has_ended:
            path.unlink()
            return None
        told: dict[str, Any] = json.loads(content)
        return Running(**{**told, "folders": tuple(told["folders"])})
    except (OSError, ValueError, TypeError, KeyError):  # it has just ended, or it is of another version
        return None


def _machine() -> str:
    """The name of this machine, and on Linux its process namespace: containers may share a home folder."""
    namespace = ""
    with suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
    name = os.environ.get("COMPUTERNAME", "") if sys.platform == "win32" else os.uname().nodename
    return f"{name} {namespace}"


def the_running(folder: Path | None = None) -> Running | None:
    """The running endpoint, of several the one that is nearest to `folder`. None if none runs.

    folder: by default the current one. Raises `SeveralRunningError` if there is not one that is nearest.
    """
    running = all_running()
    if len(running) < 2:
        return running[0] if running else None
    here = folder or Path.cwd()
    ranked = sorted(((each.nearness(here), each) for each in running), key=lambda pair: -pair[0])
    (best, nearest), (second, _) = ranked[:2]
    if best == second:
        raise SeveralRunningError(running)
    return nearest


def is_unlocked(descriptor: int, keep: bool = False) -> bool:
    """Whether no other process keeps a lock on this file. keep: whether this process keeps it from now on."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_NB | (fcntl.LOCK_EX if keep else fcntl.LOCK_SH))
    except OSError:
        return False
    return True
