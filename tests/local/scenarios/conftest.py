"""A running endpoint with the catalogue of functions, one folder an oddity. Tests here carry the mark `endpoint`."""

from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api

HERE = Path(__file__).parent
FUNCTIONS = HERE.with_name("catalogue")


def pytest_collection_modifyitems(items):
    """Mark each test of this folder as one that starts an endpoint."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("endpoint")


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
