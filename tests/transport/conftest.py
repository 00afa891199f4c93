"""For the tests of both transports."""

import pytest


@pytest.fixture
def without_delay(monkeypatch):
    """Attempts follow each other at once."""
    monkeypatch.setattr("random.random", lambda: 0.0)
    monkeypatch.setattr("tencentserverless._transport.asyncio.transport.random", lambda: 0.0)
