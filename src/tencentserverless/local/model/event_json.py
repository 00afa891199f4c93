"""The check that an event is standard JSON, that is without NaN and Infinity. Pure."""

import json

from tencentserverless.local.model import api_errors


def check_event(event: bytes) -> None:
    """Raises `Refusal` unless `event` is standard JSON."""
    try:
        _strict_json(event.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise api_errors.event_not_json() from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_strict_json = json.JSONDecoder(parse_constant=_refuse_constant).decode
