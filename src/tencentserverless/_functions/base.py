"""Remote functions as Python values: the part that the blocking and the asyncio kind share. No I/O."""

from functools import lru_cache

from tencentserverless._functions.fanout import Failed, Fanout, Plan
from tencentserverless._protocol.invoke import check_name
from tencentserverless._settings.settings import UNSET

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Container, Dict, Iterable, Optional, Tuple, Union

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
        check_name(name)
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
            return self._returns(**_known(self._returns, dict(**result.value)))  # type: ignore[call-arg]
        return self._returns(result.value)

    def _value_and_result(self, result: "InvokeResult") -> "Any":
        return self._value(result), result

    def _fanout(self, events: "Iterable[Any]", **arguments: "Any") -> Fanout:
        """The bookkeeping of one `map`. Raises SettingsError if an argument or a setting is wrong."""
        idempotent, patience = self._options["idempotent"], self._client._patience(self._options)
        return Fanout(events, Plan(idempotent=idempotent, patience=patience, **arguments))

    def _invoker(self, with_results: bool) -> "Callable[[Any], Any]":
        """A function from an event to what `map` hands out for it."""
        value = self._value_and_result if with_results else self._value
        return self._client._invoker(self.name, self._options, value)  # type: ignore[no-any-return]

    def _handle(self, kind: "Callable[..., Any]", result: "InvokeResult") -> "Any":
        """The handle of an event that was sent with this result."""
        request_id = result.function_request_id or result.request_id
        namespace, region = self._options["namespace"], self._options["region"]
        return kind(self._client, request_id, self.name, namespace, region, result)


def _known(dataclass: "Callable[..., Any]", value: "Dict[str, Any]") -> "Dict[str, Any]":
    """The part of `value` that the dataclass has fields for: the remote function may add others later."""
    names = _parameters(dataclass)
    return value if names is None else {name: value[name] for name in value if name in names}


@lru_cache(maxsize=64)
def _parameters(dataclass: "Callable[..., Any]") -> "Optional[Container[str]]":
    """The names of the arguments that make a dataclass; None if it takes any."""
    from inspect import signature  # loaded already, by `dataclasses`

    parameters = signature(dataclass).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    return None if takes_any else frozenset(parameters)


def event_of(positional: "Tuple[Any, ...]", fields: "Dict[str, Any]") -> "Any":
    """The event of ``fn(event)`` or ``fn(**fields)``; None without arguments. Raises TypeError if both are given."""
    if not positional:
        return fields or None
    if len(positional) == 1 and not fields:
        return positional[0]
    raise TypeError("give the event once: as the only positional argument, or as keyword arguments")


def hand_out(item: "Tuple[int, Any]", plan: Plan) -> "Any":
    """One step of `map`: the value, with its index if the steps are not ordered. Raises the failure of its event."""
    index, outcome = item
    if type(outcome) is Failed:
        outcome.error.index = index  # type: ignore[attr-defined]
        if not plan.return_exceptions:
            raise outcome.error
        outcome = outcome.error
    return outcome if plan.ordered else (index, outcome)
