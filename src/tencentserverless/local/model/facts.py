"""Facts about what an endpoint does, told while it happens. Pure."""

from typing import NamedTuple

from tencentserverless.local.model.invocation import Invocation, Record


class Begun(NamedTuple):
    """An invocation has come."""

    invocation: Invocation


class Printed(NamedTuple):
    """A function has printed something while it ran or was loaded. The text may end anywhere, also within a line."""

    invocation: Invocation
    text: str


class Ended(NamedTuple):
    """An invocation has ended."""

    record: Record


class Refused(NamedTuple):
    """A request was refused before it became an invocation.

    at: Unix seconds. code, message: those of the API error; a request that is no API request has `HTTP 403` and so on.
    action, region, namespace, function_name: what was asked for, "" if that is not known.
    """

    at: float
    code: str
    message: str
    action: str = ""
    region: str = ""
    namespace: str = ""
    function_name: str = ""


class Noticed(NamedTuple):
    """Something else that the user should know. at: Unix seconds."""

    at: float
    text: str


Fact = Begun | Printed | Ended | Refused | Noticed


def kept_bytes(fact: Fact) -> int:
    """Roughly the memory that a fact needs."""
    if isinstance(fact, Ended):
        return fact.record.kept_bytes
    text = fact.invocation.event if isinstance(fact, Begun) else fact.text if isinstance(fact, Printed) else ""
    return 1000 + len(text)
