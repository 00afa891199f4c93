"""What both clients share: arguments and settings in, one invocation out. No I/O."""

import warnings

from tencentserverless._protocol import event as events
from tencentserverless._protocol.action import INVOKE, INVOKE_FUNCTION
from tencentserverless._protocol.invoke import Invocation, body_head, decipher_action, invoke_body
from tencentserverless._settings import settings
from tencentserverless._settings.credentials import Source
from tencentserverless._settings.settings import UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple, Union

    from tencentserverless._protocol.effects import Identity, Origin
    from tencentserverless._protocol.trace import Step
    from tencentserverless._settings.settings import Unset

_OPTIONS = ("namespace", "qualifier", "log_type", "invocation_type")  # of the native form, since the first version
_encode = events.text_encoder()


def _text_encoder(default: "Optional[Callable[[Any], Any]]") -> "Callable[[Any], str]":
    return _encode if default is None else events.text_encoder(default)


class BaseClient(object):
    """Settings of a client, and the forms in which it invokes. A subclass has `invoke`, which performs I/O."""

    # a client is no container: `in` and `for` must not send invocations
    __iter__ = None
    __contains__ = None

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
    ) -> None:
        self.region = region
        self.secret_id = secret_id
        self.secret_key = secret_key
        self.token = token
        self._profile = profile
        self._source = None if credentials is None else self._make_source(credentials)
        self._endpoint = endpoint
        self._timeout = timeout
        self._connect_timeout = settings.connect_timeout(connect_timeout)
        self._max_connections = max_connections
        self._proxy = proxy
        self._ca_file = ca_file
        self._default = default
        self._encode = _text_encoder(default)
        if action not in (INVOKE, INVOKE_FUNCTION):
            raise ValueError("action is %r or %r, not %r" % (INVOKE, INVOKE_FUNCTION, action))
        self._action = action
        self._trace = trace

    def __repr__(self) -> str:
        return "<%s region=%r endpoint=%r>" % (type(self).__name__, self.region, self._endpoint)

    def _make_source(self, credentials: "Callable[[], Any]") -> Source:
        return Source(credentials)

    def __getstate__(self) -> "Dict[str, Any]":
        """Settings travel to copies and other processes, connections do not."""
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
        region: "Optional[str]" = None,
        routing_key: "Optional[Dict[str, Any]]" = None,
        timeout: "Union[None, float, Unset]" = UNSET,
        idempotent: bool = False,
    ) -> Invocation:
        """One invocation, checked, with every setting in it but the credentials."""
        if not isinstance(function_name, str) or not function_name:
            raise TypeError("function_name is a text that is not empty, not %r" % (function_name,))
        is_event = invocation_type == "Event"
        action = INVOKE if is_event else self._action
        head = body_head(action, function_name, namespace, log_type, qualifier, invocation_type, routing_key)
        body = invoke_body(head, data, self._encode, self._default)
        region, origin, seconds = self._way(region, timeout)
        made = Invocation(origin, region, action, body, seconds, idempotent, is_event)
        if self._trace is not None:
            self._trace_it(made, function_name, namespace, qualifier)
        return made

    def _fan_out(self, function_name: str, options: "Dict[str, Any]") -> "Callable[[Any], Invocation]":
        """A function from an event to one invocation of many: by InvokeFunction where that is allowed, and without
        waiting when throttled. Settings are those of now, for all of them."""
        namespace, log_type, qualifier = options["namespace"], options["log_type"], options["qualifier"]
        region, origin, seconds = self._way(options["region"], options["timeout"])
        heads = {
            action: body_head(action, function_name, namespace, log_type, qualifier, None, options["routing_key"])
            for action in (INVOKE, INVOKE_FUNCTION)
        }
        head, encode, default = heads[INVOKE_FUNCTION], self._encode, self._default
        target, idempotent, is_traced = (region, namespace, function_name), options["idempotent"], bool(self._trace)

        def prepare(event: "Any") -> Invocation:
            body = invoke_body(head, event, encode, default)
            made = Invocation(origin, region, INVOKE_FUNCTION, body, seconds, idempotent, is_patient=False)
            made.target = target
            made.rebuild = lambda action: invoke_body(heads[action], event, encode, default)
            if is_traced:
                self._trace_it(made, function_name, namespace, qualifier)
            return made

        return prepare

    def _asking(self, action: str, body: bytes, region: "Optional[str]") -> Invocation:
        """Another action of the API, one that may be asked twice."""
        region, origin, seconds = self._way(region, UNSET)
        asking = Invocation(origin, region, action, body, seconds, idempotent=True)
        asking.decipher = decipher_action
        if self._trace is not None:
            self._trace_it(asking)
        return asking

    def _trace_it(
        self,
        invocation: Invocation,
        function_name: "Optional[str]" = None,
        namespace: "Optional[str]" = None,
        qualifier: "Optional[str]" = None,
    ) -> None:
        from tencentserverless._protocol.trace import About

        endpoint = repr(invocation.origin)
        invocation.trace = self._tell
        invocation.about = About(invocation.action, invocation.region, endpoint, function_name, namespace, qualifier)

    def _tell(self, step: "Step") -> None:
        """A trace that fails must not look like an invocation that failed: the function may have run."""
        try:
            self._trace(step)  # type: ignore[misc]
        except Exception as error:
            message = "trace failed: %s: %s" % (type(error).__name__, error)
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def _way(
        self, region: "Optional[str]", timeout: "Union[None, float, Unset]"
    ) -> "Tuple[str, Origin, Optional[float]]":
        """The region, where its requests go, and the seconds for one."""
        name = settings.region(region or self.region, self._profile)
        if timeout is UNSET:
            timeout = self._timeout
        seconds = settings.timeout(timeout)
        return name, settings.origin(self._endpoint, name, self._proxy), seconds

    def _patience(self, options: "Dict[str, Any]") -> "Optional[float]":
        """For how long a fan-out sends an event again that the platform has no room for."""
        return self._way(options["region"], options["timeout"])[2]

    def _identify(self, deadline: "Optional[float]", may_wait: bool = True) -> "Identity":
        return settings.identity(
            self.secret_id, self.secret_key, self.token, self._profile, self._source, deadline, may_wait
        )

    def call(self, function_name: str) -> "NativeFunction":
        """The function of this name, to be called; for names that are no Python names or that a method has taken."""
        if not isinstance(function_name, str):
            raise TypeError("a function's name is a text, not %r" % (function_name,))
        return NativeFunction(self, function_name)

    def __getitem__(self, function_name: str) -> "NativeFunction":
        return self.call(function_name)

    def __getattr__(self, name: str) -> "NativeFunction":
        if name.startswith("_"):
            raise AttributeError("%r has no attribute %r" % (type(self).__name__, name))
        return NativeFunction(self, name)


class NativeFunction(object):
    """A remote function called like a Python one: ``fn({"a": "b"})``, ``fn(data={"a": "b"})`` and ``fn(a="b")``.

    `namespace`, `qualifier`, `log_type` and `invocation_type` are options; every other keyword is a field of the
    event. Returns and raises what the client's `invoke` does; TypeError where the event is given in two ways.
    """

    __slots__ = ("_client", "_name")

    def __init__(self, client: "Any", name: str) -> None:
        self._client = client
        self._name = name

    def __repr__(self) -> str:
        return "<function %r of %r>" % (self._name, self._client)

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
