"""The files with the records of `local start`: one for each project, in the user's state folder.

A project is the folders that an endpoint serves. Its folder has the records, and a file that names the project.
"""

import json
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from tencentserverless._cli import running
from tencentserverless._cli.language import text
from tencentserverless._cli.running import Running

MOST_RECORDS = 100_000
KEPT_SECONDS = 7 * 24 * 3600.0
_RECORDS, _PROJECT = "records.db", "project.json"
# Set by services that run tests, and by pytest: records of tests would hide those of the user.
_NOT_BY_HAND = ("CI", "PYTEST_CURRENT_TEST")
_NAME_CHARACTERS = 40


class Source(NamedTuple):
    """A file of records. running: the endpoint that writes it, None if none does."""

    path: Path
    running: Running | None


def options_for(
    paths: Sequence[str], file: str | None, *, is_wanted: bool, notify: Callable[[str], None]
) -> dict[str, Any]:
    """The arguments of `LocalSCF` for the records of `local start`.

    file: the file that the user names. Without it the project's own is used, unless this runs in a test. If that
    cannot be used, there is a notice.
    """
    is_by_hand = not any(os.environ.get(name) for name in _NOT_BY_HAND)
    if file is None and is_wanted and is_by_hand:
        file = _own_file(paths, notify)
    if file is None or not is_wanted:
        return {}
    return {"records": file, "most_records": MOST_RECORDS, "record_seconds": KEPT_SECONDS}


def _own_file(paths: Sequence[str], notify: Callable[[str], None]) -> str | None:
    try:
        return str(_prepared([os.path.realpath(path) for path in paths]))
    except (OSError, ValueError) as error:
        notify(text("Records of invocations are not kept, because their file cannot be used: {error}", error=error))
        return None


def _prepared(folders: Sequence[str]) -> Path:
    """Create the folder of a project, check its file, and return that. Raises OSError and ValueError."""
    from tencentserverless.local.invocations.records import Records

    home = _home()
    if not home.is_absolute():
        raise ValueError("the user does not have a home folder")
    folder = home / _key(folders)
    for each in (home.parent, home, folder):
        each.mkdir(0o700, parents=True, exist_ok=True)
    for each in (home, folder):
        _make_private(each)
    _remove_old()
    running.write_whole(folder / _PROJECT, json.dumps({"folders": folders}))
    path = folder / _RECORDS
    if path.is_symlink():
        raise ValueError(f"{path} is a link")
    Records(lambda: path, lambda _: None).check()
    return path


def _home() -> Path:
    return running.state_folder() / "records"


def _key(folders: Sequence[str]) -> str:
    """The name of a project's folder: that of its first folder, and a digest of all."""
    digest = sha256("\0".join(sorted(folders)).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(folders[0]).name)[:_NAME_CHARACTERS].strip("-.")
    return f"{name}-{digest}" if name else digest


def _make_private(folder: Path) -> None:
    """Let only this user into a folder. Raises ValueError if it is a link, or belongs to somebody else."""
    status = folder.lstat()
    is_own = sys.platform == "win32" or status.st_uid == os.getuid()
    if not (stat.S_ISDIR(status.st_mode) and is_own):
        raise ValueError(f"{folder} is not a folder of this user")
    folder.chmod(0o700)


def _remove_old() -> None:
    """Remove the folders of projects that nothing was recorded for lately."""
    used = {Path(each.records).parent for each in running.all_running() if each.records}
    for folder in _home().iterdir():
        with suppress(OSError):
            if folder not in used and _last_written(folder) < time.time() - KEPT_SECONDS:
                shutil.rmtree(folder)


def _last_written(folder: Path) -> float:
    """The time when the records of a project, or at least its folder, were written."""
    with suppress(FileNotFoundError):
        return (folder / _RECORDS).stat().st_mtime
    return folder.lstat().st_mtime


def find(file: str | None = None, folder: Path | None = None) -> Source | None:
    """The file of records to read. None if there is none. Raises `SeveralRunningError`.

    It is the one that the user names, else that of the running endpoint, else the newest one of a project in or below
    `folder` (by default the current one), else that of the nearest project above.
    """
    if file is not None:
        path = Path(file)
        writers = [each for each in running.all_running() if each.records and _is_same(Path(each.records), path)]
        return Source(path, writers[0] if writers else None)
    found = running.the_running()
    if found is not None and found.records:
        return Source(Path(found.records), found)
    newest = max(_ranked(folder or Path.cwd()), default=None)
    return Source(newest[-1], None) if newest else None


def _ranked(here: Path) -> Iterator[tuple[bool, int, float, Path]]:
    """The files of projects in, below and above a folder. The one to read is the largest of these tuples."""
    for path, folders in _projects().items():
        is_inside = any(each.is_relative_to(here) for each in folders)
        above = [len(each.parts) for each in folders if here.is_relative_to(each)]
        if is_inside or above:
            yield is_inside, 0 if is_inside else max(above), path.stat().st_mtime, path


def _projects() -> Mapping[Path, list[Path]]:
    """The folders of each project that has records, by the file of the records."""
    found = {}
    for path in _home().glob(f"*/{_RECORDS}"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            named = json.loads((path.parent / _PROJECT).read_text(encoding="utf-8", errors="surrogateescape"))
            found[path] = [Path(folder) for folder in named["folders"]]
    return found


def _is_same(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return False
