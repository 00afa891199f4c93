"""Remote functions as Python values: the part that the blocking and the asyncio kind share. No I/O."""

from tencentserverless._functions.fanout import Failed
from tencentserverless._settings.settings import UNSET

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple, Union

    from tencentserverless._protocol.invoke import InvokeResult
    from tencentserverless._settings.settings import Unset

DEFAULT_CONCURRENCY = 32


class BaseFunction:
    """One function of one client, with options of its own; see `tencentserverless.scf.Client.function`."""

    def __init__(
        self,
        client: "Any",
        name: str,
        *,
        namespace: str = "default",
        qualifier: str = "$LATEST",
        region: "Optional[str]" = None,
        timeout: "Union[None, float, Unset]" = UNSET,
        routing_key: "Optional[Dict[str, Any]]" = None,
        log_type: str = "None",
        idempotent: bool = False,
        returns: "Optional[Callable[[Any], Any]]" = None,
    ) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"a function's name must be a text that is not empty, not {name!r}")
        self.name = name
        self._client = client
        self._returns = returns
        self._options: "Dict[str, Any]" = {
            "namespace": namespace,
            "qualifier": qualifier,
            "region": region,
            "timeout": timeout,
            "routing_key": routing_key,
            "log_type": log_type,
            "idempotent": idempotent,
        }

    def __repr__(self) -> str:
        return f"<function {self.name!r} of {self._client!r}>"

    def _value(self, result: "InvokeResult") -> "Any":
        """The decoded value of `result`, made into `returns` if that was given."""
        if self._returns is None:
            return result.value
        if hasattr(self._returns, "__dataclass_fields__"):
            return self._returns(**result.value)  # type: ignore[call-arg]
        return self._returns(result.value)

    def _handle(self, kind: "Callable[..., Any]", result: "InvokeResult") -> "Any":
        """The handle of an event that was sent with this result."""
        request_id = result.function_request_id or result.request_id
        namespace, region = self._options["namespace"], self._options["region"]
        return kind(self._client, request_id, self.name, namespace, region, result)


def event_of(positional: "Tuple[Any, ...]", fields: "Dict[str, Any]") -> "Any":
    """The event of ``fn(event)`` or ``fn(**fields)``; None without arguments. Raises TypeError if both are given."""
    if not positional:
        return fields or None
    if len(positional) == 1 and not fields:
        return positional[0]
    raise TypeError("give the event once: as the only positional argument, or as keyword arguments")


def hand_out(item: "Tuple[int, Any]", *, ordered: bool, return_exceptions: bool) -> "Any":
    """One step of `map`: the value, with its index if the steps are not ordered. Raises the failure of its event."""
    index, outcome = item
    if type(outcome) is Failed:
        outcome.error.index = index  # type: ignore[attr-defined]
        if not return_exceptions:
            raise outcome.error
        outcome = outcome.error
    return outcome if ordered else (index, outcome)
