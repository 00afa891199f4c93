"""`function`: rules for the configuration of a function and what it needs."""

import pytest

from tencentserverless._cli.project.rules.function import check
from tencentserverless.local.model.function import Function

CHAIN = "from tencentserverless import scf\n"


def rules(folder, code, runtime="Python3.9", timeout=30):
    function = Function("Name", folder, timeout=timeout, origin=f"{folder}/serverless.yml:3")
    return [(each.rule, each.line) for each in check(function, {f"{folder}/index.py": code}, runtime)]


def test_a_short_time_for_a_chain(tmp_path):
    """A function that invokes others and has the default 3 seconds is a finding at its declaration."""
    (tmp_path / "requirements.txt").write_text("tencentserverless\n")
    assert rules(tmp_path, CHAIN, timeout=3) == [("D11", 3)]
    assert rules(tmp_path, CHAIN, timeout=4) == []
    assert rules(tmp_path, "import json\n", timeout=3) == []


@pytest.mark.parametrize(
    ("runtime", "requirements", "right"),
    [
        ("Python3.9", "", [("D12", 1)]),
        ("Python3.6", "", []),
        ("Python3.9", "tencentserverless>=1\n", []),
        ("Python3.9", "tencentcloud-sdk-python-scf\n", []),
        ("Python3.9", "requests\n", [("D12", 1)]),
    ],
)
def test_the_sdk(tmp_path, runtime, requirements, right):
    """Runtimes later than 3.6 do not have the SDK, so it has to be required or packed."""
    if requirements:
        (tmp_path / "requirements.txt").write_text(requirements)
    assert rules(tmp_path, CHAIN, runtime) == right


def test_a_packed_sdk(tmp_path):
    """A package inside the folder is found."""
    (tmp_path / "tencentserverless").mkdir()
    assert rules(tmp_path, CHAIN) == []


def test_other_packages(tmp_path):
    """A module that is neither in the folder nor of Python nor of the platform is one finding, at its first import."""
    code = "import json, helper\nimport requests.sessions\nfrom requests import get\n"
    (tmp_path / "helper.py").write_text("")
    assert rules(tmp_path, code) == [("D13", 2)]
    assert rules(tmp_path, code, "Python3.6") == []
    (tmp_path / "requirements.txt").write_text("requests\n")
    assert rules(tmp_path, code) == []
