"""The file that a worker runs, and the command line for it."""

import marshal
import py_compile
from contextlib import suppress
from functools import cache
from pathlib import Path

from tencentserverless.local.processes.interpreters import CURRENT, Interpreter

BOOTSTRAP = Path(__file__).resolve().parents[1] / "worker" / "bootstrap.py"
_HEAD_BYTES = 16  # of a .pyc (PEP 552)
OLDEST_PYTHON = (3, 6)  # of a fork server


def worker_command(interpreter: Interpreter) -> list[str]:
    """The command line that runs the worker's file, without the file's own arguments."""
    return [*interpreter.command, _compiled() if interpreter.version == CURRENT else str(BOOTSTRAP)]


@cache
def _compiled() -> str:
    """Path of the worker's file, freshly compiled, because that starts faster; of the source if the cache is read-only.

    It is compiled anew once in each process: Python does not compare a .pyc that is run directly with its source.
    """
    with suppress(OSError, EOFError, ValueError, TypeError):
        path = py_compile.compile(str(BOOTSTRAP))
        if path:
            marshal.loads(Path(path).read_bytes()[_HEAD_BYTES:])  # noqa: S302  its end is missing if the disk is full
            return path
    return str(BOOTSTRAP)
