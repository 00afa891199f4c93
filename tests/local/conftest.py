"""A running endpoint with the catalogue of functions in `functions/`, one folder an oddity."""

import os
import tempfile
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api

FUNCTIONS = Path(__file__).with_name("catalogue")


@pytest.fixture(scope="session")
def notices():
    """What the endpoint of `scf` had to say."""
    return []


@pytest.fixture(scope="session")
def scf(notices):
    """One endpoint for all tests of a process: none of them may be able to harm it."""
    with LocalSCF(FUNCTIONS, accept=["AKIDbrought:its-key"], notify=notices.append) as running:
        yield running


@pytest.fixture
def api(scf):
    """Signed requests to `scf`."""
    with Api(scf) as signed:
        yield signed


@pytest.fixture
def shared():
    """A folder that a test and its functions both see: `/tmp` is each instance's own where the system allows it."""
    with tempfile.TemporaryDirectory(dir=None if os.name == "nt" else "/var/tmp") as place:
        yield Path(place)


@pytest.fixture
def folder(tmp_path):
    """Writes a function: `folder("name", code)` returns its folder, all of which are in `folder.path`."""

    def write(name, code="def main_handler(event, context):\n    return 1\n", manifest=None):
        place = tmp_path / "functions" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "index.py").write_text(code, encoding="utf-8")
        if manifest is not None:
            (place / "serverless.yml").write_text(manifest, encoding="utf-8")
        return place

    write.path = tmp_path / "functions"
    return write
