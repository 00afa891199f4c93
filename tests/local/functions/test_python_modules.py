"""The files of Python modules."""

import pytest

from tencentserverless.local.functions.python_modules import folder_with, has_module


@pytest.mark.parametrize(
    ("file", "name", "found"),
    [
        ("index.py", "index", True),
        ("index.html", "index", False),
        ("index.cpython-39-x86_64-linux-gnu.so", "index", True),
        ("shop/index.pyc", "shop/index", True),
        ("shop/data.txt", "shop", True),
        ("i.py", "[i]", False),
    ],
)
def test_modules(tmp_path, file, name, found):
    """A module is a file with Python code, or a folder; other files of the name are not."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    assert has_module(tmp_path, name) == found
    assert folder_with(name, ["/nowhere", str(tmp_path)]) == (str(tmp_path) if found else None)
