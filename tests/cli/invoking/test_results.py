"""Lines of results."""

import json

from tencentserverless._cli.invoking.results import failures_of, line_of
from tencentserverless.scf import InvokeResult


def test_a_value_that_json_does_not_have(tmp_path):
    """NaN, which a function may return, does not make a line that is not JSON: the text is there in its place."""
    line = json.loads(line_of(3, (float("nan"), InvokeResult("NaN"))), parse_constant=lambda name: 1 / 0)
    assert (line["value"], line["executed"], line["index"]) == ("NaN", "yes", 3)
    assert failures_of(tmp_path / "r").name == "r.failed.jsonl"
