"""Settings that are given at the start."""

import pytest

from tencentserverless.local.functions.folders import FolderReader
from tencentserverless.local.functions.live_catalog import LiveCatalog
from tencentserverless.local.model.errors import FunctionFolderError
from tencentserverless.local.model.overrides import Overrides


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "1x"},
        {"handler": "main"},
        {"timeout": 0},
        {"memory_mb": 100},
        {"environment": {"SCF_X": "1"}},
        {"environment": {"a-b": "1"}},
    ],
)
def test_values_that_are_not_possible(settings):
    """A value that no function can have is refused."""
    with pytest.raises(ValueError, match=r"not|cannot"):
        Overrides(**settings)


def test_they_win(folder):
    """They win over the files, and make a function of a folder that has neither a configuration nor an index.py."""
    place = folder("17checkin")
    (place / "index.py").rename(place / "main.py")
    given = Overrides(name="sign", handler="main.run", environment={"A": "1"}, timeout=60, memory_mb=256)
    catalog = LiveCatalog([place], print, {}, overrides=given)
    (place / "more").touch()
    function = catalog.get(("ap-guangzhou", "default", "sign"))
    assert (function.handler, function.variables, function.timeout, function.memory_mb) == (
        "main.run",
        {"A": "1"},
        60,
        256,
    )
    assert function.code == place


def test_a_name_is_for_one_function(folder):
    """A name or a handler for several functions is refused."""
    folder("one"), folder("two")
    with pytest.raises(FunctionFolderError, match="for one function, but there are 2: "):
        FolderReader({}, Overrides(name="sign")).read_all([folder.path])
