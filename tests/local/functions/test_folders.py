"""Functions out of folders."""

import re
from pathlib import Path

import pytest

from tencentserverless.local.functions.folders import is_function, read
from tencentserverless.local.model.errors import FunctionFolderError


@pytest.mark.parametrize(
    "code",
    [
        "def main_handler(event, context): pass",
        "import os\n\nasync def  main_handler(e, c): pass",
        "main_handler = print",
        "main_handler: object = print",
        "from app import main_handler",
        "from app import run as main_handler  # comment",
        "def main_handler(event, context):\n  return (",
        "print 'Python 2'\ndef main_handler(event, context): print 1",
    ],
)
def test_folders_that_are_functions(folder, code):
    """A folder is a function when its index.py defines or imports `main_handler`, broken or of any Python."""
    assert is_function(folder("hello", code))


@pytest.mark.parametrize("code", ["", "# def main_handler", "  def main_handler(self): pass", "def main_handlers(): 1"])
def test_folders_that_are_none(folder, code):
    """A folder whose index.py has no `main_handler` of its own is no function."""
    assert not is_function(folder("hello", code))


def test_a_path_is_a_function_or_holds_some(folder):
    """A path may be a function, or a folder of functions; the folder's name is the function's."""
    one, _ = folder("one"), folder("two")
    assert [function.name for function in read([one], print)] == ["one"]
    found = list(read([folder.path], print))
    assert [(function.name, function.region, function.namespace) for function in found] == [
        ("one", "ap-guangzhou", "default"),
        ("two", "ap-guangzhou", "default"),
    ]


def test_a_path_given_twice_counts_once(folder):
    """A function that two paths lead to is served once."""
    one = folder("one")
    assert len(read([one, folder.path, str(one)], print)) == 1


def test_a_manifest_wins(folder):
    """Where there is a serverless.yml it says what the function is."""
    place = folder("one", manifest="component: scf\nname: other\ninputs:\n  region: ap-chengdu\n")
    assert [function.key for function in read([place], print)] == [("ap-chengdu", "default", "other")]


def test_the_same_name_in_two_regions(folder):
    """One name may be declared in several regions, once in each."""
    text = "component: scf\nname: same\ninputs:\n  region: {}\n"
    folder("one", manifest=text.format("ap-chengdu"))
    folder("two", manifest=text.format("ap-beijing"))
    assert len(read([folder.path], print)) == 2
    three, notices = folder("three", manifest=text.format("ap-beijing")), []
    assert len(read([folder.path], notices.append)) == 2
    assert [re.sub(r"\S+/", "", notice)[:87] for notice in notices] == [
        "same (ap-beijing, default) is declared twice: in serverless.yml and in serverless.yml. "
    ]
    with pytest.raises(FunctionFolderError, match=r"declared twice: in .*three.serverless.yml and in .*two.serverless"):
        read([three, folder.path / "two"], print)


def test_nothing_found(folder, tmp_path):
    """A path that leads to nothing is an error that says what was looked for."""
    with pytest.raises(FunctionFolderError, match="no such folder"):
        read([tmp_path / "missing"], print)
    place = folder("plain", "x = 1")
    with pytest.raises(FunctionFolderError, match=r"no function here.*--handler FILE\.FUNCTION"):
        read([folder.path], print)
    (place / "index.py").rename(place / "other.py")
    (place / "main.py").write_text("def main_handler(event, context): 1\n")
    with pytest.raises(FunctionFolderError, match=r"no function here.*--handler main\.main_handler"):
        read([place], print)
    (place / "main.py").write_text("def run(event: dict, context): 1\n")
    with pytest.raises(FunctionFolderError, match=r"no function here.*start .*plain --handler main\.run"):
        read([folder.path], print)
    folder("one/two")
    with pytest.raises(FunctionFolderError, match=r"There are functions in .*functions.one: name these folders"):
        read([folder.path], print)
    (place / "scf_bootstrap").touch()
    (place / "main.py").unlink()
    with pytest.raises(FunctionFolderError, match=r"no function here.*serves event functions only"):
        read([place], print)
    (tmp_path / "page").mkdir()
    with pytest.raises(FunctionFolderError, match=r"no function here.*runs only Python"):
        read([tmp_path / "page"], print)


