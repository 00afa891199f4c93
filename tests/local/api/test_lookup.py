"""The function that a call names."""

import pytest

from tencentserverless.local.api import lookup
from tencentserverless.local.functions import reading
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.model.api_errors import Refusal
from tests.local.factories import function

CATALOG = Catalog([function(), function("other"), function("far", region="ap-chengdu")])


def test_a_function_that_is_there():
    """A function is found by region, namespace and name."""
    assert lookup.find("ap-chengdu", {"FunctionName": "far", "Namespace": "default"}, CATALOG).name == "far"


def test_who_is_not_found_is_told_where_to_look():
    """The message for a missing function says where one of this name is, else what there is."""
    with pytest.raises(Refusal, match="It is in ap-chengdu/default, not in ap-guangzhou/default"):
        lookup.find("ap-guangzhou", {"FunctionName": "far"}, CATALOG)
    with pytest.raises(Refusal, match="ap-guangzhou/default has: hello, other"):
        lookup.find("ap-guangzhou", {"FunctionName": "missing"}, CATALOG)


def test_a_function_that_cannot_be_served_is_told_with_its_reason():
    """The message for a function that is declared and not served has the reason, in both languages."""
    catalog = Catalog([function()], [reading.Refusal("bad", "bad/serverless.yml:4: 'mars' is not a region of SCF")])
    with pytest.raises(Refusal, match="cannot be served: bad") as caught:
        lookup.find("ap-guangzhou", {"FunctionName": "bad"}, catalog)
    assert "无法提供服务：bad/serverless.yml:4" in caught.value.text("zh-CN")


def test_a_function_that_is_elsewhere_and_one_that_cannot_be_served():
    """If one of the name is in another region and one cannot be served, the message tells both."""
    catalog = Catalog(
        [function("far", region="ap-chengdu")], [reading.Refusal("far", "far/serverless.yml:4: no folder")]
    )
    with pytest.raises(Refusal, match=r"It is in ap-chengdu/default, .* Another one is declared, .*: far/") as caught:
        lookup.find("ap-guangzhou", {"FunctionName": "far"}, catalog)
    assert "far 在 ap-chengdu/default，不在 ap-guangzhou/default。另有同名函数 已声明" in caught.value.text("zh-CN")


def test_the_message_is_in_one_language():
    """The Chinese message says the same in Chinese."""
    for name, words in (
        ("far", "far 在 ap-chengdu/default，不在 ap-guangzhou/default"),
        ("missing", "中有：hello, other"),
    ):
        with pytest.raises(Refusal) as caught:
            lookup.find("ap-guangzhou", {"FunctionName": name}, CATALOG)
        chinese = caught.value.text("zh-CN")
        assert words in chinese
        assert "has" not in chinese
        assert "It is" not in chinese


def test_qualifiers():
    """No function of a folder has versions or aliases of its own."""
    lookup.check_qualifier("$LATEST")
    lookup.check_qualifier("$DEFAULT")
    with pytest.raises(Refusal, match="prod"):
        lookup.check_qualifier("prod")
