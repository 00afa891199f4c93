"""Clients of both kinds, for the tests of functions as values."""

import pytest

from tencentserverless import _client
from tencentserverless._protocol.action import Refusals
from tests.clients import KINDS, client_of


@pytest.fixture(params=KINDS)
def open_client(request, monkeypatch):
    """Makes clients of both kinds, which remember no refusals of other tests."""
    monkeypatch.setattr(_client, "_refusals", Refusals())

    def opened(server, **settings):
        return client_of(request.param, server.endpoint, **settings)

    return opened
