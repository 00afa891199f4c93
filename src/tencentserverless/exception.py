"""Every error of the package.

::

    ServerlessError
    ├── TencentServerlessSDKException      the invocation reached the platform's dispatcher and ended badly
    │   ├── FunctionError                  the handler raised, or its result is not JSON
    │   └── InvocationError                timed out, out of memory, exited, did not start, too large, no capacity
    ├── CloudError                         no result, because of the cloud or the connection to it
    │   ├── APIError                       the cloud API refused
    │   │   ├── AuthError                  AuthFailure*, Unauthorized*
    │   │   ├── NotFoundError              ResourceNotFound*
    │   │   ├── ParameterError             Invalid*, Missing*, Unknown*
    │   │   └── ThrottledError             RequestLimitExceeded*, LimitExceeded*
    │   ├── TransportError                 the connection failed
    │   │   ├── ConnectError               there never was one
    │   │   ├── InvokeTimeoutError         the deadline passed (a TimeoutError too)
    │   │   └── ProtocolError              the answer is not the API's
    │   └── SettingsError                  no credentials, bad region, bad endpoint (a ValueError too)
    └── EventError                         the event is not JSON, or too large (a ValueError and a TypeError too)

`CloudError` is a `TencentCloudSDKException` of the official SDK as well. API errors are not below
`TencentServerlessSDKException`: old programs catch that class first, and would take an API error for a failed function.
"""

try:
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException  # pyright: ignore[reportAssignmentType]
except ImportError:  # the package also works where a deployment was stripped of the official SDK

    class TencentCloudSDKException(Exception):  # type: ignore[no-redef]
        """Replaces the official SDK's class of this name where that SDK is not installed."""


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Tuple, Union

    from tencentserverless._failures.first_line import Hop

__all__ = (
    "APIError",
    "AuthError",
    "CloudError",
    "ConnectError",
    "EventError",
    "FunctionError",
    "InvocationError",
    "InvokeTimeoutError",
    "NotFoundError",
    "ParameterError",
    "ProtocolError",
    "ServerlessError",
    "SettingsError",
    "TencentCloudSDKException",
    "TencentServerlessSDKException",
    "TencentserverlessSDKException",
    "ThrottledError",
    "TransportError",
)


class ServerlessError(Exception):
    """The base class of every error of this package.

    code: the function's `errorCode`, or the API's code.
    message: what happened, as text.
    request_id: the id to search the logs by; None if no answer came.
    response: the whole decoded answer; None without one.
    stack_trace: the remote traceback; "" without one.
    status_code: the platform's number (430, 433 ...); None without one. They stand in
        https://cloud.tencent.com/document/product/583/42611
    executed: did the handler run? "no", "maybe" or "yes".
    log_tail: the last 4 KB of the execution log for log type "Tail", else "".
    function_name, region, namespace: the function that was invoked; None if they are not known.

    The first line of ``str(error)`` says what happened, in which function, where, and whether it ran. A line that says
    what to do and the remote traceback follow, if there are any.
    """

    status_code: "Optional[int]" = None
    executed = "maybe"
    log_tail = ""
    function_name: "Optional[str]" = None
    region: "Optional[str]" = None
    namespace: "Optional[str]" = None
    _kind = ""  # what the text is made for: function, invocation, api, transport, settings or event

    def __init__(
        self,
        code: "Optional[Union[str, int]]" = None,
        message: "Optional[str]" = None,
        request_id: "Optional[str]" = None,
        response: "Any" = None,
        stack_trace: str = "",
    ) -> None:
        Exception.__init__(self, code, message, request_id, response, stack_trace)
        self.code = code
        self.message = message
        self.request_id = request_id
        self.response = response
        self.stack_trace = stack_trace

    @property
    def safe_to_retry(self) -> bool:
        """Whether the same invocation can be sent again without the risk that the function runs twice."""
        return self.executed == "no"

    def get_code(self) -> "Optional[Union[str, int]]":
        return self.code

    def get_message(self) -> "Optional[str]":
        return self.message

    def get_request_id(self) -> "Optional[str]":
        return self.request_id

    def get_response(self) -> "Any":
        return self.response

    def get_stack_trace(self) -> str:
        return self.stack_trace

    @property
    def chain(self) -> "Tuple[Hop, ...]":
        """The functions that invoked each other: the one that this program invoked first, the one that failed last.

        Each is a tuple (function_name, region, namespace, what, executed, request_id) with these names. They are read
        from the errors' texts in the remote tracebacks, 16 at most; a function that does not use this package ends the
        chain. Empty if `function_name` is None.
        """
        from tencentserverless._failures.account import Account

        return Account(self).chain()

    def __str__(self) -> str:
        try:
            from tencentserverless._failures.account import Account  # loaded for the few programs that print errors
        except ImportError:  # at the end of the interpreter nothing can be imported any more
            return str(self.message or self.code)
        return Account(self).text()

    def __reduce__(self) -> "Tuple[Any, ...]":
        # OSError, a base class of InvokeTimeoutError, changes the arguments; so they are passed explicitly.
        arguments = (self.code, self.message, self.request_id, self.response, self.stack_trace)
        return type(self), arguments, self.__dict__


