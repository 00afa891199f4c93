"""What `import tencentserverless.scf` loads: a cold start in the cloud pays for every module."""

import pytest

from tests import environments
from tests.environments import CONSTRAINTS, ROOT, environment, find_interpreter, pins_for

LOADED = "import sys; sys.path.insert(0, {source!r}); before = set(sys.modules); import {module}; "
LOADED += "print(*sorted(set(sys.modules) - before))"

OURS = {"tencentserverless"}
OFFICIAL = {  # the historic exception class, and nothing else of the official SDK
    "tencentcloud",
    "tencentcloud.common",
    "tencentcloud.common.exception",
    "tencentcloud.common.exception.tencent_cloud_sdk_exception",
}
STANDARD = {
    # what the client imports
    *("atexit", "errno", "hashlib", "json", "math", "os", "re", "select", "socket", "threading", "time"),
    # what these import on one Python or another
    *("array", "collections", "copyreg", "enum", "functools", "itertools", "keyword", "linecache", "operator"),
    *("reprlib", "selectors", "sre_compile", "sre_constants", "sre_parse", "token", "tokenize", "traceback"),
    *("types", "warnings"),
}
HEAVY = {"asyncio", "dataclasses", "http.client", "logging", "requests", "ssl", "typing", "urllib.parse", "random"}


def loaded(version, module):
    """The names that importing `module` adds to `sys.modules` in an environment that has the official SDK."""
    if find_interpreter(version) is None:
        pytest.skip(f"no Python {version} on PATH or among pyenv's versions")
    python = environment(version, "client", "-r", CONSTRAINTS / "test.in", "-c", pins_for(version))
    program = LOADED.format(source=str(ROOT / "src"), module=module)
    code, output, errors = environments.run(python, "-I", "-c", program)
    assert code == 0, errors
    return set(output.split())


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.9", "3.10", "3.13"])
def test_the_client_loads_little(version):
    """Importing the client loads our own modules, a few of the standard library, and one class of the official SDK."""
    names = loaded(version, "tencentserverless.scf")
    stray = {
        name for name in names - OFFICIAL if not name.startswith("_") and name.partition(".")[0] not in OURS | STANDARD
    }
    assert not stray
    assert not names & HEAVY
    assert "tencentserverless.local" not in names


@pytest.mark.parametrize("version", ["3.6", "3.13"])
def test_the_errors_load_less(version):
    """Importing the errors alone loads neither a socket nor JSON."""
    names = loaded(version, "tencentserverless.exception")
    assert not names & (HEAVY | {"hashlib", "json", "re", "socket", "threading"})
