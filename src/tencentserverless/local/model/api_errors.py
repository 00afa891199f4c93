"""The errors of the cloud API: their codes and texts. Pure.

Clients print these texts and search in them. So a text is exactly the platform's if the platform's text is known.
https://cloud.tencent.com/document/product/583/30771
"""

from collections.abc import Sequence

from tencentserverless.local.model.bounded_text import without_middle


class Refusal(Exception):
    """An API error: the answer to a request that is refused.

    chinese: the message for clients that ask for Chinese, or "". status_code: the number in the invocation's record.
    hint, chinese_hint: what this endpoint adds to the platform's message.
    """

    def __init__(
        self,
        code: str,
        message: str,
        chinese: str = "",
        status_code: int = 400,
        hint: str = "",
        chinese_hint: str = "",
    ) -> None:
        self.status_code = status_code
        self.code = code
        self.message = without_middle(message)
        self.chinese = without_middle(chinese)
        self.hint = without_middle(hint)
        self.chinese_hint = without_middle(chinese_hint)
        super().__init__(code, self.text("en-US"))

    def text(self, language: str, *, with_hint: bool = True) -> str:
        if self.chinese and language.lower() == "zh-cn":
            return self.chinese + self.chinese_hint if with_hint else self.chinese
        return f"{self.message}. {self.hint}" if with_hint and self.hint else self.message


def missing_parameter(name: str) -> Refusal:
    return Refusal("MissingParameter", f"The request is missing a required parameter `{name}`.")


def unknown_parameter(name: str) -> Refusal:
    return Refusal("UnknownParameter", f"The parameter `{name}` is not recognized.")


def wrong_type(name: str) -> Refusal:
    return Refusal("InvalidParameterValue", f"The value type of parameter `{name}` is not valid.")


def wrong_value(name: str) -> Refusal:
    text = f"A value specified in `{name}` is not valid, is unsupported, or cannot be used."
    return Refusal("InvalidParameterValue", text)


def malformed_form() -> Refusal:
    return Refusal("InvalidParameter", "Url key and value should be splited by `=`.")


def malformed_body(why: str) -> Refusal:
    return Refusal("InvalidRequest", f"The request body is not valid: {why}.")


def unsupported_method(method: str) -> Refusal:
    return Refusal("UnsupportedProtocol", f"The request method `{method}` is not supported, use GET or POST.")


def invalid_action(action: str, version: str) -> Refusal:
    text = f"The request action=`{action}` is invalid or not found in service=`scf` and version=`{version}`."
    return Refusal("InvalidAction", text)


def no_such_version(version: str) -> Refusal:
    text = f"The specified api version=`{version}` does not exist in service=`scf`."
    return Refusal("NoSuchVersion", text)


def invalid_authorization(why: str) -> Refusal:
    text = f"The request `Authorization` header does not conform to tencentcloud standards: {why}"
    return Refusal("AuthFailure.InvalidAuthorization", text)


def signature_expired(server_time: int) -> Refusal:
    text = (
        "Signature expired. Please use local time and enable NTP service for time synchronization "
        f"to avoid a deviation between `Timestamp` and the server time {server_time}."
    )
    return Refusal("AuthFailure.SignatureExpire", text)


def secret_id_not_found() -> Refusal:
    text = (
        "The SecretId is not found, please ensure that your SecretId is correct. A local endpoint accepts the key pair "
        "that it printed when it started; start it with `--accept ID:KEY` for a pair of yours, or with `--accept any`."
    )
    chinese = (
        "SecretId不存在，请输入正确的密钥。本地服务接受它启动时打印的密钥；"
        "用 `--accept ID:KEY` 启动可以接受您自己的密钥，用 `--accept any` 启动可以接受任意密钥。"
    )
    return Refusal("AuthFailure.SecretIdNotFound", text, chinese)


def token_failure() -> Refusal:
    return Refusal("AuthFailure.TokenFailure", "The token does not belong to the SecretId.")


def credentials_expired() -> Refusal:
    text = "The token has expired. Read the credentials from the environment again, because an instance gets new ones."
    chinese = "token 已过期。实例会得到新的密钥，请重新从环境变量读取。"
    return Refusal("AuthFailure.TokenFailure", text, chinese)


