"""The check that an event is standard JSON, that is without NaN and Infinity. Pure."""

from tencentserverless._protocol import strict_json
from tencentserverless.local.model import api_errors


def check_event(event: bytes) -> None:
    """Raises `Refusal` unless `event` is standard JSON."""
    try:
        strict_json.decoded(event.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise api_errors.event_not_json() from None
