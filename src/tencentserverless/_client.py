"""The part that both clients share: arguments and settings in, one invocation out. No I/O."""

import warnings
from functools import wraps

from tencentserverless._protocol import event as events
from tencentserverless._protocol.action import INVOKE, INVOKE_FUNCTION, Fallback, Refusals
from tencentserverless._protocol.failure import named
from tencentserverless._protocol.invoke import Invocation, body_head, check_name, decipher_action, invoke_body
from tencentserverless._settings import settings
from tencentserverless._settings.credentials import Source, TooLate
from tencentserverless._settings.found import without_frames
from tencentserverless._settings.identity import identity
from tencentserverless._settings.settings import UNSET
from tencentserverless._signals import pass_on
from tencentserverless.exception import EventError, InvokeTimeoutError, ServerlessError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple, Type, TypeVar, Union

    from tencentserverless._protocol.effects import Origin
    from tencentserverless._protocol.identity import Identity
    from tencentserverless._protocol.invoke import Head
    from tencentserverless._protocol.trace import Step
    from tencentserverless._settings.settings import Unset

    F = TypeVar("F", bound=Callable[..., Any])

# The options of the native form since the first version. New options would take the names of event fields.
_OPTIONS = ("namespace", "qualifier", "log_type", "invocation_type")

# Methods that tools call on any object that seems to have them: IPython's help and completion, `dict(object)` (FastAPI,
# pydantic), and what makes JSON, a data frame or an array of an object. None of them is meant to invoke a function.
_OF_TOOLS = frozenset(
    ("getdoc", "trait_names", "keys", "items", "isoformat", "tolist", "to_list", "to_numpy", "to_pandas", "toPandas")
    + ("for_json", "to_json", "toJSON", "to_dict", "toDict", "as_dict", "model_dump", "to_plotly_json")
)

_encode = events.text_encoder()
_refusals = Refusals()  # of all clients of this process: a refusal holds for a secret id, not for a client


def _text_encoder(default: "Optional[Callable[[Any], Any]]") -> "Callable[[Any], str]":
    return _encode if default is None else events.text_encoder(_hook(default))


def _hook(default: "Callable[[Any], Any]") -> "Callable[[Any], Any]":
    """`default`, whose failures are about the event: other exceptions than those of `json.dumps` become EventErrors."""

    def call(value: "Any") -> "Any":
        try:
            return default(value)
        except (TypeError, ValueError, RecursionError):
            raise
        except Exception as error:
            pass_on(error)
            raise EventError("ClientParamsError", f"default() raised {type(error).__name__}") from error

    return call


def takes_no_event(method: "F") -> "F":
    """A method without arguments. If it is given some, its name was meant as a function's, and the error says so."""

    @wraps(method)
    def checked(*arguments: "Any", **fields: "Any") -> "Any":
        if len(arguments) > 1 or fields:
            name = method.__name__
            message = (
                f'client.{name}() is a method without arguments; client["{name}"](...) invokes a function {name!r}'
            )
            raise TypeError(message)
        return method(*arguments)

    return checked  # type: ignore[return-value]


