"""The command that runs a worker."""

import subprocess
from pathlib import Path

from tencentserverless.local.processes import worker_file
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER, Interpreter


def test_the_workers_file(monkeypatch):
    """The interpreter of the endpoint runs the worker's compiled file, where that can be written, others its source."""
    monkeypatch.setattr(worker_file, "_compiled", worker_file._compiled.__wrapped__)
    assert worker_file.worker_command(CURRENT_INTERPRETER)[-1].endswith(".pyc")
    assert worker_file.worker_command(Interpreter("python2.7", (2, 7)))[-1] == str(worker_file.BOOTSTRAP)

    def refuse(_):
        raise PermissionError

    monkeypatch.setattr(worker_file.py_compile, "compile", refuse)
    assert worker_file.worker_command(CURRENT_INTERPRETER)[-1] == str(worker_file.BOOTSTRAP)


def test_a_compiled_file_that_is_cut_off(monkeypatch, tmp_path):
    """A compiled file without its end, as a full disk leaves it, is not used."""
    monkeypatch.setattr(worker_file, "_compiled", worker_file._compiled.__wrapped__)
    compiled = worker_file.py_compile.compile

    def cut_off(path):
        made = Path(compiled(path, cfile=str(tmp_path / "cut.pyc")))
        made.write_bytes(made.read_bytes()[:4096])
        return str(made)

    monkeypatch.setattr(worker_file.py_compile, "compile", cut_off)
    assert worker_file.worker_command(CURRENT_INTERPRETER)[-1] == str(worker_file.BOOTSTRAP)


def test_the_command_runs():
    """The command runs the worker's file, compiled or not: without a channel it says what is missing."""
    for command in (worker_file.worker_command(CURRENT_INTERPRETER), [CURRENT_INTERPRETER.path, worker_file.BOOTSTRAP]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0
        assert "bootstrap.py" in done.stderr
