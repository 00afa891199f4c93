"""Instances that run under a debugger: the time of an invocation stands still while it is held.

What the worker does stands in `debugger.py`: it tells when its function is held, and when it goes on.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.model.invocation import Invocation
from tencentserverless.local.model.options import DEBUGGERS, Debugger
from tencentserverless.local.processes.frames import Frame, Kind

_LOCK = "terminal.lock"
_STDIN, _STDERR = 0, 2


def check(debug: str | None) -> None:
    """Raises ValueError for a debugger that we do not know."""
    if debug not in (None, *DEBUGGERS):
        raise ValueError(f"debug takes {' or '.join(DEBUGGERS)}, not {debug!r}")


def terminal(path: str | os.PathLike[str] | None = None) -> str:
    """The path of the terminal that pdb talks on, by default this process's own. Raises ValueError."""
    if not hasattr(os, "ttyname"):
        raise ValueError("pdb has no terminal to talk on here: debug with debugpy")
    if path is not None:
        if not _is_terminal(os.fspath(path)):
            raise ValueError(f"{os.fspath(path)} is no terminal")
        return os.fspath(path)
    for descriptor in (_STDIN, _STDERR):
        with suppress(OSError):
            return os.ttyname(descriptor)
    raise ValueError(
        "pdb needs a terminal, and neither stdin nor stderr is one: "
        "start the endpoint in a terminal, name one (terminal=), or debug with debugpy"
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


def shared(debugger: Debugger | None) -> tuple[str, ...]:
    """The files in the endpoint's own folder that all instances need."""
    return (_LOCK,) if debugger == "pdb" else ()


def settings(debugger: Debugger, terminal: str, scratch: Path, code: Path) -> dict[str, Any]:
    """What a worker is told."""
    if debugger == "pdb":
        return {"with": debugger, "terminal": terminal, "lock": str(scratch / _LOCK)}
    return {"with": debugger, "folder": str(code)}


class Debugged(Instance):
    """An instance whose worker has a debugger. Its time limit stands still while the function is held.

    callers: returns the instances that wait for an invocation; their time stands still with it.
    """

    def __init__(self, *made: Any, callers: Callable[[Invocation], Iterable[Instance]], **named: Any) -> None:
        super().__init__(*made, **named)
        self._callers = callers
        self._held_callers: list[Instance] = []

    def on_ask(self) -> None:
        self._hold_callers()

    def on_answer(self) -> None:
        self._release_callers()

    def takes(self, frame: Frame) -> bool:
        if frame.kind is Kind.LISTENS:
            self._on_listens(frame.head.get("port"))
        elif frame.kind in (Kind.PAUSED, Kind.RESUMED):
            self._on_pause(frame.kind is Kind.PAUSED)
        else:
            return False
        return True

    def _on_listens(self, port: object) -> None:
        if isinstance(port, int):
            self.notify(f"{self.function.name}: debugpy listens on 127.0.0.1:{port}")
        else:
            self.doubt()

    def _on_pause(self, is_held: bool) -> None:
        if is_held is self.is_held:  # no worker says it twice: a function has got hold of the channel
            self.doubt()
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
            for each in self._held_callers:
                each.countdown.hold()

    def _release_callers(self) -> None:
        for each in self._held_callers:
            each.countdown.release()
        self._held_callers = []


def callers(invocation: Invocation, instances: Iterable[Instance]) -> Iterator[Instance]:
    """The instances that wait for this invocation, through any number of others; those of `Event` do not wait."""
    running = {instance.running.request_id: instance for instance in instances if instance.running}
    waited: Invocation | None = invocation
    while waited is not None and waited.invocation_type != "Event" and waited.parent in running:
        caller = running[waited.parent]
        yield caller
        waited = caller.running