class BaseClient:
    """The settings of a client, and the forms in which it invokes. A subclass has `invoke`, which performs I/O."""

    # Without these, Python takes a class with `__getitem__` for a sequence: `in` and `for` would call `client[0]`.
    __iter__ = None
    __contains__ = None

    _timeout_error: "Type[InvokeTimeoutError]" = InvokeTimeoutError  # the class to raise at a deadline

    def __init__(
        self,
        region: "Optional[str]" = None,
        secret_id: "Optional[str]" = None,
        secret_key: "Optional[str]" = None,
        token: "Optional[str]" = None,
        *,
        profile: "Optional[str]" = None,
        credentials: "Optional[Callable[[], Any]]" = None,
        endpoint: "Optional[str]" = None,
        timeout: "Union[None, float, Unset]" = UNSET,
        connect_timeout: float = settings.DEFAULT_CONNECT_TIMEOUT,
        max_connections: int = settings.DEFAULT_MAX_CONNECTIONS,
        proxy: "Optional[str]" = None,
        ca_file: "Optional[str]" = None,
        default: "Optional[Callable[[Any], Any]]" = None,
        action: str = INVOKE,
        trace: "Optional[Callable[[Step], Any]]" = None,
        language: "Optional[str]" = None,
    ) -> None:
        self.region = region
        self.secret_id = secret_id
        self.secret_key = secret_key
        self.token = token
        self._proxy = proxy
        self._endpoint = endpoint
        del region, secret_id, secret_key, token, proxy, endpoint  # a traceback with variables would show them
        self._profile = profile
        self._source = None if credentials is None else self._make_source(credentials)
        self._timeout = timeout
        self._connect_timeout = settings.connect_timeout(connect_timeout)
        self._max_connections = settings.whole_number("max_connections", max_connections)
        self._ca_file = ca_file
        self._default = default
        self._encode = _text_encoder(default)
        if action not in (INVOKE, INVOKE_FUNCTION):
            raise ValueError(f"action must be {INVOKE!r} or {INVOKE_FUNCTION!r}")
        self._action = action
        self._trace = trace
        self._language = language

    def __repr__(self) -> str:
        # What is not a region or an endpoint may be a key in the wrong place.
        region = repr(self.region) if self.region is None or settings.is_region(self.region) else "***"
        return f"<{type(self).__name__} region={region} endpoint={settings.shown_endpoint(self._endpoint)}>"

    def _make_source(self, credentials: "Callable[[], Any]") -> Source:
        return Source(credentials)

    def __getstate__(self) -> "Dict[str, Any]":
        """Copies and other processes get the settings, not the connections."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_own", "_encode")}

    def __setstate__(self, state: "Dict[str, Any]") -> None:
        self.__dict__.update(state)
        self._encode = _text_encoder(self._default)

    def _invocation(
        self,
        function_name: str,
        namespace: "Optional[str]" = None,
        log_type: "Optional[str]" = None,
        qualifier: "Optional[str]" = None,
        invocation_type: "Optional[str]" = None,
        data: "Any" = None,
        *,
        region: "Optional[str]" = None,
        routing_key: "Optional[Dict[str, Any]]" = None,
        timeout: "Union[None, float, Unset]" = UNSET,
        idempotent: bool = False,
    ) -> Invocation:
        """One invocation with every setting but the credentials. Raises EventError, SettingsError and TypeError."""
        check_name(function_name)
        is_event = invocation_type == "Event"
        action = INVOKE if is_event else self._action
        found: "Optional[str]" = None  # the region, which an error names if it is known
        try:
            found, origin, seconds = self._resolve(region, timeout)
            language = settings.language(self._language)
            head = body_head(action, function_name, namespace, log_type, qualifier, invocation_type, routing_key)
            body = self._body(head, data)
        except ServerlessError as error:
            named(error, function_name, found, namespace)
            raise
        made = Invocation(
            origin,
            found,
            action,
            body,
            seconds,
            idempotent=idempotent,
            returns_at_once=is_event,
            timeout_error=self._timeout_error,
            function_name=function_name,
            namespace=namespace,
            language=language,
        )
        if self._trace is not None:
            self._add_trace(made, function_name, namespace, qualifier)
        return made

    def _body(self, head: "Head", event: "Any") -> bytes:
        """The JSON of an invocation. Raises EventError, also if code of the event fails: that of a lazy dict, for one,
        or if another thread changes it."""
        try:
            return invoke_body(head, event, self._encode, self._default)
        except ServerlessError:
            raise
        except Exception as error:
            pass_on(error)
            raise EventError("ClientParamsError", f"reading the event raised {type(error).__name__}") from error

    def _fan_out(self, function_name: str, options: "Dict[str, Any]") -> "Callable[[Any], Invocation]":
        """A function from an event to one invocation of a fan-out. The present settings are used for all of them.

        They use the action InvokeFunction if it is allowed. When throttled they fail at once, and fewer are sent
        for a while.
        """
        namespace, log_type, qualifier = options["namespace"], options["log_type"], options["qualifier"]
        try:
            region, origin, seconds = self._resolve(options["region"], options["timeout"])
            language = settings.language(self._language)
            head, head_of_invoke = (
                body_head(action, function_name, namespace, log_type, qualifier, None, options["routing_key"])
                for action in (INVOKE_FUNCTION, INVOKE)
            )
        except ServerlessError as error:
            named(error, function_name, None, namespace)
            raise
        target = (region, namespace, function_name)

        def prepare(event: "Any") -> Invocation:
            try:
                body = self._body(head, event)
            except ServerlessError as error:
                named(error, function_name, region, namespace)
                raise
            made = Invocation(
                origin,
                region,
                INVOKE_FUNCTION,
                body,
                seconds,
                idempotent=options["idempotent"],
                is_patient=False,
                fallback=Fallback(_refusals, target, lambda: self._body(head_of_invoke, event)),
                timeout_error=self._timeout_error,
                function_name=function_name,
                namespace=namespace,
                language=language,
            )
            if self._trace is not None:
                self._add_trace(made, function_name, namespace, qualifier)
            return made

        return prepare

    def _other_action(self, action: str, body: bytes, region: "Optional[str]") -> Invocation:
        """A call of another action of the API, one that may be sent twice."""
        region, origin, seconds = self._resolve(region, UNSET)
        made = Invocation(
            origin,
            region,
            action,
            body,
            seconds,
            idempotent=True,
            timeout_error=self._timeout_error,
            language=settings.language(self._language),
        )
        made.decipher = decipher_action
        if self._trace is not None:
            self._add_trace(made)
        return made

    def _add_trace(
        self,
        invocation: Invocation,
        function_name: "Optional[str]" = None,
        namespace: "Optional[str]" = None,
        qualifier: "Optional[str]" = None,
    ) -> None:
        from tencentserverless._protocol.trace import About

        endpoint = repr(invocation.origin)
        invocation.trace = self._report
        invocation.about = About(invocation.action, invocation.region, endpoint, function_name, namespace, qualifier)

    def _report(self, step: "Step") -> None:
        """Call the trace. Its exceptions become warnings: they must not look like a failed invocation."""
        try:
            self._trace(step)  # type: ignore[misc]
        except Exception as error:
            pass_on(error)
            message = f"trace failed: {type(error).__name__}: {error}"
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def _resolve(
        self, region: "Optional[str]", timeout: "Union[None, float, Unset]"
    ) -> "Tuple[str, Origin, Optional[float]]":
        """The settings of one invocation: region, origin, and seconds until its deadline."""
        if timeout is UNSET:
            timeout = self._timeout
        try:
            name = settings.region(region or self.region, self._profile)
            seconds = settings.timeout(timeout)
            return name, settings.origin(self._endpoint, name, self._proxy), seconds
        except Exception as error:
            raise without_frames(error)

    def _next_origin(self) -> "Optional[Origin]":
        """The origin of the next invocation; None if a setting is wrong, which that invocation says."""
        try:
            return self._resolve(None, UNSET)[1]
        except Exception as error:
            pass_on(error)
            return None

    def _patience(self, options: "Dict[str, Any]") -> "Optional[float]":
        """Seconds during which a fan-out sends an event again that the platform has no room for; None for no limit."""
        return self._resolve(options["region"], options["timeout"])[2]

    def _identify(self, deadline: "Optional[float]", may_wait: bool = True) -> "Identity":
        """The credentials to sign with. Raises SettingsError, and InvokeTimeoutError at `deadline` (monotonic).

        may_wait: False to raise WouldWait if they take time.
        """
        try:
            return identity(self, self._profile, self._source, deadline, may_wait)
        except TooLate:
            raise self._too_late() from None
        except Exception as error:
            raise without_frames(error)

    def _too_late(self) -> InvokeTimeoutError:
        error = self._timeout_error("ClientNetworkError", "the deadline passed while waiting for credentials")
        error.executed = "no"
        return error

    def call(self, function_name: str) -> "NativeFunction":
        """The remote function of this name, to be called. For names that are not Python names, or that a method has."""
        check_name(function_name)
        return NativeFunction(self, function_name)

    def __getitem__(self, function_name: str) -> "NativeFunction":
        return self.call(function_name)

    def __getattr__(self, name: str) -> "NativeFunction":
        if name.startswith("_") or name in _OF_TOOLS:
            kind = type(self).__name__
            raise AttributeError(f"{kind!r} has no attribute {name!r}; client[{name!r}] is the function of this name")
        return NativeFunction(self, name)


class NativeFunction:
    """A remote function in the native form: ``fn({"a": "b"})``, ``fn(data={"a": "b"})`` and ``fn(a="b")`` are the same.

    The keywords `namespace`, `qualifier`, `log_type` and `invocation_type` are options. Every other keyword is a field
    of the event. Calls return and raise as the client's `invoke`, and raise TypeError if the event is given twice.
    """

    __slots__ = ("_client", "_name")

    def __init__(self, client: "Any", name: str) -> None:
        self._client = client
        self._name = name

    def __repr__(self) -> str:
        return f"<function {self._name!r} of {self._client!r}>"

    def __call__(*arguments: "Any", **fields: "Any") -> "Any":  # "self" can be a field of an event
        self, events = arguments[0], arguments[1:]
        options = {name: fields.pop(name) for name in _OPTIONS if name in fields}
        return self._client.invoke(self._name, data=_event(events, fields), **options)


def _event(positional: "Tuple[Any, ...]", fields: "Dict[str, Any]") -> "Any":
    if not positional:
        if "data" not in fields:
            return fields or None
        if len(fields) == 1:
            return fields["data"]
    elif len(positional) == 1 and not fields:
        return positional[0]
    raise TypeError("give the event once: as the only positional argument, as data=, or as keyword arguments")
