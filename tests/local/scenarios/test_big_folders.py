"""Functions in folders of very many files: others are served while these are looked at.

What looks at a folder waits at a gate, which opens once another function has been answered. Where the event loop looked
itself, that one would never be answered.
"""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.functions import code_info, folder_watch, source_versions
from tencentserverless.local.functions.folder_snapshot import FolderSnapshot
from tests.local.api_client import Api
from tests.local.process_table import until

FILES = 6_000
FOLDERS = 30
GATE_SECONDS = 20.0
CODE = """
import os, time
def main_handler(event, context):
    while event and not os.path.exists(event): time.sleep(0.002)
    return 1
"""


class Gate:
    """Where looks at the big folder wait. looks: the thread of each, by its name."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.reached, self.opened = threading.Event(), threading.Event()
        self.opened.set()
        self.looks = []

    def close(self):
        self.reached.clear()
        self.opened.clear()

    def open(self):
        self.opened.set()

    def passed(self, folder):
        """Wait, if it is this folder."""
        if str(folder) == self.folder:
            self.looks.append(threading.current_thread().name)
            self.reached.set()
            self.opened.wait(GATE_SECONDS)


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """A folder of two functions, of which one has many files and waits for a file if it is told one."""
    place = tmp_path_factory.mktemp("functions")
    for name in ("big", "small"):
        (place / name).mkdir()
        (place / name / "index.py").write_text(CODE)
    (place / "big" / "serverless.yml").write_text("component: scf\nname: big\ninputs: {timeout: 60}\n")
    for number in range(FOLDERS):
        (place / "big" / f"{number}").mkdir()
        at = os.open(place / "big" / f"{number}", os.O_RDONLY)
        for name in range(FILES // FOLDERS):
            os.close(os.open(f"{name}.txt", os.O_CREAT | os.O_WRONLY, dir_fd=at))
        os.close(at)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def gate(functions, monkeypatch):
    """The gate before the folder of the function `big`."""
    found = Gate(functions / "big")

    class Snapshot(FolderSnapshot):
        def __init__(self, folder, **how):
            found.passed(folder)
            super().__init__(folder, **how)
            self.folder = folder

        def is_current(self):
            found.passed(self.folder)
            return super().is_current()

    def of(function):
        found.passed(function.code)
        return describe(function)

    describe = code_info.read
    monkeypatch.setattr(source_versions, "FolderSnapshot", Snapshot)
    monkeypatch.setattr(code_info, "read", of)
    return found


@pytest.fixture
def scf(functions, gate):
    with LocalSCF(functions, most_instances=2, queue_seconds=60) as running:
        yield running


def order_of(scf, gate, slow):
    """In which order `slow(api)`, which waits at the gate, and invocations of `small` are answered."""
    order = []

    def big():
        with Api(scf) as api:
            answer = slow(api)
            order.append("big")
            return answer

    gate.close()
    with ThreadPoolExecutor(1) as pool, Api(scf) as api:
        answer = pool.submit(big)
        assert gate.reached.wait(GATE_SECONDS)
        for _ in range(3):
            assert api.invoke("small")["RetMsg"] == "1"
            order.append("small")
        gate.open()
        return order, answer.result()


def test_invocations(scf, gate, monkeypatch):
    """While the folder of a function is looked at for an invocation, another function is invoked: the first time, and
    each time where the folder cannot be watched."""
    monkeypatch.setattr(folder_watch, "watch", lambda: None)
    for _ in range(2):
        order, result = order_of(scf, gate, lambda api: api.invoke("big"))
        assert order == ["small"] * 3 + ["big"]
        assert result["RetMsg"] == "1"
    assert "LocalSCF" not in gate.looks
    assert scf.counters.processes == 2


def test_get_function(scf, gate):
    """While GetFunction adds up the sizes of the files of a folder, another function is invoked."""
    order, answer = order_of(scf, gate, lambda api: api("GetFunction", FunctionName="big"))
    assert order == ["small"] * 3 + ["big"]
    assert answer["CodeSize"] == sum(
        (Path(gate.folder) / name).stat().st_size for name in ("index.py", "serverless.yml")
    )
    assert "LocalSCF" not in gate.looks


def test_who_waits_for_an_instance(scf, gate, shared, monkeypatch):
    """For invocations that wait for an instance a folder is not looked at on the event loop."""
    monkeypatch.setattr(folder_watch, "watch", lambda: None)

    def wait_for(_):
        with Api(scf) as api:
            return api.invoke("big", str(shared / "go").join('""'))["RetMsg"]

    with Api(scf) as api:
        assert api.invoke("big")["RetMsg"] == "1"
    with ThreadPoolExecutor(5) as pool:
        answers = pool.map(wait_for, range(5))
        until(lambda: len(scf.records) == 6)
        (shared / "go").touch()
        assert list(answers) == ["1"] * 5
    assert "LocalSCF" not in gate.looks


def test_saved_among_many_files(scf, functions):
    """Code that is saved in a big folder before an invocation is what runs, and no other invocation starts a worker."""
    with Api(scf) as api:
        for number in range(1, 4):
            (functions / "big" / "index.py").write_text(f"def main_handler(event, context):\n    return {number}\n")
            assert [api.invoke("big")["RetMsg"] for _ in "abc"] == [str(number)] * 3
    assert scf.counters.processes == 3
    (functions / "big" / "index.py").write_text(CODE)
