"""Invoke functions of Tencent Cloud SCF: the blocking client.

>>> from tencentserverless import scf
>>> scf.invoke("FuncInvoked", region="ap-guangzhou", data={"a": "b"})  # doctest: +SKIP
'"Hello World from the function being invoked"'
"""

from tencentserverless._client import BaseClient
from tencentserverless._protocol.invoke import InvokeResult
from tencentserverless._settings import settings
from tencentserverless._settings.settings import UNSET
from tencentserverless._transport.blocking.transport import Transport, shared_transport
from tencentserverless._transport.route import Route
from tencentserverless.exception import TencentCloudSDKException, TencentServerlessSDKException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, TypeVar, Union, overload

    from tencentserverless._functions.blocking import Function, Sent
    from tencentserverless._settings.settings import Unset

    T = TypeVar("T")

__all__ = ("Client", "InvokeResult", "TencentCloudSDKException", "TencentServerlessSDKException", "invoke")


class Client(BaseClient):
    """Invokes functions in one region, with one set of credentials.

    Every argument is optional. What is not given is read from the environment at each invocation, so that a client
    made when a module was loaded uses the credentials of today.

    region: "ap-guangzhou" and so on; TENCENTCLOUD_REGION, then ap-guangzhou.
    secret_id, secret_key, token: TENCENTCLOUD_SECRETID, TENCENTCLOUD_SECRETKEY, TENCENTCLOUD_SESSIONTOKEN and their
        other spellings. A token of blanks means none.
    profile: of tccli or of ~/.tencentcloud/credentials, for credentials and region; TCCLI_PROFILE.
    credentials: a callable that returns (secret_id, secret_key, token) and, where it is known, the end of their life
        (Unix time); asked by one thread at a time.
    endpoint: ``[scheme://]host[:port]``; TENCENTSERVERLESS_ENDPOINT, then Tencent Cloud's host, the private-network
        one inside SCF.
    timeout: seconds for one invocation, everything included; None for no limit; TENCENTSERVERLESS_TIMEOUT, then 310.
    connect_timeout: seconds for a new connection.
    max_connections: how many connections there are at most; more invocations wait for a free one.
    proxy: ``[http[s]://][name:password@]host[:port]``, "" for none; HTTPS_PROXY and NO_PROXY.
    ca_file: PEM file of the certificates to trust; SSL_CERT_FILE, REQUESTS_CA_BUNDLE, then the system's.
    default: the hook of `json.dumps` for values in events that JSON does not know.
    action: the API action of synchronous invocations: "Invoke", or "InvokeFunction", which the platform allows 100
        times as often and which needs a permission of its own.
    trace: called with a `Step` for each thing that happens in an invocation, with timings: begin, open, write, read,
        keep, close, sleep, end. `tencentserverless.otel.spans()` is one that makes OpenTelemetry spans.

    Clients with the same connection settings share kept-alive connections, process-wide. Inside ``with Client() as
    client`` it has connections of its own, closed at the end. Safe for threads and after a fork.
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
        """Invoke a function and return what it returned.

        function_name: its name in the region and namespace.
        log_type: "Tail" fills `log_tail` of the result with the last 4 KB of the log.
        qualifier: a version ("1"), an alias, "$LATEST" or "$DEFAULT".
        invocation_type: "RequestResponse" waits for the result, "Event" returns once the event is queued.
        data: the event, any value that `json.dumps` takes; None sends no event.
        region, timeout: instead of the client's.
        routing_key: {name: value} for aliases that route by rule.
        idempotent: the function may run twice: try again after failures that leave open whether it ran.

        Raises FunctionError and InvocationError (both TencentServerlessSDKException) where the function failed,
        APIError where the cloud refused, TransportError where the way to it failed, SettingsError and EventError
        before anything was sent. Mirrors https://cloud.tencent.com/document/product/583/17243
        """
        invocation = self._invocation(
            function_name,
            namespace,
            log_type,
            qualifier,
            invocation_type,
            data,
            region,
            routing_key,
            timeout,
            idempotent,
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
        """The remote function of this name as a Python function whose calls return decoded values.

        namespace, qualifier, region, timeout, routing_key, log_type, idempotent: as in `invoke`.
        returns: what to make of the decoded value: a dataclass (made from its fields), a TypedDict, or anything that
            can be called with it.

        The `Function` also has `invoke`, `send` (invocation type Event) and `map`.
        """
        from tencentserverless._functions.blocking import Function

        return Function(self, name, **options)

    def invocation(
        self, request_id: str, function_name: str, namespace: str = "default", region: "Optional[str]" = None
    ) -> "Sent":
        """The handle of an Event invocation that was sent elsewhere, by its request id."""
        from tencentserverless._functions.blocking import Sent

        return Sent(self, request_id, function_name, namespace, region)

    def _ask(self, action: str, body: bytes, region: "Optional[str]") -> "Any":
        return self._transport().perform(self._asking(action, body, region), self._identify)

    def _invoker(
        self, name: str, options: "Dict[str, Any]", value: "Callable[[InvokeResult], Any]"
    ) -> "Callable[[Any], Any]":
        """A function from an event to its value, for many threads at once."""
        prepare = self._fan_out(name, options)

        def invoke(event: "Any") -> "Any":
            return value(self._transport().perform(prepare(event), self._identify))

        return invoke

    _own = None  # type: Optional[Transport]

    def _transport(self) -> Transport:
        if self._own is not None:
            return self._own
        return shared_transport(self._trust(), self._connect_timeout, self._max_connections)

    def _trust(self) -> "Optional[str]":
        return settings.ca_file(self._ca_file)

    def __enter__(self) -> "Client":
        self._own = Transport(Route(self._trust(), self._connect_timeout), self._max_connections)
        return self

    def __exit__(self, *raised: "Any") -> None:
        own, self._own = self._own, None
        if own is not None:
            own.close()


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
    """Invoke a function and return what it returned; repeated calls share kept-alive connections.

    `options` are the keyword-only ones of `Client` (endpoint, timeout ...); everything else is as in `Client` and
    `Client.invoke`, which say what is raised.
    """
    return Client(region, secret_id, secret_key, token, **options).invoke(
        function_name,
        namespace,
        log_type,
        qualifier,
        invocation_type,
        data,
        routing_key=routing_key,
        idempotent=idempotent,
    )
