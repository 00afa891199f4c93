"""The file that a worker runs, and the command line that runs it."""

import py_compile
from contextlib import suppress
from functools import cache
from pathlib import Path

from tencentserverless.local.processes.interpreters import CURRENT, Interpreter

BOOTSTRAP = Path(__file__).parents[1] / "worker" / "bootstrap.py"  # the worker's file
OLDEST_PYTHON = (3, 6)


def worker_command(interpreter: Interpreter) -> list[str]:
    """What runs the worker's file, but for its arguments."""
    return [*interpreter.command, _compiled() if interpreter.version == CURRENT else str(BOOTSTRAP)]


@cache
def _compiled() -> str:
    """The worker's file as it starts sooner: compiled, if it may be written, as of now: what is run is not compared."""
    with suppress(OSError):
        return py_compile.compile(str(BOOTSTRAP)) or str(BOOTSTRAP)
    return str(BOOTSTRAP)
