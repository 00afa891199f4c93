"""The project of a user, in an environment with the built wheel. Its own tests are run by pytest processes."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from tests import environments

SHOP = Path(__file__).parent / "shop"
collect_ignore = ["shop"]


class Ran(NamedTuple):
    """What a run of pytest said. reports: by test, the text of its failure, "" if it passed."""

    code: int
    output: str
    reports: dict


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """The Python of an environment with the wheel, pytest and pytest-xdist."""
    (wheel,) = environments.distributions(tmp_path_factory).glob("*.whl")

    def make(folder):
        pins = environments.pins_for("{}.{}".format(*sys.version_info[:2]))
        environments.uv("venv", "-q", "-p", sys.executable, str(folder))
        inside = str(folder / "bin" / "python")
        needs = (f"{wheel}[local]", "pytest", "pytest-xdist", "coverage")
        environments.uv("pip", "install", "-q", "-p", inside, "-c", str(pins), *needs)

    return environments.once(tmp_path_factory, "environment-of-a-user", make) / "bin" / "python"


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """A copy of the project, for all test processes."""
    return environments.once(tmp_path_factory, "shop", copy_shop)


@pytest.fixture(scope="session")
def run_once(python, tmp_path_factory):
    """`run_once(folder, *arguments)` runs the tests in this folder of the project, once for all test processes."""

    def runs(name, *arguments, **variables):
        def make(folder):
            folder.mkdir()
            copy_shop(folder / "shop")
            given = ("-q", "-p", "no:cacheprovider", f"--junitxml={folder / 'report.xml'}", *arguments, name)
            home = folder / "shop"
            ran = environments.run(python, "-m", "pytest", *given, cwd=home, HOME=str(home), **variables)
            (folder / "ran.json").write_text(json.dumps(ran))

        folder = environments.once(tmp_path_factory, f"ran-{name}", make)
        code, output, errors = json.loads((folder / "ran.json").read_text())
        shop = f"{folder}.part/shop"
        found = ET.parse(folder / "report.xml").getroot().iter("testcase")
        return Ran(code, normal(output + errors, shop), {case.get("name"): text_of(case, shop) for case in found})

    return runs


def copy_shop(folder):
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))


def text_of(case, folder):
    """The text of a failure, without what differs from run to run and from one Python to the next."""
    failures = [part.text or "" for part in case if part.tag in ("failure", "error")]
    return normal("\n".join(failures), folder)


def normal(text, folder):
    text = text.replace(f"{folder}/", "").replace(str(folder), ".")
    text = re.sub(r"\n *[~^]+(?=\n)", "", re.sub(r"in \d+ ms", "in 0 ms", text))
    return re.sub(r"port \d{4,}", "port 12345", text).rstrip("\n")