def test_names_that_are_none(folder):
    """A path of whose name no function name can be made is an error; among others it is passed over with a notice."""
    bad, _ = folder("签到"), folder("good")
    with pytest.raises(FunctionFolderError, match="the folder's name is not a valid function name"):
        read([bad], print)
    notices = []
    assert [function.name for function in read([folder.path], notices.append)] == ["good"]
    assert [notice.startswith(f"{bad}: the folder's name is not") for notice in notices] == [True]
    assert [
        function.name for function in read([folder("云函数", manifest="component: scf\nname: ok\ninputs: {}\n")], print)
    ] == ["ok"]


def test_hidden_folders_are_none(folder):
    """Folders whose name begins with a dot are passed over silently."""
    folder(".git"), folder("good")
    assert len(read([folder.path], print)) == 1


def test_a_file_that_is_no_text(folder):
    """A manifest that is no UTF-8 is an error that names it."""
    place = folder("one", manifest="")
    (place / "serverless.yml").write_bytes(b"\xff")
    with pytest.raises(FunctionFolderError, match=r"serverless\.yml"):
        read([place], print)


def test_a_folder_that_nobody_may_look_into(tmp_path, monkeypatch):
    """A folder that cannot be listed is an error that says why, and not that nothing is in it."""

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(FunctionFolderError, match=f"{re.escape(str(tmp_path))}: Permission denied"):
        read([tmp_path], print)


@pytest.mark.parametrize(
    "code",
    [
        "\ufeffdef main_handler(event, context): 1",
        "from app import (\n    main_handler,\n)",
        "from app import (  # why\n    other,\n    run as main_handler\n)",
        "import sys\nif sys.version_info > (3,):\n    def main_handler(event, context): 1",
        "try:\n    from app import main_handler\nexcept ImportError: pass",
        "from more import *",
    ],
)
def test_handlers_that_come_otherwise(folder, code):
    """A handler counts after a byte order mark, in brackets, below an `if`, and through a star import."""
    place = folder("one", code)
    (place / "more.py").write_text("from .deep import *\nfrom os import *\n")
    (place / "deep.py").write_text("def main_handler(event, context): 1\n")
    assert is_function(place)


def test_an_index_that_is_named_itself(folder):
    """A folder that is named itself is a function if it has an index.py, however its handler comes to be there."""
    place = folder("one", "globals()['main_' + 'handler'] = print")
    assert not is_function(place)
    assert [function.name for function in read([place], print)] == ["one"]
    with pytest.raises(FunctionFolderError, match=r"index\.py: a file: name its folder, "):
        read([place / "index.py"], print)


def test_one_bad_folder_among_many(folder):
    """A folder with a mistake is told and passed over, and refused only if nothing else is there or it is named."""
    folder("good")
    bad = folder("bad", manifest="component: scf\nname: bad\ninputs:\n  region: mars\n")
    notices = []
    assert [function.name for function in read([folder.path], notices.append)] == ["good"]
    assert notices == [f"{bad}/serverless.yml:4: component: scf: 'mars' is not a region of SCF"]
    with pytest.raises(FunctionFolderError, match="'mars' is not a region"):
        read([bad], print)


def test_a_project_with_a_file_of_its_own(folder):
    """A root file with the app of a project makes its folders functions, and a handler without a file is a notice."""
    folder(".", manifest="app: shop\n")
    folder("one", manifest="component: scf\nname: one\ninputs:\n  name: ${app}-one\n  handler: greeter.main\n")
    notices = []
    assert [function.name for function in read([folder.path], notices.append)] == ["shop-one"]
    assert ["there is no greeter.py in" in notice for notice in notices] == [True]


@pytest.mark.parametrize(
    ("name", "served"),
    [
        ("17checkin", "fn-17checkin"),
        ("Python3.9-hello", "Python3-9-hello"),
        ("my bot (1)_", "my-bot-1"),
        ("x" * 90, "x" * 56),
    ],
)
def test_names_that_are_nearly_names(folder, name, served):
    """A function of a folder whose name is not a function's has the nearest name, which a notice tells."""
    notices = []
    assert [function.name for function in read([folder(name)], notices.append)] == [served]
    assert [f"so the function is `{served}`" in notice for notice in notices] == [True]


