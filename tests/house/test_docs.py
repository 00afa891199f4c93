"""The project's pages: their programs run and print what they say, and their links lead somewhere."""

import configparser
import re
import sys
from dataclasses import dataclass, field

import pytest
import yaml

from tencentserverless.local import LocalSCF
from tests import environments
from tests.environments import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("examples/**/*.md"))]
CHINESE = {path: path.parents[1] / path.name for path in PAGES if path.parent.name == "zh"}  # and its English page
CHINESE[ROOT / "README.zh.md"] = ROOT / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"\A# (\S+/\S+\.(?:py|yml))\n")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)


@dataclass
class Page:
    """A page's program: files to write first, the Python to run, and what that prints.

    reported: the lines of texts that stand after files. Tests among these print them.
    """

    files: dict[str, str] = field(default_factory=dict)
    program: str = ""
    printed: str = ""
    reported: list[str] = field(default_factory=list)


def read(path):
    """The program of a page. A block that begins with ``# folder/file`` is that file; one of text after one of Python
    is what has been printed by then."""
    page = Page()
    after_python = False
    for language, text in FENCE.findall(path.read_text(encoding="utf-8")):
        named = FILE_NAME.match(text)
        if named:
            page.files[named[1]] = text
        elif language == "python":
            page.program += text
        elif language == "text" and after_python:
            page.printed += text
        elif language == "text" and page.files:
            page.reported += text.splitlines()
        after_python = language == "python" and not named
    return page


def name_of(path):
    return path.relative_to(ROOT).as_posix()


PROGRAMS = [path for path in PAGES if read(path).program and path not in CHINESE]


@pytest.mark.parametrize("path", PROGRAMS, ids=name_of)
def test_programs_print_what_the_page_says(path, tmp_path):
    """The Python of a page, run from top to bottom against a local endpoint, prints the page's own text blocks."""
    page = read(path)
    folders = {file.parent for file in written(page, tmp_path) if file.parent.name != "tests"}
    with LocalSCF(*sorted(folders)) as local:
        code, output, errors = environments.run(
            sys.executable,
            *("-W", "error", "-c", page.program),
            cwd=tmp_path,
            TENCENTSERVERLESS_ENDPOINT=local.endpoint,
            TENCENTCLOUD_SECRETID=local.secret_id,
            TENCENTCLOUD_SECRETKEY=local.secret_key,
        )
    assert (code, errors) == (0, "")
    assert output == page.printed


def written(page, folder):
    """Write the files of a page, and return their paths."""
    for name, text in page.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        yield file


WRONG = {  # the tests on these pages that are to fail
    "README.md": [],
    "docs/testing.md": [
        "test_chain.py::test_the_customer_is_told",
        "test_cloud.py::test_with_keys_in_the_source",
        "test_faults.py::test_buying[433]",
        "test_wrong.py::test_a_name_that_is_wrong",
        "test_wrong.py::test_a_stub_that_is_not_used",
    ],
}


@pytest.mark.parametrize("name", WRONG)
def test_tests_on_the_page_pass(name, tmp_path):
    """The tests on a page pass in a project of its files, but those that show a report, which is as printed."""
    page = read(ROOT / name)
    assert list(written(page, tmp_path))
    plugin = ("-p", "tencentserverless.pytest_plugin", f"--rootdir={tmp_path}", "-o", "usefixtures=scf_guard")
    code, output, _ = environments.run(
        *(sys.executable, "-W", "error", "-m", "pytest", "-rfE", *plugin, "tests"),
        cwd=tmp_path,
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )
    wrong = re.findall(r"^(?:FAILED|ERROR) tests/(\S+)", output, re.MULTILINE)
    assert (code, sorted(wrong)) == (bool(WRONG[name]), WRONG[name]), output
    lines = {re.sub(r"\d+ ms", "0 ms", line.strip()) for line in output.splitlines()}
    shown = [re.sub(r"\d+ ms", "0 ms", line.strip()) for line in page.reported] if WRONG[name] else []
    assert not [line for line in shown if line not in lines], output


