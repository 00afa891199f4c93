"""``tencentserverless functions``, ``show`` and ``status``, with a running endpoint."""

import json
import re

import pytest


def test_which_functions_there_are(run, shop):
    """Functions are listed with their settings and their last runs, as a table or as one object a line."""
    code, shown, told = run("functions", "--local")
    assert (code, told) == (0, "")
    head, *rows = shown.splitlines()
    assert head.split() == "function region namespace runtime memory timeout last run outcome".split()
    assert [row.split()[:3] for row in rows] == [
        ["Gateway", "ap-guangzhou", "default"],
        ["Prices", "ap-guangzhou", "default"],
    ]
    assert all(row.endswith("failed (430)") for row in rows)
    found = [json.loads(line) for line in run("functions", "--json", "--local")[1].splitlines()]
    assert [(each["function_name"], each["memory_mb"], each["timeout"]) for each in found] == [
        ("Gateway", 128, 3),
        ("Prices", 128, 3),
    ]
    last = max(record.invocation.received_at for record in shop.records if record.function_name == "Gateway")
    assert found[0]["last_run_at"] == int(last)
    code, shown, told = run("functions", "--local", "--region", "ap-chengdu", "--namespace", "none")
    assert (code, shown, told) == (0, "", "There are no functions in ap-chengdu/none.\n")


def test_one_function(run, shop):
    """A function is shown with the names of its variables, and without their values."""
    shop.deploy(lambda event, context: 1, name="own", environment={"PASSWORD": "a secret"})
    code, shown, _ = run("show", "own", "--local")
    assert code == 0
    assert "variables       PASSWORD\n" in shown
    data = run("show", "own", "--local", "--json")[1]
    assert json.loads(data)["variables"] == ["PASSWORD"]
    assert json.loads(data)["last_run_at"] is None
    assert "a secret" not in shown + data
    code, shown, told = run("show", "Nope", "--local")
    assert (code, shown) == (3, "")
    assert "ResourceNotFound.Function" in told


@pytest.mark.parametrize("number", [0, -1])
def test_the_status_of_an_invocation(run, shop, number):
    """The status is found by the request id alone, with the result or the error."""
    record = [each for each in shop.records if each.function_name == "Gateway"][number]
    found = json.loads(run("status", record.request_id, "--local", "--json")[1])
    assert found["state"] == ("failed" if number else "ok")
    assert (found["request_id"], found["ret_msg"]) == (record.request_id, record.outcome.ret_msg)
    code, shown, _ = run("status", record.request_id, "--function", "Gateway", "--local")
    assert code == 0
    assert shown.startswith(f"Gateway {found['state']}, began 20")
    code, shown, told = run("status", "0" * 36, "--function", "Gateway", "--local")
    assert (code, shown) == (5, "")
    assert "15 minutes" in told
    assert run("status", "0" * 36, "--local")[0] == 5


def test_in_chinese(run, shop, monkeypatch):
    """In Chinese no English word is left but names and codes, and JSON is as in English."""
    request_id = shop.records[0].request_id
    verbs = (["functions"], ["show", "Gateway"], ["status", request_id, "--function", "Gateway"])
    english = [run(*verb, "--local", "--json")[1] for verb in verbs]
    monkeypatch.setenv("TENCENTSERVERLESS_LANGUAGE", "zh-CN")
    for verb, before in zip(verbs, english, strict=True):
        code, shown, told = run(*verb, "--local")
        assert (code, told) == (0, "")
        words = set(re.findall("[A-Za-z_]{3,}", shown))
        assert words <= {*"Gateway Prices own default guangzhou index main_handler LATEST Active sku".split()}, shown
        assert run(*verb, "--local", "--json")[1] == before
