"""Code that the deploy tool packs: what a function finds of it."""

from tencentserverless.local import LocalSCF

MANIFEST = """component: scf
name: one
inputs:
  src:
    src: ./app
    exclude: [.env]
    include: [../shared/added.py, {source: lib, prefix: ../}]
"""
CODE = """
import os
from added import WHO

def main_handler(event, context):
    return WHO, sorted(os.listdir(".")), sorted(os.listdir(os.path.dirname(__file__))), __file__
"""


def test_a_function_finds_its_code_as_it_is_packed(folder, has_mounts):
    """Excluded files are not there, included ones are, and the code is where it was; saved files count at once."""
    place = folder("one", CODE, MANIFEST)
    app, shared = place / "app", place / "shared"
    for each in (app, shared):
        each.mkdir()
    (place / "index.py").rename(app / "index.py")
    (app / ".env").write_text("KEY=1\n")
    (app / "lib").mkdir()
    (app / "lib" / "added.py").write_text("WHO = 1\n")
    (shared / "added.py").write_text("WHO = 0\n")
    with LocalSCF(folder.path) as scf:
        invoke = scf.client().function("one")
        who, found, beside, file = invoke(None)
        assert (who, found, beside) == (1, ["added.py", "index.py", "lib", "shared"], found)
        assert (file == str(app / "index.py")) == has_mounts
        (app / "lib" / "added.py").write_text("WHO = 2\n")
        (app / "lib" / "more.py").touch()
        assert invoke(None)[:2] == [2, ["added.py", "index.py", "lib", "more.py", "shared"]]
        (shared / "added.py").write_text("WHO = 3\n")
        assert invoke(None)[0] == 2
        assert sorted(path.name for path in app.iterdir() if path.name != "__pycache__") == [".env", "index.py", "lib"]
