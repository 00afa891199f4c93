"""Which function is meant."""

import pytest

from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.model.errors import FunctionFolderError
from tests.local.factories import function


def test_one_name_in_several_places():
    """The same name may stand in several regions and namespaces, each its own function."""
    places = [
        {},
        {"region": "ap-chengdu"},
        {"namespace": "testing"},
    ]
    catalog = Catalog(function(**place) for place in places)
    assert len(catalog) == len(catalog.named("hello")) == 3
    assert catalog.get(("ap-chengdu", "default", "hello")).region == "ap-chengdu"
    assert [found.namespace for found in catalog.inside("ap-guangzhou", "testing")] == ["testing"]
    assert catalog.get(("ap-chengdu", "testing", "hello")) is None


def test_a_name_taken_twice_names_both_places():
    """The same name twice in one region and namespace is an error that names both declarations."""
    catalog = Catalog([function()])
    with pytest.raises(FunctionFolderError, match=r"declared twice: in /code/hello and in /code/hello"):
        catalog.add(function())
