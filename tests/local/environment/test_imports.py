"""Where the modules come from that a function imports."""

import ast
import sysconfig

import pytest

from tencentserverless.local.environment.imports import Imports, imported
from tencentserverless.local.model.function import Function
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER, Interpreter

SITE = sysconfig.get_path("purelib")
PYTHON36 = Interpreter("/python3.6", (3, 6))


@pytest.fixture
def notices(folder):
    """What is told about a function of this code, on this interpreter, whose modules are on this path."""

    def check(code, interpreter=CURRENT_INTERPRETER, **more):
        told = []
        place = folder("needs", code)
        (place / "packed").mkdir(exist_ok=True)
        imports = Imports(told.append, lambda asked: [SITE] if asked == CURRENT_INTERPRETER else [])
        function = Function("needs", place, **more)
        assert imports.needs_check(function, interpreter)
        imports.check(function, interpreter)
        assert not imports.needs_check(function, interpreter)
        return told

    return check


def test_what_the_platform_has_and_this_machine_lacks(notices):
    """A package that the platform brings for Python 3.6 is told with the command that gets it, others are not."""
    code = "import os, requests\nfrom PIL import Image\nimport packed, absent\n"
    assert notices(code, PYTHON36, runtime="Python3.6") == [
        f"needs imports {name}, which the platform has for Python3.6 and /python3.6 lacks. "
        f"Install it with: /python3.6 -m pip install {package}"
        for name, package in (("PIL", "Pillow"), ("requests", "requests"))
    ]
    assert notices(code, PYTHON36, runtime="Python3.9") == []
    code = "import tencentcloud.common.credential\nfrom tencentcloud.vod.v20180717 import models\n"
    (notice,) = notices(code, PYTHON36, runtime="Python3.6")
    assert "imports tencentcloud.vod, which the platform has" in notice
    assert "-m pip install tencentcloud-sdk-python-vod -t " in notice


def test_what_only_this_machine_has(notices):
    """A module of the endpoint's environment is told with its package; the standard library and the SDK are not."""
    (notice,) = notices("def main_handler(e, c):\n    import yaml, json, tencentserverless\n")
    assert notice.startswith("needs imports yaml from ")
    assert "-m pip install PyYAML -t " in notice or "-m pip install pyyaml -t " in notice


def test_modules_beside_count(folder):
    """Imports of modules beside the handler count, circular ones too, also in files for Python 2."""
    place = folder("one", "import helper, .bad\n")
    (place / "helper.py").write_text(
        "import index, other.deep\nfrom . import near\ntry:\n    import third\nexcept: 1\n"
    )
    (place / "index.py").write_text("import helper\n")
    (place / "third.py").write_text("print 1\nif 1:\n    from fourth.part import x\n")
    assert imported(place / "index.py", place) == {"helper", "index", "other", "third", "fourth"}


def test_a_parser_that_fails(tmp_path, monkeypatch):
    """Where Python's parser fails, as it may if two threads use it, the imports are found by their words."""

    def fail(_):
        raise SystemError("AST constructor recursion depth mismatch")

    monkeypatch.setattr(ast, "parse", fail)
    (tmp_path / "index.py").write_text("import requests\nfrom PIL import Image\n")
    assert imported(tmp_path / "index.py", tmp_path) == {"requests", "PIL"}


def test_imports_that_may_fail(notices):
    """A module is not told whose import is in a `try`: requests does so with packages that it can do without."""
    code = "try:\n    import yaml\n    if 1: from six import x\nexcept ImportError:\n    import json\n"
    assert notices(code) == []
    (notice,) = notices("try:\n    x = 1\nfinally:\n    import yaml\n")
    assert "imports yaml" in notice
