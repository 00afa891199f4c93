"""Remote functions as Python values: what the blocking and the asyncio kinds share. No I/O."""

from tencentserverless._functions.fanout import Failed
from tencentserverless._settings.settings import UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple, Union

    from tencentserverless._protocol.invoke import InvokeResult
    from tencentserverless._settings.settings import Unset

DEFAULT_CONCURRENCY = 32


class BaseFunction(object):
    """One function of one client, with options of its own; see `tencentserverless.scf.Client.function`."""

    def __init__(
        self,
        client: "Any",
        name: str,
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
            raise TypeError("a function's name is a text that is not empty, not %r" % (name,))
        self.name = name
        self._client = client
        self._returns = returns
        self._options = {
            "namespace": namespace,
            "qualifier": qualifier,
            "region": region,
            "timeout": timeout,
            "routing_key": routing_key,
            "log_type": log_type,
            "idempotent": idempotent,
        }  # type: Dict[str, Any]

    def __repr__(self) -> str:
        return "<function %r of %r>" % (self.name, self._client)

    def _value(self, result: "InvokeResult") -> "Any":
        """What the function returned, decoded, and made into `returns` where that was given."""
        if self._returns is None:
            return result.value
        if hasattr(self._returns, "__dataclass_fields__"):
            return self._returns(**result.value)  # type: ignore[call-arg]
        return self._returns(result.value)


def event_of(positional: "Tuple[Any, ...]", fields: "Dict[str, Any]") -> "Any":
    """The event of ``fn(event)`` or ``fn(**fields)``; None for neither."""
    if not positional:
        return fields or None
    if len(positional) == 1 and not fields:
        return positional[0]
    raise TypeError("give the event once: as the only positional argument, or as keyword arguments")


def hand_out(item: "Tuple[int, Any]", ordered: bool, return_exceptions: bool) -> "Any":
    """One step of `map`: the value, with its index where order was given up. Raises the failure of its event."""
    index, outcome = item
    if type(outcome) is Failed:
        outcome.error.index = index  # type: ignore[attr-defined]
        if not return_exceptions:
            raise outcome.error
        outcome = outcome.error
    return outcome if ordered else (index, outcome)
