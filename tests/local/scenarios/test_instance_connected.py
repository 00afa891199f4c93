"""Instances whose workers connect, as on Windows: everything that is true of the others."""

from dataclasses import replace

import pytest

from tencentserverless.local import LocalSCF
from tests.local.scenarios.conftest import FUNCTIONS
from tests.local.scenarios.test_instance import *  # noqa: F403


@pytest.fixture(scope="module")
def notices():
    """What this endpoint had to say."""
    return []


@pytest.fixture(scope="module")
def scf(notices):
    """An endpoint that starts its workers so."""
    running = LocalSCF(FUNCTIONS, notify=notices.append)
    running._options = replace(running._options, start_method="connect")
    with running:
        yield running
