"""What the gate remembers of requests."""

import tracemalloc
from contextlib import suppress

from tencentserverless.local.api.authentication import Gate
from tencentserverless.local.http import hosts
from tencentserverless.local.http.head import header_key
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.credentials import KeyRegistry
from tests.local.api.test_authentication import KNOWN, NOW, v3

LONG = 30_000


def test_long_headers_are_not_remembered():
    """However long the headers of requests are, little is kept of them; what is refused says so in a short text."""
    gate = Gate(KNOWN, KeyRegistry([]))
    tracemalloc.start()
    try:
        for number in range(200):
            text = f"{number}" + "x" * LONG
            header_key(text.encode())
            hosts.refusal("/", {"host": text})
            good = v3()
            for name in ("content-type", "host", "authorization", "x-tc-action", "x-tc-version", "x-tc-region"):
                value = good.headers["authorization"].replace("host", text) if name == "authorization" else text
                with suppress(Refusal):
                    gate.admit(good._replace(headers={**good.headers, name: value}), NOW)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 50 * LONG
