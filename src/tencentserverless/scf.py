"""Invoke functions of Tencent Cloud SCF: the blocking client.

>>> from tencentserverless import scf
>>> scf.invoke("FuncInvoked", region="ap-guangzhou", data={"a": "b"})  # doctest: +SKIP
'"Hello World from the function being invoked"'
"""

from tencentserverless._client import BaseClient, takes_no_event
from tencentserverless._protocol.invoke import InvokeResult, not_invoked
from tencentserverless._settings import settings
from tencentserverless._settings.settings import UNSET
from tencentserverless._transport.blocking.transport import Transport, shared_transport
from tencentserverless._transport.route import Route
from tencentserverless.exception import TencentCloudSDKException, TencentServerlessSDKException

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, TypeVar, Union, overload

    from tencentserverless._functions.blocking import Function, Sent
    from tencentserverless._settings.settings import Unset

    T = TypeVar("T")

__all__ = ("Client", "InvokeResult", "TencentCloudSDKException", "TencentServerlessSDKException", "invoke")


class Client(BaseClient):
    """A client that invokes functions in one region, with one set of credentials.

    Every argument is optional. The settings that are not given are read from the environment at each invocation. So a
    client that was made when a module was loaded uses renewed credentials.

    region: "ap-guangzhou" and so on. Default: TENCENTCLOUD_REGION, then ap-guangzhou.
    secret_id, secret_key, token: the credentials. Default: TENCENTCLOUD_SECRETID, TENCENTCLOUD_SECRETKEY and
        TENCENTCLOUD_SESSIONTOKEN, and their other spellings. A blank token means that there is none.
    profile: a profile of tccli or of ~/.tencentcloud/credentials, for credentials and region. Default: TCCLI_PROFILE.
    credentials: a callable that returns (secret_id, secret_key, token), if possible with the time when they expire
        (Unix time, ISO 8601 text or datetime) as a fourth value. It is called by one thread at a time. Or an object of
        the official SDK that has `get_credential_info`.
    endpoint: ``[scheme://]host[:port]``. Default: TENCENTSERVERLESS_ENDPOINT, then Tencent Cloud's endpoint, which is
        the one in the private network inside SCF.
    timeout: seconds for one invocation, everything included; None for no limit. Default: TENCENTSERVERLESS_TIMEOUT,
        then 310.
    connect_timeout: seconds for making a connection.
    max_connections: the largest number of connections. More invocations wait for a free one.
    proxy: ``[http[s]://][name:password@]host[:port]``, "" for none. Default: HTTPS_PROXY and NO_PROXY.
    ca_file: PEM file of the certificates to trust. Default: SSL_CERT_FILE, REQUESTS_CA_BUNDLE, then the system's.
    default: the hook of `json.dumps` for values in events that JSON does not have.
    action: the API action of synchronous invocations: "Invoke", or "InvokeFunction", which the platform allows 100
        times as often, and which needs a permission of its own.
    language: of the messages of the cloud API: "zh-CN" or "en-US". Default: TENCENTSERVERLESS_LANGUAGE, then zh-CN.
    trace: a callable that gets a `Step` with timings for everything that happens in an invocation: begin, open, write,
        read, keep, close, sleep, end. `tencentserverless.otel.spans()` makes OpenTelemetry spans of them.

    Raises SettingsError for a wrong `connect_timeout` and ValueError for a wrong `action`; the other settings are
    checked at each invocation.

    Clients with the same connection settings share kept-alive connections, in the whole process. Inside ``with Client()
    as client`` a client has connections of its own, which are closed at the end. Clients can be used by many threads
    and after a fork.
    """

    def invoke(
        self,
        function_name: str,
        namespace: str = "default",
        log_type: str = "None",
        qualifier: str = "$LATEST",
        invocation_type: str = "RequestResponse",
        data: "Any" = None,
        *,
        region: "Optional[str]" = None,
        routing_key: "Optional[Dict[str, Any]]" = None,
        timeout: "Union[None, float, Unset]" = UNSET,
        idempotent: bool = False,
    ) -> InvokeResult:
        """Invoke a function and return its result.

        function_name: the function's name in the region and namespace.
        log_type: "Tail" fills `log_tail` of the result with the last 4 KB of the log.
        qualifier: a version ("1"), an alias, "$LATEST" or "$DEFAULT".
        invocation_type: "RequestResponse" waits for the result, "Event" returns once the event is queued.
        data: the event, any value that `json.dumps` takes, at most 6 MB of JSON (Event: 128 KB); None sends no event.
        region, timeout: used instead of the client's.
        routing_key: {name: value} for aliases that route by rule, at most 1024 bytes of JSON.
        idempotent: True if the function may run twice. Then failures that may have come after it ran are tried again.

        Raises FunctionError or InvocationError (both TencentServerlessSDKException) if the function failed, APIError if
        the cloud refused the request, TransportError if the connection failed, and SettingsError or EventError before
        anything is sent. Mirrors https://cloud.tencent.com/document/product/583/17243
        """
        invocation = self._invocation(
            function_name,
            namespace,
            log_type,
            qualifier,
            invocation_type,
            data,
            region=region,
            routing_key=routing_key,
            timeout=timeout,
            idempotent=idempotent,
        )
        return self._transport().perform(invocation, self._identify)

    if TYPE_CHECKING:

        @overload
        def function(
            self,
            name: str,
            *,
            namespace: str = "default",
            qualifier: str = "$LATEST",
            region: Optional[str] = None,
            timeout: Union[None, float, Unset] = UNSET,
            routing_key: Optional[Dict[str, Any]] = None,
            log_type: str = "None",
            idempotent: bool = False,
            returns: Callable[..., T],
        ) -> Function[T]: ...

        @overload
        def function(
            self,
            name: str,
            *,
            namespace: str = "default",
            qualifier: str = "$LATEST",
            region: Optional[str] = None,
            timeout: Union[None, float, Unset] = UNSET,
            routing_key: Optional[Dict[str, Any]] = None,
            log_type: str = "None",
            idempotent: bool = False,
        ) -> Function[Any]: ...

    def function(self, name: str, **options: "Any") -> "Function[Any]":
        """A remote function as a Python function: its calls return decoded values.

        namespace, qualifier, region, timeout, routing_key, log_type, idempotent: as in `invoke`.
        returns: converts the decoded value: a dataclass (made from the fields of an object), a TypedDict, or any
            callable with one argument.

        The `Function` also has `invoke`, `send` (invocation type Event) and `map`.
        """
        from tencentserverless._functions.blocking import Function

        try:
            return Function(self, name, **options)
        finally:
            del options  # a traceback with variables would show a key that was given here by mistake

    def invocation(
        self, request_id: str, function_name: str, namespace: str = "default", region: "Optional[str]" = None
    ) -> "Sent":
        """The handle of an Event invocation, from its request id. It may have been sent by another process."""
        from tencentserverless._functions.blocking import Sent

        return Sent(self, request_id, function_name, namespace, region)

    @takes_no_event
    def close(self) -> None:
        """Close the idle connections that this client uses, also those that it shares with other clients.

        Invocations in progress are not touched. The client can still be used: it makes new connections. A function
        whose name is "close" is invoked as ``client["close"](event)``.
        """
        self._transport().close_idle()

    @takes_no_event
    def connect(self) -> None:
        """Connect in the background, so that the first invocation does not have to. Returns at once, never raises.

        Call it while a function is loaded: name resolution, TCP and TLS then take place before the first event. An
        invocation that begins earlier waits for this connection. If it cannot be made, the invocation tries again and
        raises the error. A function whose name is "connect" is invoked as ``client["connect"](event)``.
        """
        origin = self._next_origin()
        if origin is not None:
            self._transport().open_ahead(origin)

    def _call_api(self, action: str, body: bytes, region: "Optional[str]") -> "Any":
        return self._transport().perform(self._other_action(action, body, region), self._identify)

    def _invoker(
        self, name: str, options: "Dict[str, Any]", value: "Callable[[InvokeResult], Any]"
    ) -> "Callable[[Any], Any]":
        """A function from an event to its value, which many threads may call at once."""
        prepare = self._fan_out(name, options)

        def invoke(event: "Any") -> "Any":
            return value(self._transport().perform(prepare(event), self._identify))

        return invoke

    _own: "Optional[List[Transport]]" = None  # one for each `with` block that the client is in; they are the same

    def _transport(self) -> Transport:
        if self._own:
            return self._own[-1]
        return shared_transport(self._trust(), self._connect_timeout, self._max_connections)

    def _trust(self) -> "Optional[str]":
        return settings.ca_file(self._ca_file)

    def __enter__(self) -> "Client":
        own = self.__dict__.setdefault("_own", [])
        own.append(own[-1] if own else Transport(Route(self._trust(), self._connect_timeout), self._max_connections))
        return self

    def __exit__(self, *raised: "Any") -> None:
        own: "List[Transport]" = self.__dict__["_own"]
        last = own.pop()
        if last not in own:
            last.close()


def invoke(
    function_name: str,
    region: "Optional[str]" = None,
    secret_id: "Optional[str]" = None,
    secret_key: "Optional[str]" = None,
    token: "Optional[str]" = None,
    namespace: str = "default",
    log_type: str = "None",
    qualifier: str = "$LATEST",
    invocation_type: str = "RequestResponse",
    data: "Any" = None,
    *,
    routing_key: "Optional[Dict[str, Any]]" = None,
    idempotent: bool = False,
    **options: "Any",
) -> InvokeResult:
    """Invoke a function and return its result. Repeated calls share kept-alive connections.

    `options` are the keyword-only arguments of `Client` (endpoint, timeout ...). The other arguments and the errors are
    those of `Client` and `Client.invoke`.
    """
    try:
        if not isinstance(region, (str, type(None))):
            raise TypeError(not_invoked(function_name, "region", region, "the second argument"))
        client = Client(region, secret_id, secret_key, token, **options)
    finally:
        del region, secret_id, secret_key, token, options  # a traceback with variables would show them
    return client.invoke(
        function_name,
        namespace,
        log_type,
        qualifier,
        invocation_type,
        data,
        routing_key=routing_key,
        idempotent=idempotent,
    )
