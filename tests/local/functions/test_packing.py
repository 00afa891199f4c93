"""The files that the deploy tool packs."""

import pytest

from tencentserverless.local.functions import packing
from tencentserverless.local.model.function import Packing

FILES = ("index.py", ".env", "web/a.js", "web/deep/b.js", "web/deep/c.PYC", "tests/one.py", "node_modules/x/y.js")


@pytest.fixture
def packed(tmp_path):
    """The names of the files in the zip: `packed(*excluded, kept=...)`."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    def pack(*excluded, kept=(), base=".", code="."):
        return set(packing.files(tmp_path / code, Packing(tmp_path / base, excluded, kept)))

    pack.path = tmp_path
    return pack


@pytest.mark.parametrize(
    ("pattern", "left_out"),
    [
        (".env", {".env"}),
        ("./tests/", {"tests/one.py"}),
        ("web/**", {"web/a.js", "web/deep/b.js", "web/deep/c.PYC"}),
        ("web/*", {"web/a.js", "web/deep/b.js", "web/deep/c.PYC"}),
        ("**/*.js", {"web/a.js", "web/deep/b.js", "node_modules/x/y.js"}),
        ("**/*.pyc", {"web/deep/c.PYC"}),
        ("*.js", set()),
        ("web/{a,deep/?}.[!x]s", {"web/a.js", "web/deep/b.js"}),
        ("[i-j]ndex.py", {"index.py"}),
        ("**", set(FILES)),
    ],
)
def test_patterns(packed, pattern, left_out):
    """A pattern leaves out what it leaves out in the deploy tool; a folder that matches goes with all its files."""
    assert set(FILES) - packed(pattern) == left_out


def test_files_that_are_kept(packed):
    """A file that matches a kept pattern is packed although it is excluded, also in a folder that is."""
    assert packed("**", "web", kept=("web/deep/*.js", "*.py")) == {"web/deep/b.js", "index.py"}


def test_patterns_of_a_folder_above(packed):
    """Patterns are relative to their own folder, names to that of the code."""
    assert packed("web/a.js", code="web") == {"deep/b.js", "deep/c.PYC"}


def test_links_in_circles(packed):
    """A link to a folder above itself is not followed, and one to a file is packed as that file."""
    (packed.path / "web" / "up").symlink_to(packed.path)
    (packed.path / "tests" / "link.py").symlink_to(packed.path / "index.py")
    assert packed("none") - set(FILES) == {"tests/link.py"}


def test_when_it_makes_a_difference(packed):
    """What functions never look at makes no difference, other files do."""
    assert not packing.has_effect(packed.path, Packing(packed.path, ("node_modules/**", "node_modules", "*.md")))
    assert packing.has_effect(packed.path, Packing(packed.path, (".env",)))


@pytest.mark.parametrize(
    ("source", "prefix", "names"),
    [
        ("../shared", "", {"shared/a.py", "shared/data/b.txt"}),
        ("../shared/**/*.txt", "", {"shared/data/b.txt"}),
        ("../shared/a.py", "", {"shared/a.py"}),
        ("./lib", "../", {"a.py", "data/b.txt"}),
        ("lib/data", "../", {"data/b.txt"}),
        ("lib", "more", {"lib/more/a.py", "lib/more/data/b.txt"}),
    ],
)
def test_what_is_added(tmp_path, source, prefix, names):
    """Added files have the names that the deploy tool gives them, without the part that leads out of the zip."""
    code = tmp_path / "code"
    for place in (tmp_path / "shared", code / "lib"):
        (place / "data").mkdir(parents=True)
        (place / "a.py").touch()
        (place / "data" / "b.txt").touch()
    added = packing.included(code, source, prefix)
    assert set(packing.files(code, Packing(code, ("**",), (), (added,)))) == names
