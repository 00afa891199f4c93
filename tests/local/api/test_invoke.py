"""What calls of Invoke and InvokeFunction ask for."""

import pytest

from tencentserverless.local.api import invoke, router
from tencentserverless.local.api.call import Call
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.model.api_errors import Refusal
from tests.local.factories import function

CATALOG = Catalog([function(), function("other", description="the second"), function("far", region="ap-chengdu")])


def wanted(action="Invoke", region="ap-guangzhou", **parameters):
    found = []
    made = Call(action, region, {"FunctionName": "hello", **parameters}, None)
    row = router.SERVED[action]._replace(handler=lambda services, call, pending: found.append(call))
    row.perform(None, made, None)
    return invoke.invoke_parameters(found[0], CATALOG)


def code(action="Invoke", **parameters):
    with pytest.raises(Refusal) as caught:
        wanted(action, **parameters)
    return caught.value.code


def test_defaults_differ_by_action():
    """`Invoke` asks for $LATEST and `InvokeFunction` for $DEFAULT; no event means an empty object."""
    assert wanted()[1:] == (b"{}", "RequestResponse", "$LATEST", "None")
    assert wanted("InvokeFunction", Event="")[1:] == (b"{}", "RequestResponse", "$DEFAULT", "None")


@pytest.mark.parametrize("text", ["Tail", "tail", "TAIL"])
def test_log_types_of_any_case(text):
    """The log type may be written in letters of any case, as clients write it."""
    assert wanted(LogType=text).log_type == "Tail"


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
