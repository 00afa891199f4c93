"""What to do about a failure, in one line; in Chinese where the API's message is."""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional

    from tencentserverless._failures.remote_trace import Part

_PACK = "pip install {} -t FOLDER packs it into the function's folder (a package may have another name than its module)"
_HANDLER = "`handler:` is FILE.FUNCTION, such as index.main_handler; the file and the function must exist"
_NOT_AWAITED = "SCF does not await a handler; let a plain `def` handler return asyncio.run(...)"
_NO_PROMPT = "breakpoint() and pdb have no prompt here; `tencentserverless local start FOLDER --debug` opens it"
_ONLY_JSON = "return only text, numbers, True, False, None, lists and dicts; use str(value) for other types"

_BY_STATUS = {
    407: "return less; store the result (in COS, for example) and return its address",
    429: "invoke fewer at once, or raise the function's concurrency",
    432: "invoke fewer at once, or raise the function's concurrency",
    433: "raise `timeout:` in serverless.yml (at most 900 seconds), or let the function do less",
    434: "raise `memorySize:` in serverless.yml",
    439: "sys.exit, os._exit or a crash ended the process; let the handler return or raise instead",
    450: "raise `initTimeout:` in serverless.yml, or do less while the module is loaded",
}

_BY_CODE = (  # the beginning of a code; English; Chinese
    (
        "ResourceNotFound.Function",
        "check the function's name, the region and the namespace",
        "请检查函数名、地域和命名空间",
    ),
    ("ResourceNotFound.Namespace", "check the namespace and the region", "请检查命名空间和地域"),
    (
        "ResourceNotFound.Qualifier",
        "publish this version or alias, or leave out qualifier=",
        "请发布该版本或别名，或去掉 qualifier=",
    ),
    (
        "AuthFailure.SignatureFailure",
        "the secret key does not belong to the secret id; `tencentserverless settings` shows where they come from",
        "SecretKey 与 SecretId 不匹配；tencentserverless settings 显示它们的来源",
    ),
    (
        "AuthFailure.SignatureExpire",
        "set the clock of this machine",
        "请校准本机时间",
    ),
    (
        "AuthFailure.UnauthorizedOperation",
        "allow this action for the user or the role in CAM",
        "请在 CAM 中为该用户或角色授权",
    ),
    ("UnauthorizedOperation", "allow this action for the user or the role in CAM", "请在 CAM 中为该用户或角色授权"),
    (
        "AuthFailure",
        "the id is wrong, or its credentials have expired; `tencentserverless settings` shows where they come from",
        "SecretId 有误，或临时密钥已过期；tencentserverless settings 显示它们的来源",
    ),
    ("RequestLimitExceeded", "send fewer at once; `map` does so by itself", "请降低请求频率；map 会自动降低"),
    ("UnsupportedRegion", "a region is written like ap-guangzhou", "地域的写法如 ap-guangzhou"),
)


def hint_of(error: "Any", parts: "List[Part]", is_chinese: bool = False) -> str:
    """The hint for an error; "" if there is none. parts: those of the remote traceback."""
    kind = error._kind
    if kind in ("function", "invocation") and parts:
        return _of_exception(parts[-1], error.function_name, is_at_start=not error.stack_trace)
    if kind == "invocation":
        return _BY_STATUS.get(error.status_code, "")
    if kind == "api":
        return _of_code(str(error.code), str(error.message), is_chinese)
    if kind == "transport" and error.endpoint:
        return _of_connection(error)
    return _of_event(str(error.message)) if kind == "event" else ""


_NOT_FOR_DEFAULT = r": a key |: int |that contains itself|nested too deeply|default\(\) raised"


def _of_event(message: str) -> str:
    if "JSON has neither NaN nor Infinity" in message:
        return "send None, or a text, in the place of such a number"
    cannot_help = re.search(_NOT_FOR_DEFAULT, message) or "is not JSON" not in message
    return "" if cannot_help else "`default=` of Client converts such values, as in json.dumps"


