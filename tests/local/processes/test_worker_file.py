"""The command that runs a worker."""

import pytest

from tencentserverless.local.processes import fork_client, worker_file
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER, Interpreter

pytestmark = pytest.mark.skipif(not fork_client.works(), reason="this system has no fork servers")


def test_the_workers_file(monkeypatch):
    """The interpreter of the endpoint runs the worker's compiled file, where that can be written, others its source."""
    monkeypatch.setattr(worker_file, "_compiled", worker_file._compiled.__wrapped__)
    assert worker_file.worker_command(CURRENT_INTERPRETER)[-1].endswith(".pyc")
    assert worker_file.worker_command(Interpreter("python2.7", (2, 7)))[-1] == str(worker_file.BOOTSTRAP)

    def refuse(_):
        raise PermissionError

    monkeypatch.setattr(worker_file.py_compile, "compile", refuse)
    assert worker_file.worker_command(CURRENT_INTERPRETER)[-1] == str(worker_file.BOOTSTRAP)