def signature_failure() -> Refusal:
    return Refusal(
        "AuthFailure.SignatureFailure",
        "The provided credentials could not be validated. Please check your signature is correct.",
        "请求签名验证失败，请检查您的签名计算是否正确。",
    )


def too_large_for_v1(limit_bytes: int) -> Refusal:
    text = (
        "The provided credentials could not be validated because of exceeding request size limit "
        f"{limit_bytes}B, please use new signature method `TC3-HMAC-SHA256`."
    )
    chinese = "由于请求包大小超过限制，请求签名验证失败，请使用新的签名方法 `TC3-HMAC-SHA256`。"
    return Refusal("AuthFailure.SignatureFailure", text, chinese)


def request_too_large(limit_bytes: int, size_bytes: int) -> Refusal:
    text = f"Your current request size exceed  max {limit_bytes}B, but your {size_bytes}B."
    return Refusal("RequestSizeLimitExceeded", text)


def requests_too_large(limit_bytes: int) -> Refusal:
    text = f"The requests that the local endpoint is serving now have more than {limit_bytes} bytes. Try again later."
    return Refusal("RequestLimitExceeded", text, status_code=432)


def too_many_events(limit_bytes: int) -> Refusal:
    text = f"The Event invocations that are waiting have more than {limit_bytes} bytes. Try again later."
    return Refusal("RequestLimitExceeded", text, status_code=432)


def throttled() -> Refusal:
    text = (
        "Your current request times equals to `101` in a second, which exceeds the frequency limit `100` for a second. "
        "Please reduce the frequency of calls."
    )
    chinese = "您当前每秒请求 `101` 次，超过了每秒频率上限 `100`，请稍后重试。"
    return Refusal("RequestLimitExceeded", text, chinese, status_code=432)


def response_too_large() -> Refusal:
    return Refusal("ResponseSizeLimitExceeded", "The response of the function is larger than 6 MB.", status_code=407)


def unsupported_operation(why: str) -> Refusal:
    return Refusal("UnsupportedOperation", why)


def function_not_found(name: str, hint: str = "", chinese_hint: str = "") -> Refusal:
    return Refusal(
        "ResourceNotFound.Function",
        f"Function not found: [{name}]",
        "未找到指定的Function，请创建后再试。",
        hint=hint,
        chinese_hint=chinese_hint,
    )


def qualifier_not_found(qualifier: str) -> Refusal:
    text = f"Qualifier not found: [{qualifier}]. On a local endpoint no function has versions or aliases; use $LATEST."
    return Refusal("ResourceNotFound.Qualifier", text)


def invalid_function_name(name: str) -> Refusal:
    text = f"The function name `{name[:80]}` is not valid: 2 to 60 letters, digits, `-` and `_`, a letter first."
    return Refusal("InvalidParameter.FunctionName", text)


def function_name_required() -> Refusal:
    return Refusal("InvalidParameter.FunctionNameOrResourceIdRequired", "FunctionName is required.")


def event_not_json() -> Refusal:
    return Refusal("InvalidParameterValue.Param", "The event is not standard JSON.")


def event_too_large(code: str, limit_bytes: int, size_bytes: int) -> Refusal:
    return Refusal(code, f"The event is too large: {size_bytes} bytes, the limit is {limit_bytes} bytes.")


def chain_too_long(hops: int, loop: Sequence[str]) -> Refusal:
    """The local endpoint's own error: the platform lets a loop run until a quota of the account is used up.

    The code is that of a quota, because clients do not try such an error again.
    """
    cycle = f" The functions call each other in a loop: {' → '.join(loop)}." if loop else ""
    text = f"The chain of invocations is longer than {hops} hops.{cycle}"
    chinese_cycle = f"这些函数在循环调用：{' → '.join(loop)}。" if loop else ""
    return Refusal("LimitExceeded.Quota", text, f"调用链超过 {hops} 层。{chinese_cycle}", status_code=432)


def internal_error() -> Refusal:
    text = (
        "The local endpoint failed because of a bug in it. The traceback is logged by the logger "
        "`tencentserverless.local`. If logging is not set up, it is on the standard error of the endpoint."
    )
    return Refusal("InternalError", text)
