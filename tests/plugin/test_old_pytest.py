"""The plugin beside old versions of pytest and Python."""

import pytest

from tests import environments
from tests.environments import ROOT, environment, find_interpreter

UNUSED = "def test_it():\n    pass\n\n\ndef test_fixture(scf_local):\n    pass\n"
PLUGIN = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tencentserverless.pytest_plugin")
NEEDS = ("httptools", "PyYAML", "click", "trustme", "packaging", "tencentcloud-sdk-python-common")
FROM_SOURCE = {"PYTHONPATH": str(ROOT / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
LOCAL = r"scf_local: tencentserverless.local needs Python 3.10 or later"


@pytest.mark.parametrize(
    ("version", "needs", "text"),
    [
        ("3.6", "pytest==4.6.11", "need pytest 6.2 or later, this is 4.6.11"),
        ("3.7", "pytest<7.5", LOCAL),
    ],
)
def test_a_project_that_does_not_use_it(version, needs, text, tmp_path):
    """With an old Python or pytest the plugin does not disturb, and a test with a fixture of it names the reason."""
    if find_interpreter(version) is None:
        pytest.skip(f"no Python {version} here")
    python = environment(version, "old-pytest", needs, "tencentcloud-sdk-python-common")
    (tmp_path / "test_it.py").write_text(UNUSED)
    _, output, errors = environments.run(python, *PLUGIN, cwd=tmp_path, **FROM_SOURCE)
    assert "1 passed, 1 error" in output, output + errors
    assert text in output


def test_the_oldest_pytest(shop):
    """The fixtures and markers work with pytest 6.2."""
    if find_interpreter("3.10") is None:
        pytest.skip("no Python 3.10 here")
    python = environment("3.10", "old-pytest", "pytest==6.2.5", *NEEDS)
    chosen = ("-k", "marker or asyncio or 443")
    code, output, errors = environments.run(python, *PLUGIN, *chosen, cwd=shop, **FROM_SOURCE)
    assert code == 0, output + errors
    assert "  passed on: 443" in output
