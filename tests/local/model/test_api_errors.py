"""Codes and texts of API errors."""

from tencentserverless.local.model import api_errors


def test_chinese_is_for_who_asks():
    """A text that exists in Chinese is given to clients of that language, English to all others."""
    error = api_errors.signature_failure()
    assert error.text("zh-CN").startswith("请求签名验证失败")
    assert error.text("zh-cn") == error.text("zh-CN")
    assert error.text("en-US") == error.text("fr") == error.message
    assert api_errors.missing_parameter("X").text("zh-CN") == api_errors.missing_parameter("X").message


def test_texts_that_clients_search():
    """The texts that programs are known to look into are the platform's to the letter."""
    assert api_errors.signature_expired(1706406788).message.endswith("and the server time 1706406788.")
    assert api_errors.request_too_large(10485760, 24320473).message == (
        "Your current request size exceed  max 10485760B, but your 24320473B."
    )
    assert api_errors.invalid_action("Foo", "2018-04-16").message == (
        "The request action=`Foo` is invalid or not found in service=`scf` and version=`2018-04-16`."
    )
    assert api_errors.no_such_version("2019-07-22").message == (
        "The specified api version=`2019-07-22` does not exist in service=`scf`."
    )
    missing = api_errors.function_not_found("x", "It is elsewhere.", "在别处。")
    assert missing.text("en-US", with_hint=False) == "Function not found: [x]"
    assert missing.text("en-US") == "Function not found: [x]. It is elsewhere."
    assert missing.text("zh-CN", with_hint=False) == "未找到指定的Function，请创建后再试。"
    assert missing.text("zh-CN") == "未找到指定的Function，请创建后再试。在别处。"
    assert api_errors.secret_id_not_found().message.startswith("The SecretId is not found, please ensure that your")


def test_names_of_megabytes():
    """A message repeats no more than the beginning of what it is about."""
    assert len(api_errors.unknown_parameter("x" * 10_000_000).text("zh-CN")) < 2100


def test_what_to_do_here():
    """Texts about what only a local endpoint has say what to do: how keys are let in, and that it has no versions."""
    assert "`--accept ID:KEY`" in api_errors.secret_id_not_found().message
    assert "`--accept any`" in api_errors.secret_id_not_found().message
    assert "no function has versions or aliases" in api_errors.qualifier_not_found("prod").message
