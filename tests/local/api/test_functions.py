"""GetFunction and ListFunctions."""

from pathlib import Path

import pytest

from tencentserverless.local.api import functions
from tencentserverless.local.api.call import Call
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.functions.code_info import CodeInfo
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.function import Layer
from tests.local.factories import function

CATALOG = Catalog([function(), function("other", description="the second"), function("far", region="ap-chengdu")])
CODE = CodeInfo("code", 5, "2020-01-01 00:00:00")


def test_get_function_has_the_platforms_fields():
    """GetFunction describes a function with its configuration and its variables."""
    made = function(variables={"A": "b"}, runtime="Python3.9")
    fields = functions.get_function(made, CODE, show_code=True)
    assert fields["Environment"] == {"Variables": [{"Key": "A", "Value": "b"}]}
    assert (fields["Runtime"], fields["Status"], fields["Timeout"], fields["MemorySize"]) == (
        "Python3.9",
        "Active",
        3,
        128,
    )
    assert (fields["CodeInfo"], fields["CodeSize"]) == ("code", 5)
    assert fields["FunctionId"].startswith("lam-")
    assert functions.get_function(made, CODE, show_code=False)["CodeInfo"] == ""


def test_get_function_has_the_layers():
    """GetFunction names the layers of a function with their versions, in their order."""
    layers = (Layer("requests", 3, Path("/a")), Layer("tools", 1, Path("/b")))
    fields = functions.get_function(function(layers=layers), CODE, show_code=False)
    assert [(layer["LayerName"], layer["LayerVersion"]) for layer in fields["Layers"]] == [
        ("requests", 3),
        ("tools", 1),
    ]


def test_list_functions():
    """ListFunctions searches, orders and pages inside one region and namespace."""

    def names(**parameters):
        call = Call("ListFunctions", "ap-guangzhou", parameters, None)
        found, total = functions.functions_on_page(call, CATALOG)
        fields = functions.list_functions(found, [one.name for one in found], total)
        assert [one["ModTime"] for one in fields["Functions"]] == [one.name for one in found]
        return [one["FunctionName"] for one in fields["Functions"]], fields["TotalCount"]

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
