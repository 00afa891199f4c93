"""The names of functions that were used here, for the completion of the shell: it must not ask the network."""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

MOST = 500


def remember(names: Iterable[str]) -> None:
    """Keep these names, the newest first. If that is not possible, nothing happens."""
    from tencentserverless._cli.running import write_whole

    with suppress(OSError):
        before, path = known(), _path()
        after = list(dict.fromkeys([*names, *before]))[:MOST]
        if set(after) == set(before):
            return
        path.parent.mkdir(0o700, parents=True, exist_ok=True)
        write_whole(path, json.dumps(after))


def known() -> list[str]:
    """The names that are kept."""
    with suppress(OSError, ValueError):
        found = json.loads(_path().read_text(encoding="utf-8"))
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
    return []


def _path() -> Path:
    from tencentserverless._cli.running import state_folder

    return state_folder() / "function-names"
