"""Instances under a debugger. Time limits are paused while a function is stopped in the debugger.

The part of the worker is in `worker/debugger.py`. It reports when its function stops, and when it continues.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tencentserverless.local.environment.variables import Paths
from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.invocation import Invocation
from tencentserverless.local.model.options import DEBUGGERS, Debugger
from tencentserverless.local.processes.frames import Frame, Kind

_LOCK = "terminal.lock"
_STDIN, _STDERR = 0, 2


def check(debug: str | None, port: int | None = None) -> None:
    """Raises ValueError if the debugger is unknown, or has no port."""
    if debug not in (None, *DEBUGGERS):
        raise ValueError(f"debug takes {' or '.join(DEBUGGERS)}, not {debug!r}")
    if port is not None and debug != "debugpy":
        raise ValueError("a debug port needs debug=debugpy")


def terminal(path: str | os.PathLike[str] | None = None) -> str:
    """Return the path of the terminal for pdb, by default that of this process. Raises ValueError."""
    if not hasattr(os, "ttyname"):
        raise ValueError("pdb needs a terminal, which this system does not have. Use debugpy")
    if path is not None:
        if not _is_terminal(os.fspath(path)):
            raise ValueError(f"{os.fspath(path)} is not a terminal")
        return os.fspath(path)
    for descriptor in (_STDIN, _STDERR):
        with suppress(OSError):
            return os.ttyname(descriptor)
    raise ValueError(
        "pdb needs a terminal, but neither stdin nor stderr is a terminal. "
        "Start the endpoint in a terminal, use terminal=PATH, or use debugpy"
    )


def _is_terminal(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOCTTY", 0))
    except OSError:
        return False
    try:
        return os.isatty(descriptor)
    finally:
        os.close(descriptor)


def shared_files(debugger: Debugger | None) -> tuple[str, ...]:
    """The names of files in the endpoint's own folder that all instances use."""
    return (_LOCK,) if debugger == "pdb" else ()


def settings(debugger: Debugger, terminal: str, paths: Paths, code: Path) -> dict[str, Any]:
    """The settings of the debugger in a worker. terminal: its path on this machine. code: the function's folder."""
    if debugger == "pdb":
        return {"with": debugger, "terminal": paths.terminal or terminal, "lock": os.path.join(paths.provided, _LOCK)}
    return {"with": debugger, "folder": str(code)}


class Debugged(Instance):
    """An instance whose worker has a debugger. Its time limit is paused while the function is stopped.

    callers: returns the instances that wait for an invocation. Their time limits are paused, too.
    lead: makes a port lead to the port of debugpy, and returns it.
    """

    def __init__(
        self,
        *made: Any,
        callers: Callable[[Invocation], Iterable[Instance]],
        lead: Callable[[Function, int], int],
        **named: Any,
    ) -> None:
        super().__init__(*made, **named)
        self._callers = callers
        self._lead = lead
        self._held_callers: list[Instance] = []
        self._held_since = 0.0

    def on_ask(self) -> None:
        self._hold_callers()

    def on_answer(self) -> None:
        self._release_callers()

    def handle_report(self, frame: Frame) -> bool:
        if frame.kind is Kind.LISTENS:
            self._on_listens(frame.head.get("port"))
        elif frame.kind in (Kind.PAUSED, Kind.RESUMED):
            self._on_pause(frame.kind is Kind.PAUSED)
        else:
            return False
        return True

    def _on_listens(self, port: object) -> None:
        if isinstance(port, int):
            self.notify(f"{self.function.name}: debugpy listens on 127.0.0.1:{self._lead(self.function, port)}")
        else:
            self.distrust()

    def _on_pause(self, is_held: bool) -> None:
        if is_held is self.is_held:  # a worker never reports this twice: the function writes to the channel
            self.distrust()
        elif is_held:
            self.is_held = True
            self.countdown.hold()
            self._hold_callers()
        else:
            self._release_callers()
            self.countdown.release()
            self.is_held = False

    def _hold_callers(self) -> None:
        if self.is_held and self.running is not None:
            self._held_callers = list(self._callers(self.running))
            self._held_since = self._loop.time()
            for each in self._held_callers:
                each.countdown.hold()

    def _release_callers(self) -> None:
        held = self._loop.time() - self._held_since
        for each in self._held_callers:
            each.countdown.release()
            if self._settings["debug"]["with"] == "pdb":  # with debugpy a debugger may be attached without a stop
                each.held_seconds += held
        self._held_callers = []


def callers(invocation: Invocation, instances: Iterable[Instance]) -> Iterator[Instance]:
    """The instances that wait for this invocation, directly or through others. Callers of an `Event` do not wait."""
    running = {instance.running.request_id: instance for instance in instances if instance.running}
    waited: Invocation | None = invocation
    while waited is not None and waited.invocation_type != "Event" and waited.parent in running:
        caller = running[waited.parent]
        yield caller
        waited = caller.running
