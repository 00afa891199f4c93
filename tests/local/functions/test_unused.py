"""What lies beside the code and has no effect."""

import pytest

from tencentserverless.local.functions.folders import read
from tencentserverless.local.model.errors import FunctionFolderError


@pytest.mark.parametrize(
    "name", ["serverless.js", "Serverless.yml", "serverless.yml.txt", "cloudbaserc.json", "app.yml"]
)
def test_a_configuration_that_is_not_read(folder, name):
    """A file that looks like a configuration and is not read is named, whether there is a function or not."""
    place, notices = folder("one"), []
    (place / name).write_text("x: 1\ncomponent: scf\n")
    (place / "other.yml").write_text("x: 1\n")
    read([place], notices.append)
    assert [f"{name}: not read. The local endpoint reads serverless.yml" in notice for notice in notices] == [True]
    (place / "index.py").unlink()
    with pytest.raises(FunctionFolderError, match=f"{name}: not read(.|\n)*no function here"):
        read([place], print)


def test_a_virtual_environment_beside_the_code(folder, monkeypatch):
    """A notice says that it is not used, unless the endpoint itself runs in it."""
    place, notices = folder("one"), []
    (place / ".venv").mkdir()
    (place / ".venv" / "pyvenv.cfg").touch()
    read([place], notices.append)
    assert [f"one: {place}/.venv is not used" in notice for notice in notices] == [True]
    monkeypatch.setattr("sys.prefix", str(place / ".venv"))
    read([place], notices.append)
    assert len(notices) == 1