class TencentServerlessSDKException(ServerlessError):
    """The invocation reached the platform's dispatcher and ended badly.

    The name is documented since the first version. The subclasses `FunctionError` and `InvocationError` say more.
    """


TencentserverlessSDKException = TencentServerlessSDKException  # the heading of the documentation spells it so


class FunctionError(TencentServerlessSDKException):
    """The handler raised, or returned a value that is not JSON (430). `stack_trace` is the remote traceback."""

    executed = "yes"
    _kind = "function"


class InvocationError(TencentServerlessSDKException):
    """The platform ended the invocation: timed out (433), out of memory (434), exited (439), did not start (443, 450),
    result too large (407), no capacity (432) and others."""

    _kind = "invocation"


class CloudError(ServerlessError, TencentCloudSDKException):
    """No result, because of the cloud or the connection to it. Also the official SDK's `TencentCloudSDKException`."""

    @property
    def requestId(self) -> "Optional[str]":  # the official class's spelling
        return self.request_id


class APIError(CloudError):
    """The cloud API refused the request. `code` is the API's: https://cloud.tencent.com/document/api/583/17238"""

    _kind = "api"


class AuthError(APIError):
    """The credentials are wrong, expired, or not allowed to do this."""


class NotFoundError(APIError):
    """The function, namespace or qualifier does not exist in this region."""


class ParameterError(APIError):
    """The API did not accept a parameter."""


class ThrottledError(APIError):
    """Too many requests, or a quota is used up."""


class TransportError(CloudError):
    """The connection failed.

    phase: where: resolve, connect, proxy, tls, write, read or wait (for a free one); "" if there was no need of one.
    endpoint: the address of the API, such as "https://scf.tencentcloudapi.com".
    """

    phase = ""
    endpoint = ""
    _kind = "transport"
    _is_final = False  # True if every invocation would meet it, such as a certificate that is not trusted


class ConnectError(TransportError):
    """No connection could be made: nothing was sent, so nothing ran."""

    executed = "no"


class InvokeTimeoutError(TransportError, TimeoutError):
    """The invocation's deadline passed before an answer came."""


class ProtocolError(TransportError):
    """The answer is not one of the API (a gateway's page, a redirect, garbage)."""


class SettingsError(CloudError, ValueError):
    """A setting is missing or wrong: credentials, region, endpoint. Nothing was sent."""

    executed = "no"
    _kind = "settings"


class EventError(ServerlessError, ValueError, TypeError):
    """The event cannot be sent: not JSON, or too large. Nothing was sent."""

    executed = "no"
    _kind = "event"
