"""A running endpoint with the catalogue of functions, one folder an oddity. Tests here carry the mark `endpoint`."""

from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.processes import fork_client
from tests.local.api_client import Api
from tests.local.namespaces_here import in_namespaces

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


@pytest.fixture(params=["with mounts", "without"])
def has_mounts(request, monkeypatch):
    """Whether instances have mounts of their own; both, where the system lets us choose."""
    if request.param == "without":
        monkeypatch.setattr(fork_client, "is_supported", lambda: False)
    elif not (fork_client.is_supported() and in_namespaces()):
        pytest.skip("this system allows no namespaces")
    return request.param == "with mounts"
