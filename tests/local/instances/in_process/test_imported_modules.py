"""Modules that functions import into this interpreter."""

import importlib
import sys

import pytest

from tencentserverless.local.instances.in_process import imported_modules
from tencentserverless.local.instances.in_process.imported_modules import ImportedModules
from tencentserverless.local.processes.interpreters import CURRENT, Interpreter


@pytest.fixture
def folders(tmp_path):
    """Two folders with modules of the same names: a package, and a folder without an `__init__.py`."""
    paths, modules = list(sys.path), dict(sys.modules)
    for number in (1, 2):
        for name in ("of_functions/__init__.py", "without_file/inner.py", "venv/lib/of_interpreter.py"):
            path = tmp_path / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"NUMBER = {number}\n")
    yield [str(tmp_path / str(number)) for number in (1, 2)]
    sys.path[:] = paths
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]


def imported(*names):
    return [importlib.import_module(name).NUMBER for name in names]


def test_modules_of_two_functions(folders):
    """Each function imports its own modules, and at the end of their endpoint all are forgotten with their paths."""
    modules, before = ImportedModules(), (list(sys.path), set(sys.modules))
    for number, folder in enumerate(folders, 1):
        modules.begin("endpoint", [folder])
        assert imported("of_functions", "without_file.inner") == [number, number]
    sys.path.append(f"{folders[1]}/without_file")  # as the handler in a subfolder has it
    modules.end("endpoint")
    modules.end("endpoint")
    assert (sys.path, set(sys.modules) - before[1]) == (before[0], set())


def test_the_programs_own_stay(folders, monkeypatch):
    """What the program had imported from a folder, and what is in a virtual environment there that runs it, stays."""
    modules = ImportedModules()
    sys.path.insert(0, folders[0])
    assert imported("of_functions") == [1]
    own = sys.modules["of_functions"]
    interpreter = Interpreter(sys.executable, CURRENT, (f"{folders[0]}/venv",))
    monkeypatch.setattr(imported_modules, "CURRENT_INTERPRETER", interpreter)
    modules.begin("endpoint", [folders[0]])
    sys.path.append(f"{folders[0]}/venv/lib")
    assert imported("without_file.inner", "of_interpreter") == [1, 1]
    modules.end("endpoint")
    assert (sys.modules["of_functions"] is own, sys.path[0]) == (True, folders[0])
    assert ("without_file.inner" in sys.modules, "of_interpreter" in sys.modules) == (False, True)


def test_an_endpoint_that_goes_on(folders):
    """The end of one endpoint leaves the modules of another one alone."""
    modules = ImportedModules()
    for name, folder in zip(("first", "second"), folders, strict=True):
        modules.begin(name, [folder])
    assert imported("of_functions") == [2]
    modules.end("first")
    assert (sys.modules["of_functions"].NUMBER, folders[1] in sys.path) == (2, True)
    modules.end("second")
    assert "of_functions" not in sys.modules
