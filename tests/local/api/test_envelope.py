"""The envelope of the API's answers."""

import json

from tencentserverless.local.api import envelope
from tencentserverless.local.model.api_errors import function_not_found


def test_the_envelope():
    """Success and error are one object with Response and RequestId in it."""
    assert json.loads(envelope.answer("id", {"A": "\ud800"})) == {"Response": {"A": "\ud800", "RequestId": "id"}}
    assert json.loads(envelope.refused("id", function_not_found("x"), "zh-CN"))["Response"]["Error"] == {
        "Code": "ResourceNotFound.Function",
        "Message": "未找到指定的Function，请创建后再试。",
    }
    hinted = function_not_found("x", "Look elsewhere.")
    messages = [
        json.loads(envelope.refused("id", hinted, with_hint=with_hint))["Response"]["Error"]["Message"]
        for with_hint in (True, False)
    ]
    assert messages == ["Function not found: [x]. Look elsewhere.", "Function not found: [x]"]
