"""``logs --refused``, on the records of a real endpoint."""

import json

from tests.cli.test_commands import SCHEMA, wrong
from tests.local.api_client import Api


def test_refused_requests(run, shop):
    """--refused prints what was refused instead: one line for equal requests, with their number; none is told."""
    code, shown, told = run("logs", "--refused")
    assert (code, shown) == (0, "")
    assert "No refused request was found" in told
    with Api(shop) as api:
        for name in ("Nope", "Nope", "Other"):
            api("Invoke", FunctionName=name)
    nope, other = run("logs", "--refused")[1].splitlines()
    assert "refused: ResourceNotFound.Function Invoke Nope (ap-guangzhou/default) × 2: " in nope
    assert "Invoke Other" in other
    (line,) = run("logs", "Nope", "--refused", "--since", "1h", "--json")[1].splitlines()
    found = json.loads(line)
    assert (found["code"], found["function_name"], found["count"]) == ("ResourceNotFound.Function", "Nope", 2)
    assert list(wrong(found, SCHEMA["$defs"]["logs"], "logs")) == []
    assert run("logs", "--refused", "-n", "0")[1] == ""
    assert run("logs", "--refused", "--failed")[0] == 2
