"""``init``: projects that run, with tests that pass."""

import json
import sys

import pytest
from click.testing import CliRunner

from tencentserverless._cli.commands import root
from tencentserverless._cli.project.templates import TEMPLATES
from tests import environments


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(root, list(arguments))


def test_every_template_runs_and_its_tests_pass(here):
    """Each template gives its files, in which `doctor` finds nothing, and its tests pass."""
    for name, template in TEMPLATES.items():
        done = run("init", name, "--template", name, "--json")
        assert json.loads(done.stdout) == {"folder": name, "files": list(template.files)}
        assert run("doctor", name, "--no-network").stderr.endswith(f"Findings in {name}: 0\n")
    plugin = ("-p", "tencentserverless.pytest_plugin", f"--rootdir={here}")
    code, output, _ = environments.run(
        *(sys.executable, "-W", "error", "-m", "pytest", "-q", *plugin, *TEMPLATES),
        cwd=here,
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )
    assert code == 0, output
    assert "7 passed" in output


def test_the_first_steps(here):
    """The command tells what to type next, and the invocation that stands there works."""
    done = run("init")
    assert done.stdout.splitlines()[0] == "hello/Hello/index.py"
    assert 'tencentserverless local invoke .:Hello -d \'{"name": "SCF"}\'' in done.stderr
    assert run("local", "invoke", "hello:Hello", "-d", TEMPLATES["hello"].event).stdout == '"Hello SCF"\n'


def test_a_folder_that_is_not_empty(here):
    """Nothing is written to a folder that has files."""
    (here / "hello").mkdir()
    (here / "hello" / "mine").touch()
    done = run("init")
    assert (done.exit_code, done.stdout, [path.name for path in here.rglob("*")]) == (2, "", ["hello", "mine"])