def test_functions_that_are_not_served(folder):
    """Beside functions that are served, a notice names those one level deeper, and handlers in other files."""
    folder("one")
    folder("one/code")
    folder("web/api")
    place = folder("thumbnail", "import os\n")
    (place / "resize.py").write_text("def other(event: dict, context): 1\ndef main_handler(event, context): 1\n")
    (folder("tests", "") / "test_one.py").write_text("from index import main_handler\n")
    (folder("site", "def run(event, context): 1\n") / "scf_bootstrap").touch()
    notices = []
    assert [function.name for function in read([folder.path], notices.append)] == ["one"]
    assert notices == [
        f"{folder.path}: there are functions in {folder.path}/web, too. Name these folders to serve them",
        f"{folder.path}: the handler is not index.main_handler. Name the handler: tencentserverless local "
        f"start {place} --handler resize.main_handler",
        f"{folder.path}: not served, because scf_bootstrap starts a server there: {folder.path}/site",
    ]


def test_a_handler_that_is_elsewhere(folder):
    """A notice about a missing file of a handler names the same file beside it, or another file with a handler."""
    manifest = "component: scf\nname: {0}\ninputs: {{handler: {0}.main_handler, runtime: Python3.9}}\n"
    web = folder("web", "", manifest=manifest.format("pages"))
    (web / "index.py").unlink()
    (web / "pages.html").touch()
    (folder.path / "pages.py").touch()
    folder("other", manifest=manifest.format("absent"))
    notices = []
    read([web, folder.path / "other"], notices.append)
    assert [notice.partition("serverless.yml)")[2] for notice in notices] == [
        f". There is one in {folder.path}",
        ". The folder has the handler `index.main_handler`",
    ]


def test_a_handler_that_its_file_does_not_contain(folder):
    """A notice tells, with the handler that the folder has, unless the names of the file come from elsewhere."""
    manifest, notices = "component: scf\nname: fn\ninputs: {handler: index.main}\n", []
    place = folder("fn", "if __name__ == '__main__':\n    pass\ndef main_handler(e, c): 1\n", manifest=manifest)
    read([place], notices.append)
    assert notices == [
        f"fn: the handler is `index.main`, but {place}/index.py does not contain `main`. "
        "The folder has the handler `index.main_handler`"
    ]
    for code in ("from app import *", "globals()['ma' 'in'] = print", "main = print"):
        (place / "index.py").write_text(code)
        read([place], notices.append)
    assert len(notices) == 1


def test_a_compiled_handler(folder):
    """Without a source the handler of a compiled file, or of a package, is proposed."""
    place = folder("fn")
    for name in ("index.pyc", "index/__init__.py"):
        (place / "index.py").unlink(missing_ok=True)
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).touch()
        with pytest.raises(FunctionFolderError, match=r"start .*fn --handler index\.main_handler"):
            read([place], print)
        (place / name).unlink()


def test_a_component_without_a_runtime(folder):
    """The deploy tool takes Node.js for it, so it is refused if the file of its handler is for Node.js alone."""
    place = folder("page", manifest="component: scf\nname: page\ninputs: {src: .}\n")
    (place / "index.js").touch()
    assert [function.name for function in read([place], print)] == ["page"]
    (place / "index.py").unlink()
    with pytest.raises(FunctionFolderError, match=r"`runtime` is missing, so it is Nodejs10\.15"):
        read([place], print)


def test_a_configuration_in_json(folder):
    """A serverless.json is read, with tabs too."""
    place = folder("one")
    (place / "serverless.json").write_text('{\n\t"component": "scf",\n\t"name": "xx",\n\t"inputs": {"timeout": 9}\n}\n')
    assert [(function.name, function.timeout) for function in read([place], print)] == [("xx", 9)]


def test_a_configuration_in_another_encoding(folder):
    """A file in GBK or UTF-16 is read, with a notice that the deploy tool reads only UTF-8."""
    place, notices = folder("one"), []
    for encoding in ("gbk", "utf-16"):
        (place / "serverless.yml").write_bytes(
            "component: scf\nname: xx\ninputs: {description: 签到}\n".encode(encoding)
        )
        assert [function.name for function in read([place], notices.append)] == ["xx"]
    assert [notice.rpartition(". ")[2] for notice in notices] == ["Save it as UTF-8"] * 2


def test_a_zip_in_the_place_of_a_folder(tmp_path):
    """The message says to unpack it."""
    (tmp_path / "code.zip").touch()
    with pytest.raises(FunctionFolderError, match=r"code\.zip: a zip file: unpack it"):
        read([tmp_path / "code.zip"], print)
