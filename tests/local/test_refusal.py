"""Codes and texts of API errors."""

from tencentserverless.local import refusal


def test_chinese_is_for_who_asks():
    """A text that exists in Chinese is given to clients of that language, English to all others."""
    error = refusal.signature_failure()
    assert error.text("zh-CN").startswith("请求签名验证失败")
    assert error.text("en-US") == error.text("fr") == error.message
    assert refusal.missing_parameter("X").text("zh-CN") == refusal.missing_parameter("X").message


def test_texts_that_clients_search():
    """The texts that programs are known to look into are the platform's to the letter."""
    assert refusal.signature_expired(1706406788).message.endswith("and the server time 1706406788.")
    assert refusal.request_too_large(10485760, 24320473).message == (
        "Your current request size exceed  max 10485760B, but your 24320473B."
    )
    assert refusal.invalid_action("Foo", "2018-04-16").message == (
        "The request action=`Foo` is invalid or not found in service=`scf` and version=`2018-04-16`."
    )
    assert refusal.no_such_version("2019-07-22").message == (
        "The specified api version=`2019-07-22` does not exist in service=`scf`."
    )
    assert refusal.function_not_found("x").message.startswith("Function not found: [x]")
