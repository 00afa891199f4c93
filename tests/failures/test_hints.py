"""Hints: what to do about a failure."""

import pytest

from tencentserverless import exception as errors
from tencentserverless._failures import hints
from tests.failures.remote import HEAD, function_error, trace

NOT_VERIFIED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"


def hint(error):
    """The hint in the text of an error; "" without one."""
    lines = [line for line in str(error).split("\n") if line.startswith(("Hint: ", "提示："))]
    assert len(lines) <= 1
    return lines[0] if lines else ""


def api_error(code, message="refused"):
    error = errors.APIError(code, message, "r")
    error.function_name = "Prices"
    return error


def transport_error(phase, reason, executed="no", endpoint="https://scf.tencentcloudapi.com"):
    error = errors.TransportError("ClientNetworkError", f"{endpoint}, {phase}: {reason}")
    error.phase, error.endpoint, error.executed, error.function_name = phase, endpoint, executed, "Prices"
    return error


def invocation_error(status, message="it failed"):
    error = errors.InvocationError(-1, message, "r")
    error.status_code, error.function_name = status, "Prices"
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (invocation_error(433), "`timeout:` in serverless.yml"),
        (invocation_error(434), "`memorySize:`"),
        (invocation_error(439), "sys.exit"),
        (invocation_error(432), "concurrency"),
        (invocation_error(407), "COS"),
        (invocation_error(443, f"{HEAD}\nModuleNotFoundError: No module named 'index'"), "`handler:`"),
        (invocation_error(443, f"{HEAD}\nAttributeError: module 'index' has no attribute 'x'"), "`handler:`"),
        (invocation_error(443, trace("ModuleNotFoundError: No module named 'pandas.io'")), "pip install pandas -t"),
        (invocation_error(443, trace("AttributeError: x", line=3)), "see /var/user/index.py, line 3, of Prices"),
        (function_error("Prices", trace("bdb.BdbQuit")), "start FOLDER --debug"),
        (
            function_error("Prices", f"{HEAD}\nTypeError: Object of type coroutine is not JSON serializable"),
            "asyncio.run",
        ),
        (function_error("Prices", trace("ImportError: No module named six")), "pip install six -t"),
        (api_error("ResourceNotFound.FunctionName"), "name, the region and the namespace"),
        (api_error("AuthFailure.SignatureFailure"), "the secret key does not belong to the secret id"),
        (api_error("AuthFailure.TokenFailure"), "have expired"),
        (api_error("AuthFailure.UnauthorizedOperation"), "CAM"),
        (api_error("UnauthorizedOperation.CAM"), "CAM"),
        (api_error("RequestLimitExceeded.FunctionInvokeLimit"), "fewer"),
        (api_error("InvalidParameterValue", "`X-TC-Region` is not valid"), "ap-guangzhou"),
        (api_error("AuthFailure.SignatureFailure", "签名验证失败"), "SecretKey 与 SecretId 不匹配"),
        (transport_error("resolve", "Name or service not known"), "DNS"),
        (transport_error("connect", "refused"), "check the endpoint and the network"),
        (transport_error("connect", "refused", endpoint="http://127.0.0.1:9"), "is `local start` running?"),
        (transport_error("connect", "refused", endpoint="http://[::1]:9"), "is `local start` running?"),
        (transport_error("connect", "refused", endpoint="http://localhost"), "is `local start` running?"),
        (transport_error("proxy", "407"), "HTTPS_PROXY"),
        (transport_error("tls", "[SSL: CERTIFICATE_VERIFY_FAILED]"), "ca_file="),
        (transport_error("tls", f"{NOT_VERIFIED}: certificate has expired"), "clock"),
        (transport_error("tls", f"{NOT_VERIFIED}: certificate is not yet valid"), "clock"),
        (transport_error("tls", f"{NOT_VERIFIED}: Hostname mismatch, certificate is not valid for 'x'."), "name"),
        (transport_error("tls", "hostname 'x' doesn't match 'y'"), "name"),
        (transport_error("tls", f"{NOT_VERIFIED}: Missing Authority Key Identifier"), "Python 3.13"),
        (transport_error("tls", f"{NOT_VERIFIED}: Basic Constraints of CA cert not marked critical"), "Python 3.13"),
        (transport_error("tls", "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "http://HOST:PORT"),
        (transport_error("tls", "[SSL: TLSV1_ALERT_PROTOCOL_VERSION]"), "in common"),
        (transport_error("tls", "[SSL: UNEXPECTED_EOF_WHILE_READING]"), "firewall"),
        (transport_error("tls", "timed out"), "firewall"),
        (transport_error("tls", "timed out", endpoint="https://10.0.0.5:9000"), "http://HOST:PORT"),
        (transport_error("wait", "all 3 connections are in use"), "max_connections"),
        (transport_error("read", "the deadline of 1 s passed", "maybe"), "`timeout=`"),
        (transport_error("read", "reset", "maybe"), "`idempotent=True`"),
        (errors.EventError("x", 'the event is not JSON: data["a"]: date'), "`default=`"),
    ],
    ids=str,
)
def test_what_to_do(error, words):
    """A failure that somebody can do something about says what, in one line."""
    assert words in hint(error)


@pytest.mark.parametrize(
    "error",
    [
        invocation_error(500),
        api_error("InternalError"),
        errors.SettingsError("x", "no credentials: give secret_id and secret_key"),
        errors.EventError("x", "the event has 6300002 bytes: store it"),
        errors.EventError("x", "the event is not JSON: data: int (Exceeds the limit (4300 digits))"),
        transport_error("tls", "the file that SSLKEYLOGFILE names cannot be written: it is a folder; unset it"),
        errors.FunctionError(-1, "user code exception caught"),
        errors.TransportError("x", "made by a program"),
    ],
    ids=str,
)
def test_nothing_to_do(error):
    """A failure that nothing can be done about, or whose message says it, has no hint."""
    assert hint(error) == ""


def test_both_languages():
    """Every hint about a refusal of the API exists in both languages."""
    for beginning, english, chinese in hints._BY_CODE:
        assert english.isascii() if hasattr(english, "isascii") else english.encode("ascii")
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese), beginning
