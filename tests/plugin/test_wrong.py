"""Ways to be wrong, each with the text that its user reads. The texts are in the folder beside this file."""

from pathlib import Path

import pytest

from tests import environments
from tests.plugin.conftest import normal

TEXTS = Path(__file__).parent / "texts"
MISSING = "raise ModuleNotFoundError('httptools', name='httptools')\n"


@pytest.fixture(scope="module")
def ran(run_once):
    """One run of the tests in shop/wrong, without xdist."""
    return run_once("wrong", "-p", "no:xdist")


@pytest.mark.parametrize(
    "name",
    [
        "unused_stub",
        "unexpected_call",
        "raising_stub",
        "wrong_setting",
        "wrong_folder",
        "port_taken",
        "leftover_thread",
        "mistaken[434]",
    ],
)
def test_the_text_of_an_error(ran, name):
    """The error says what was not as expected, of which stub or function, and what to do."""
    check(ran.reports["test_" + name], name.partition("[")[0])


@pytest.mark.parametrize("name", ["wrong_name", "wrong_executed"])
def test_the_section_of_a_failure(ran, name):
    """A test that failed by itself has the same text in a section of its report."""
    failure = ran.output.split(f" test_{name}", 1)[1]
    section = failure.split("- SCF invocations -", 1)[1].partition("\n")[2]
    check(section.split("\n___")[0].split("\n===")[0].rstrip("\n"), name)


def test_the_summary_names_the_reason(ran):
    """The line of a test in the short summary begins with the reason."""
    assert 'test_unused_stub - Failed: stub("Refund") ' in ran.output.replace("\n", " ")


def test_a_fixture_of_a_wider_scope(ran):
    """A fixture of a module cannot use the endpoint, which is that of one test: pytest says so."""
    text = ran.reports["test_nested_fixtures"]
    assert "ScopeMismatch: You tried to access the function scoped fixture scf_local with a module scoped" in text


def test_without_the_extra(python, shop, tmp_path):
    """Without the extra, a fixture fails with the command to run, and a marker does not disturb."""
    (tmp_path / "httptools.py").write_text(MISSING)
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "-k", "mistaken", "wrong/test_wrong.py")
    _, output, _ = environments.run(python, *command, cwd=shop, PYTHONPATH=str(tmp_path))
    check(normal(output.split("\n___", 1)[1].partition("\n")[2].split("\n===")[0], shop), "no_extra")


def test_without_xdist(ran, python, shop):
    """Without xdist the plugin works, and pytest refuses the option of xdist."""
    assert ran.reports["test_wrong_name"]
    code, _, errors = environments.run(python, "-m", "pytest", "-p", "no:xdist", "-n", "2", cwd=shop)
    assert (code, "unrecognized arguments: -n" in errors) == (4, True)


def check(text, name):
    """Compare with the text in its file."""
    assert text + "\n" == (TEXTS / f"{name}.txt").read_text(encoding="utf-8")
