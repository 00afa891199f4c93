"""``tencentserverless local trace``, on the records of a real endpoint."""

import json
import xml.etree.ElementTree as ET


def test_the_chain_of_any_invocation(run, shop, tmp_path):
    """The newest chain is shown, or that of any of its invocations; as a picture, with logs, as JSON, as an SVG."""
    code, shown, told = run("local", "trace")
    assert (code, told) == (0, "")
    lines = shown.splitlines()
    assert lines[0].startswith("Gateway failed (430), 2 invocations in ")
    assert [line.split()[0] for line in lines if "|" in line] == ["Gateway", "Prices"]
    assert run("local", "trace", "--last")[1] == shown
    first_callee = next(record for record in shop.records if record.function_name == "Prices")
    code, shown, _ = run("local", "trace", first_callee.request_id[:12], "--json")
    data = json.loads(shown)
    assert [hop["function_name"] for hop in data["hops"]] == ["Gateway", "Prices"]
    gateway, prices = data["hops"]
    assert gateway["cold_start_ms"] > 0
    assert gateway["start_ms"] + gateway["waiting_ms"] + gateway["cold_start_ms"] <= prices["start_ms"] + 1
    assert prices["end_ms"] <= gateway["end_ms"] + 1
    assert prices["running_ms"] >= prices["duration_ms"]
    shown = run("local", "trace", "--log")[1]
    assert "| asked for gold" in shown
    assert "Gateway → Prices: KeyError: 'gold'" in shown
    code, shown, told = run("local", "trace", "--svg", str(tmp_path / "chain.svg"))
    assert (code, shown, told) == (0, "", f"Written: {tmp_path / 'chain.svg'}\n")
    assert ET.parse(tmp_path / "chain.svg").getroot().tag.endswith("svg")


def test_what_is_not_there(run, shop, tmp_path):
    """An unknown id, an ambiguous one and a picture that cannot be written are told, with exit codes 5 and 6."""
    code, shown, told = run("local", "trace", "no-such-id")
    assert (code, shown) == (5, "")
    assert str(shop.home / "records.db") in told
    code, _, told = run("local", "trace", "")
    assert (code, "Several request ids" in told) == (5, True)
    assert run("local", "trace", "--svg", str(tmp_path / "no" / "x.svg"))[0] == 6
    assert run("local", "trace", "x", "--last")[0] == 2
