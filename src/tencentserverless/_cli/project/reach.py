"""Asks an endpoint for the head of an answer, as the client would: through its proxy, with its certificates."""

from time import monotonic, time
from typing import NamedTuple

from tencentserverless._protocol.effects import Fault, Origin
from tencentserverless._protocol.http1 import Malformed, Truncated, read_fields
from tencentserverless._transport.blocking.drive import drive
from tencentserverless._transport.blocking.pool import Held, Pool
from tencentserverless._transport.route import Route

SECONDS = 2.0  # for all of it: who is off-line shall not wait


class Answer(NamedTuple):
    """date: the header field, "" if it is missing. now: this machine's clock when the answer came, as Unix time."""

    date: str
    now: float


def ask(origin: Origin, ca_file: str | None) -> Answer:
    """Send one HEAD. It is not signed, and any HTTP status is an answer. Raises Fault."""
    held = Held(Pool(Route(ca_file, SECONDS), 1))
    try:
        held.open(origin, monotonic() + SECONDS, fresh=True)
        return _exchange(held, origin)
    except Malformed as error:
        raise Fault("read", error.told(lambda data: data)) from None
    except Truncated:
        raise Fault("read", "it ended the connection without an answer") from None
    finally:
        held.close()


def _exchange(held: Held, origin: Origin) -> Answer:
    connection = held.connection
    assert connection is not None
    connection.write(f"HEAD / HTTP/1.1\r\nHost: {origin.authority}\r\nConnection: close\r\n\r\n".encode("ascii"))
    fields = drive(read_fields(), lambda _read: connection.read())
    return Answer(fields.get(b"date", b"").decode("latin-1"), time())