def test_the_files_for_ci_run_the_tests():
    """The files for GitHub and GitLab are YAML, and install and run the same."""
    texts = [text for language, text in FENCE.findall((ROOT / "docs/testing.md").read_text()) if language == "yaml"]
    github, gitlab = map(yaml.safe_load, texts)
    steps = [step["run"] for step in github["jobs"]["tests"]["steps"] if "run" in step]
    assert steps == gitlab["tests"]["script"]
    assert steps[-1] == "python -m pytest -n auto"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path):
    """Every link to a page or file of the project, relative or with the project's URL, leads to one that exists, and to
    a heading that it has."""
    home = f"{project_url()}/blob/HEAD/"
    for target in map("".join, LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8")))):
        if re.match(r"[a-z]+:", target) and not target.startswith(home):
            continue
        name, _, heading = target.removeprefix(home).partition("#")
        folder = ROOT if target.startswith(home) else path.parent
        file = folder / name if name else path
        assert file.exists(), target
        if heading:
            assert heading in headings(file), target


def test_the_readme_has_complete_addresses():
    """README.md is also shown without the files beside it: every link is a complete address, every label is defined."""
    text = FENCE.sub("", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert not [target for target in map("".join, LINK.findall(text)) if not target.startswith("https://")]
    defined = set(re.findall(r"^\[([^\]]+)\]: ", text, re.MULTILINE))
    used = {label or words for words, label in re.findall(r"\[([^\]]+)\](?:\[([^\]]+)\])?(?!: h)", text)}
    assert used == defined


def project_url():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    return settings["metadata"]["url"]


def headings(path):
    """The anchors of a page's headings, as they are made of their words."""
    found = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in found}


def test_the_error_tree_is_the_code_s():
    """The picture of the errors is the one that stands over their code."""
    from tencentserverless import exception

    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    tree = [line.strip() for line in exception.__doc__.splitlines() if re.search("[├│└]|^    ServerlessError", line)]
    assert "\n".join(tree) in "\n".join(line.strip() for line in page.splitlines())


def test_every_setting_is_described():
    """Every variable of the environment that the client reads stands on the page about settings."""
    source = (ROOT / "src" / "tencentserverless" / "_settings" / "settings.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    names = set(re.findall(r'"([A-Z][A-Z_]*_[A-Z_]+)"', source)) - {"FAMILIES"}
    assert not sorted(name for name in names if f"`{name}" not in page and f"{name}`" not in page)


def test_every_argument_of_the_client_is_described():
    """Every argument of `Client` stands on the page about settings."""
    import inspect

    from tencentserverless.scf import Client

    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    arguments = set(inspect.signature(Client.__init__).parameters) - {"self"}
    assert not sorted(name for name in arguments if f"`{name}`" not in page)


@pytest.mark.parametrize(
    ("name", "tool", "text"),
    [
        ("reference.md", "reference", "page"),
        ("errors.md", "reference", "errors_page"),
        ("command-line.md", "command_line", "page"),
    ],
)
def test_written_pages_are_up_to_date(name, tool, text):
    """What `make docs` writes is what stands there: the reference, the table of what is tried again, and the help of
    the command line."""
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    program = f"import {tool}; print({tool}.{text}())"
    code, output, errors = environments.run(sys.executable, "-c", program, cwd=ROOT / "tools")
    assert code == 0, errors
    assert output == written + "\n", "run `make docs`"


@pytest.mark.parametrize("path", CHINESE, ids=name_of)
def test_pages_in_both_languages(path):
    """A page in Chinese has the sections, the rows of tables, the commands and the programs of its English page."""
    chinese, english = (each.read_text(encoding="utf-8") for each in (path, CHINESE[path]))
    assert FENCE.findall(chinese) == FENCE.findall(english)
    for mark in ("## ", "| ", "- "):
        assert chinese.count("\n" + mark) == english.count("\n" + mark)


def test_the_architecture_names_files_that_exist():
    """Each file and folder of the package that ARCHITECTURE.md names is there."""
    package, missing = ROOT / "src" / "tencentserverless", []
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")):
        places = (package / name, package / "local" / name, ROOT / name)
        if not any(place.exists() for place in places) and ("/" in name or not list(package.rglob(name))):
            missing.append(name)
    assert not missing
