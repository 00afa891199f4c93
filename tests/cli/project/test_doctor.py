"""``doctor``."""

import json
import os

import pytest

BAD = "def main_handler(event, context):\n    return context.request_id\n"
MANIFEST = "component: scf\nname: Name\ninputs:\n  runtime: Python3.9\n"
GOOD = 'def main_handler(event, context):\n    return context["request_id"]\n'


@pytest.fixture
def project(tmp_path):
    for name, code in (("Bad", BAD), ("Good", GOOD)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.py").write_text(code)
        (tmp_path / name / "serverless.yml").write_text(MANIFEST + "  x: 1\n")
    return tmp_path


def test_findings(command, project):
    """Each finding is an object with its number, place, reason and fix, those of the configuration too, and exit 1."""
    done = command("doctor", str(project / "Bad"), "--json", "--no-network")
    found = [each for each in map(json.loads, done.stdout.splitlines()) if "rule" in each]
    assert done.returncode == 1
    assert [(each["rule"], each["line"]) for each in found] == [("D10", 5), ("D04", 2)]
    assert found[0]["file"] == str(project / "Bad" / "serverless.yml")
    assert found[1] == {
        "rule": "D04",
        "file": str(project / "Bad" / "index.py"),
        "line": 2,
        "reason": "`context` is a dict, without `.request_id`",
        "fix": 'Write `context["request_id"]`.',
        "level": "error",
    }


def test_a_folder_without_a_function(command, tmp_path):
    """A folder that cannot be served is a finding too."""
    done = command("doctor", str(tmp_path), "--no-network")
    assert done.returncode == 1
    assert f"{tmp_path}: D10 " in done.stdout


def test_no_finding(command, project):
    """A right function gives the settings alone on standard output, and exit code 0; a pipe beside it is not read."""
    os.mkfifo(project / "Good" / "pipe.py")
    (project / "Good" / "serverless.yml").write_text(MANIFEST)
    done = command("doctor", str(project / "Good"), "--no-network")
    assert done.returncode == 0
    assert "\n    " not in done.stdout
    assert done.stdout.startswith("region  ")
    assert done.stderr.endswith(f"Findings in {project / 'Good'}: 0\n")
