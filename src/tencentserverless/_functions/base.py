"""Remote functions as Python values: the part that the blocking and the asyncio kind share. No I/O."""

from functools import lru_cache
from typing import Generic, TypeVar, overload

from tencentserverless._functions.fanout import Failed, Fanout, Plan, Recorder
from tencentserverless._functions.journal import Journal
from tencentserverless._protocol.invoke import check_name
from tencentserverless._settings.settings import UNSET

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any, Callable, Container, Dict, Iterable, Optional, Tuple, Union

    from tencentserverless._protocol.invoke import InvokeResult
    from tencentserverless._settings.settings import Unset

DEFAULT_CONCURRENCY = 32

Values = TypeVar("Values")
Pairs = TypeVar("Pairs")


class BaseFunction(Generic[Values, Pairs]):
    """One function of one client, with options of its own; see `tencentserverless.scf.Client.function`.

    Values, Pairs: the iterators that `map` returns, of values and of (value, InvokeResult) pairs.
    """

    _iterator: "Callable[..., Any]"  # the class of both

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

    @overload
    def map(
        self,
        events: "Iterable[Any]",
        concurrency: int = ...,
        ordered: bool = ...,
        return_exceptions: bool = ...,
        *,
        retries: int = ...,
        journal: "Union[None, str, os.PathLike[str]]" = ...,
    ) -> "Values": ...

    @overload
    def map(
        self,
        events: "Iterable[Any]",
        concurrency: int = ...,
        ordered: bool = ...,
        return_exceptions: bool = ...,
        *,
        retries: int = ...,
        journal: "Union[None, str, os.PathLike[str]]" = ...,
        with_results: bool,
    ) -> "Pairs": ...

    def map(
        self,
        events: "Iterable[Any]",
        concurrency: int = DEFAULT_CONCURRENCY,
        ordered: bool = True,
        return_exceptions: bool = False,
        *,
        retries: int = 0,
        journal: "Union[None, str, os.PathLike[str]]" = None,
        with_results: bool = False,
    ) -> "Any":
        """Invoke the function with each event, `concurrency` at a time. Returns a lazy iterator of the decoded values.
        If the function is one of an `AsyncClient`, the iterator is for ``async for``.

        events: an iterable of any length. It is read while the results are taken, so memory stays bounded.
        ordered: True for the values in the order of the events, False for (index, value) pairs as they finish.
        return_exceptions: True to return a failure at its place. Otherwise the failure is raised at its place, and the
            iteration can go on after it. Failures have `.index`, the number of their event.
        retries: how often an event is sent again after a failure with `executed` "no" (no connection, throttled or no
            capacity for longer than `timeout`). If the function is `idempotent`, also after other failures of the
            invocation.
        journal: a file that notes each event before it is sent, and each outcome. If the program ends before the map
            does, also by `kill -9`, the same map with the same journal hands out the outcomes of the file and sends
            the other events. An event that was under way may have run: its outcome is a TransportError with `executed`
            "maybe", or it is sent again if the function is `idempotent`. Other events than before, another function
            and a journal in use raise SettingsError. An OSError of the file ends the iteration.
        with_results: True for (value, InvokeResult) pairs: request id, duration and log beside the value.

        A failure that every event would meet ends the iteration, also with `return_exceptions`: no such function,
        namespace or qualifier, refused or missing credentials, wrong settings, a certificate that is not trusted. No
        further event is sent. The failure is raised once: after the outcomes of the events that were sent, or at its
        place if failures are raised in order. Its `.sent` is the number of events that were sent.

        The context variables that are set when an event is read go with it into the thread or task that invokes.

        When the platform throttles, fewer invocations are in flight for a while; none fails because of that. The action
        is InvokeFunction, which the platform allows 10,000 times a second, or Invoke (100 times a second) where
        InvokeFunction is refused. Mirrors https://cloud.tencent.com/document/product/583/58400
        """
        arguments = {"ordered": ordered, "return_exceptions": return_exceptions, "retries": retries}
        opened = None if journal is None else Journal(journal, self._about())
        return self._map(events, opened, with_results, concurrency=concurrency, **arguments)

    def _map(
        self, events: "Iterable[Any]", journal: "Optional[Journal]", with_results: bool, **arguments: "Any"
    ) -> "Any":
        """`map` with an open journal. arguments: those of `_plan`."""
        plan = self._plan(**arguments)
        value = self._value_and_result if with_results else self._value
        if journal is None:
            return self._iterator(Fanout(events, plan), self._invoker(value))
        recorder = Recorder(journal, self._client._encode, value, plan)
        return self._iterator(Fanout(events, plan, recorder), self._invoker(_itself))

    def _about(self) -> "Dict[str, Any]":
        """What a journal of this function is about."""
        region = self._client._resolve(self._options["region"], UNSET)[0]
        names = ("namespace", "qualifier")
        return {"function": self.name, "region": region, **{name: self._options[name] for name in names}}

    def _value(self, result: "InvokeResult") -> "Any":
        """The decoded value of `result`, made into `returns` if that was given."""
        if self._returns is None:
            return result.value
        if hasattr(self._returns, "__dataclass_fields__"):
            if not isinstance(result.value, dict):
                raise TypeError(f"{self.name} ran. It returned {type(result.value).__name__}, not an object")
            return self._returns(**_known(self._returns, result.value))  # type: ignore[call-arg]
        return self._returns(result.value)

    def _value_and_result(self, result: "InvokeResult") -> "Any":
        return self._value(result), result

    def _plan(self, **arguments: "Any") -> Plan:
        """How one `map` invokes. Raises SettingsError if an argument or a setting is wrong."""
        idempotent, patience = self._options["idempotent"], self._client._patience(self._options)
        return Plan(idempotent=idempotent, patience=patience, **arguments)

    def _invoker(self, value: "Callable[[Any], Any]") -> "Callable[[Any], Any]":
        """A function from an event to the `value` of its result."""
        return self._client._invoker(self.name, self._options, value)  # type: ignore[no-any-return]

    def _handle(self, kind: "Callable[..., Any]", result: "InvokeResult") -> "Any":
        """The handle of an event that was sent with this result."""
        request_id = result.function_request_id or result.request_id
        namespace, region = self._options["namespace"], self._options["region"]
        return kind(self._client, request_id, self.name, namespace, region, result)


def _itself(result: "InvokeResult") -> "InvokeResult":
    return result


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