def _of_exception(part: "Part", function_name: "Optional[str]", is_at_start: bool) -> str:
    raised = part.raised
    missing = re.match(r"(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?", raised)
    if is_at_start and part.place() is None and (missing or raised.startswith("AttributeError: ")):
        return _HANDLER
    if missing is not None:
        return _PACK.format(missing.group(1).split(".")[0])
    if raised.startswith("bdb.BdbQuit"):
        return _NO_PROMPT
    place = part.place()
    if place is None:
        return "" if "JSON" not in raised else _NOT_AWAITED if "coroutine" in raised else _ONLY_JSON
    if not function_name:
        return ""
    what = "" if is_at_start else "user code exception: "  # the platform's words, which people search for
    return f"{what}see {place[0]}, line {place[1]}, of {function_name}"


def _of_code(code: str, message: str, is_chinese: bool) -> str:
    if "no function has versions" in message:  # a local endpoint's message, which says what to do
        return ""
    if "X-TC-Region" in message:
        code = "UnsupportedRegion"
    for beginning, english, chinese in _BY_CODE:
        if code.startswith(beginning):
            return chinese if is_chinese else english
    return ""


def _of_connection(error: "Any") -> str:
    phase, message = error.phase, str(error.message)
    is_here = re.match(r"https?://(?:127\.|localhost\b|\[::1\])", error.endpoint) is not None
    if error.executed == "maybe":
        return _of_silence(message)
    if phase == "connect" and is_here:
        return "is `local start` running? Its address is the endpoint"
    if phase == "tls":
        return _of_handshake(message)
    if phase == "wait":
        return "raise `max_connections`, or invoke fewer at once"
    return _BY_PHASE.get(phase, "")


_BY_PHASE = {
    "resolve": "check the endpoint, the network and its DNS; behind a proxy, set HTTPS_PROXY or proxy=",
    "connect": "check the endpoint and the network; behind a proxy, set HTTPS_PROXY or proxy=",
    "proxy": "check proxy= or HTTPS_PROXY, and the login in it",
}


_HTTP = "an endpoint that speaks http is written http://HOST:PORT"
_HANDSHAKES = (  # a pattern for the message, which begins with the endpoint; the hint
    (r"cannot set up TLS|SSLKEYLOGFILE|no ssl module", ""),
    (
        r"has expired|not yet valid",
        "set the clock of this machine; if it is right, the endpoint or a proxy on the way needs a new certificate",
    ),
    (
        r"mismatch|doesn't match",
        "check the endpoint's name; the certificate of another host may also be that of a proxy or firewall on the way",
    ),
    (
        r"failed: (?:Missing|Empty|Path length|.*Basic Constraints|.*[Kk]ey (?:usage|[Ii]dentifier))",
        "Python 3.13 and later refuse certificates like this one; its authority has to issue it anew",
    ),
    (r"(?i)certificate", "to trust another certificate, name its PEM file with ca_file= or SSL_CERT_FILE"),
    (r"WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST|record layer", _HTTP),
    (
        r"PROTOCOL|HANDSHAKE_FAILURE|CIPHER",
        "this Python and the other side, which may be a proxy or firewall, have no version or cipher of TLS in common",
    ),
    (
        r"\Ahttps://[a-z0-9.-]+\.tencentcloudapi\.com\b",
        "a firewall on the way may have ended the handshake; behind a proxy, set HTTPS_PROXY or proxy=",
    ),
    ("", _HTTP),  # which servers of http answer in many ways
)


def _of_handshake(message: str) -> str:
    return next(hint for pattern, hint in _HANDSHAKES if re.search(pattern, message))


def _of_silence(message: str) -> str:
    if "deadline" in message:
        return "raise `timeout=` if the function may take longer; its log says whether it ran"
    return "the function's log says whether it ran; `idempotent=True` tries such a failure again"
