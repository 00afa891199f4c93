"""What calls ask for, and the envelope of the answers."""

import json

import pytest

from tencentserverless.local.api import actions, envelope, functions, invoke
from tencentserverless.local.api.call import Call
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.model import event_json
from tencentserverless.local.model.api_errors import Refusal, function_not_found
from tests.local.factories import function

CATALOG = Catalog([function(), function("other", description="the second"), function("far", region="ap-chengdu")])


def call(action="Invoke", region="ap-guangzhou", **parameters):
    return Call(action, region, "en-US", parameters, None)


def wanted(action="Invoke", region="ap-guangzhou", **parameters):
    made = call(action, region, **{"FunctionName": "hello", **parameters})
    return invoke.wanted(made, actions.checked_parameters(made), CATALOG)


def code(action="Invoke", **parameters):
    with pytest.raises(Refusal) as caught:
        wanted(action, **parameters)
    return caught.value.code


def test_the_envelope():
    """Success and error are one object with Response and RequestId in it."""
    assert json.loads(envelope.answer("id", {"A": "\ud800"})) == {"Response": {"A": "\ud800", "RequestId": "id"}}
    assert json.loads(envelope.refused("id", function_not_found("x"), "zh-CN"))["Response"]["Error"] == {
        "Code": "ResourceNotFound.Function",
        "Message": "未找到指定的Function，请创建后再试。",
    }


def test_defaults_differ_by_action():
    """`Invoke` asks for $LATEST and `InvokeFunction` for $DEFAULT; no event means an empty object."""
    assert wanted()[1:] == (b"{}", "RequestResponse", "$LATEST", "None")
    assert wanted("InvokeFunction", Event="")[1:] == (b"{}", "RequestResponse", "$DEFAULT", "None")


def test_events_stay_text():
    """The event is handed on as the text that came, lone surrogates included."""
    assert wanted(ClientContext='{"a":  "\ud800"}').event == b'{"a":  "\xed\xa0\x80"}'


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"FunctionName": "x"}, "InvalidParameter.FunctionName"),
        ({"FunctionName": "1abc"}, "InvalidParameter.FunctionName"),
        ({"FunctionName": "missing"}, "ResourceNotFound.Function"),
        ({"Namespace": "missing"}, "ResourceNotFound.Function"),
        ({"Qualifier": "7"}, "ResourceNotFound.Qualifier"),
        ({"InvocationType": "Sync"}, "InvalidParameterValue"),
        ({"LogType": "All"}, "InvalidParameterValue"),
        ({"RoutingKey": "no"}, "InvalidParameterValue"),
        ({"RoutingKey": '{"a": "%s"}' % ("x" * 1024)}, "InvalidParameterValue"),
        ({"Event": "{}"}, "UnknownParameter"),
        ({"ClientContext": '"%s"' % ("x" * 6 * 1024 * 1024)}, "InvalidParameterValue"),
        ({"InvocationType": "Event", "ClientContext": '"%s"' % ("x" * 128 * 1024)}, "InvalidParameterValue"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_wrong_parameter_has_its_code(parameters, expected):
    """Each way in which an invocation can be asked for wrongly has the platform's code."""
    assert code(**parameters) == expected


def test_invoke_function_has_codes_of_its_own():
    """`InvokeFunction` knows neither ClientContext nor InvocationType, and its size error has its own code."""
    assert code("InvokeFunction", ClientContext="{}") == "UnknownParameter"
    assert code("InvokeFunction", InvocationType="Event") == "UnknownParameter"
    assert code("InvokeFunction", Event='"%s"' % ("x" * 6 * 1024 * 1024)) == "InvalidParameter.RequestTooLarge"


def test_the_limit_itself_is_allowed():
    """An event of exactly 6 MB is taken."""
    assert len(wanted(ClientContext='"%s"' % ("x" * (6 * 1024 * 1024 - 2))).event) == 6 * 1024 * 1024


def test_who_is_not_found_is_told_where_to_look():
    """The message for a missing function says where one of this name is, else what there is."""
    with pytest.raises(Refusal, match="It is in ap-chengdu/default"):
        wanted(FunctionName="far")
    with pytest.raises(Refusal, match="has: hello, other"):
        wanted(FunctionName="missing")


def test_real_actions_that_are_not_served():
    """An action of the API that is not served yet is an unsupported operation."""
    with pytest.raises(Refusal, match="CreateFunction") as caught:
        actions.checked_parameters(call("CreateFunction"))
    assert caught.value.code == "UnsupportedOperation"


@pytest.mark.parametrize("event", [b"NaN", b'{"a": Infinity}', b"{", b"'a'", b"[" * 100_000, b"\xff"])
def test_events_that_are_no_json(event):
    """Python's extensions of JSON, and nesting beyond measure, are no event."""
    with pytest.raises(Refusal) as caught:
        event_json.check_event(event)
    assert caught.value.code == "InvalidParameterValue.Param"


@pytest.mark.parametrize("event", [b"{}", b"null", b'"\\ud800"', b'"\xed\xa0\x80"', b" [1.5e3] "])
def test_events_that_are_json(event):
    """Any JSON type is an event, lone surrogates pass, escaped or not."""
    event_json.check_event(event)


def test_get_function_has_the_platforms_fields():
    """GetFunction describes a function with its configuration and its variables."""
    fields = functions.get_function(
        function(variables={"A": "b"}, runtime="Python3.9"), "code", 5, "2020-01-01 00:00:00"
    )
    assert fields["Environment"] == {"Variables": [{"Key": "A", "Value": "b"}]}
    assert (fields["Runtime"], fields["Status"], fields["Timeout"], fields["MemorySize"]) == (
        "Python3.9",
        "Active",
        3,
        128,
    )
    assert (fields["CodeInfo"], fields["CodeSize"]) == ("code", 5)
    assert fields["FunctionId"].startswith("lam-")


def test_list_functions():
    """ListFunctions searches, orders and pages inside one region and namespace."""

    def names(**parameters):
        fields = functions.list_functions("ap-guangzhou", parameters, CATALOG, "")
        return [found["FunctionName"] for found in fields["Functions"]], fields["TotalCount"]

    assert names() == (["hello", "other"], 2)
    assert names(Order="DESC", Orderby="FunctionName") == (["other", "hello"], 2)
    assert names(Offset=1, Limit=5) == (["other"], 2)
    assert names(SearchKey="el") == (["hello"], 1)
    assert names(Description="second") == (["other"], 1)
    assert names(Namespace="none") == ([], 0)
    with pytest.raises(Refusal):
        names(Order="UP")
    with pytest.raises(Refusal):
        names(Filters=[{"Name": "Runtime", "Values": ["Python3.9"]}])
