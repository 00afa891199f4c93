"""``tencentserverless logs``, on the records of a real endpoint."""

import json
import subprocess
import sys
from contextlib import closing

import pytest

from tencentserverless.local.invocations import record_file
from tencentserverless.local.invocations.record_file import Limits
from tests.cli.conftest import environment
from tests.cli.looking.conftest import made
from tests.local.api_client import Api
from tests.loopback import Server, answering, http, refusal


def ids(text):
    return [json.loads(line)["function_name"] for line in text.splitlines()]


def test_what_was_printed_and_why_it_failed(run, shop):
    """Each invocation has its end, its id, its log and its error; without a terminal lines are not folded."""
    code, shown, told = run("logs")
    assert (code, told) == (0, "")
    heads = [line for line in shown.splitlines() if not line.startswith(" ")]
    assert [line.split()[2:4] for line in heads] == [
        ["Prices", "ok"],
        ["Gateway", "ok"],
        ["Prices", "failed"],
        ["Gateway", "failed"],
    ]
    assert all(line.split()[-1] == record.request_id for line, record in zip(heads, by_end(shop), strict=True))
    assert shown.count("| asked for") == 2
    assert "Gateway → Prices: KeyError: 'gold'" in shown
    assert str(shop.home / "shop" / "Prices" / "index.py") in shown


def by_end(scf):
    return sorted(scf.records, key=lambda record: record.ended_at)


def test_conditions(run, shop):
    """Conditions are combined; --json prints one object a line, the record that `LocalSCF.records` has."""
    assert ids(run("logs", "--json")[1]) == ["Prices", "Gateway", "Prices", "Gateway"]
    _, shown, _ = run("logs", "Gateway", "--failed", "--json")
    (found,) = map(json.loads, shown.splitlines())
    assert found == by_end(shop)[-1].as_data()
    assert ids(run("logs", "--json", "-n", "1")[1]) == ["Gateway"]
    assert ids(run("logs", "--json", "--search", "KEYERROR", "Prices")[1]) == ["Prices"]
    assert ids(run("logs", "--json", "--request", found["request_id"][:10])[1]) == ["Gateway"]
    assert ids(run("logs", "--json", "--since", "1h", "--region", "ap-guangzhou")[1]) != []
    assert run("logs", "--since", "soon")[0] == 2


def test_nothing_was_found(run, shop):
    """If nothing fulfils the conditions, standard error says where was looked, and in which time."""
    code, shown, told = run("logs", "Nope", "--failed", "--since", "2h", "--local")
    assert (code, shown) == (0, "")
    assert told.startswith("No record from 20")
    assert told.endswith(f" was found in {shop.home / 'records.db'}. Conditions: Nope --failed\n")
    assert run("logs", "--records", str(shop.home / "none.db"))[0] == 2


def test_the_cloud_is_asked(run, shop, monkeypatch):
    """With --endpoint the API is asked, and answers the same; without records and credentials the exit code is 4."""
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", shop.secret_id)
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", shop.secret_key)
    cloud = ("--endpoint", shop.endpoint, "--json")
    code, shown, told = run("logs", *cloud, "--failed")
    assert (code, told, sorted(ids(shown))) == (0, "", ["Gateway", "Prices"])
    (found,) = map(json.loads, run("logs", *cloud, "Gateway", "--search", "asked for tea")[1].splitlines())
    assert (found["status_code"], found["ret_msg"], found["parent"]) == (200, "3", None)
    assert found["request_id"] in found["output"]  # the platform's log has its own lines
    code, shown, told = run("logs", *cloud, "Nope")
    assert (code, shown) == (3, "")
    assert "ResourceNotFound.Function" in told
    code, shown, told = run("logs", *cloud, "Gateway", "--request", "0" * 36, "--since", "3d")
    assert (code, shown) == (0, "")
    assert "24 hours" in told
    assert "No invocation from 20" in told


@pytest.mark.parametrize("code", ["UnsupportedOperation", "FailedOperation.TopicNotExist", "InvalidParameter.Cls"])
def test_logs_that_are_in_cls_only(run, state, monkeypatch, code):
    """Where the platform does not answer for logs any more, the message leads to CLS, and names what `status` wants."""
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "AKIDx")
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "x")
    with Server(answering(http(refusal(code, "see CLS")))) as platform:
        cloud = ("--endpoint", f"http://127.0.0.1:{platform.port}")
        for arguments, hint in (["logs", "Pay"], ""), (["status", "0" * 36], "--function NAME"):
            exit_code, shown, told = run(*arguments, *cloud)
            assert (exit_code, shown) == (3, ""), told
            assert "CLS only: https://console.cloud.tencent.com/cls" in told
            assert hint in told
            assert code in told


def test_refused_requests(run, shop):
    """Requests that were refused are told with their number on standard error, if they fit to the conditions."""
    with Api(shop) as api:
        for _ in range(2):
            api("Invoke", FunctionName="Price")
    for arguments, is_told in (["-n", "1"], True), (["Price"], True), (["Gateway"], False), (["--search", "x"], False):
        told = run("logs", *arguments)[2]
        assert ("refused: ResourceNotFound.Function Invoke Price (ap-guangzhou/default) × 2: " in told) == is_told


def test_any_console(tmp_path):
    """A console that lacks characters gets all lines: signs of ours are replaced, those of others are escaped."""
    path = tmp_path / "records.db"
    ids = "11111111-2222-4333-8444-555555555551", "11111111-2222-4333-8444-555555555552"
    failed = made("Prices", ids[1], ids[0], came=0.1, ended=0.9, status=433)
    failed.invocation = failed.invocation._replace(callers=("Gateway",))
    with closing(record_file.opened(path)) as database:
        record_file.write(database, [failed, made("Gateway", ids[0], came=0, ended=1, log="茶ñ\n")], Limits())
    for encoding, verb, arrow, log in (
        ("gbk", ["logs"], "→", "茶\\u00f1"),
        ("ascii", ["local", "trace", "--log"], "->", "\\u8336\\u00f1"),
    ):
        command = [sys.executable, "-m", "tencentserverless", *verb, "--records", str(path)]
        done = subprocess.run(command, capture_output=True, check=True, env=environment(PYTHONIOENCODING=encoding))
        shown = done.stdout.decode(encoding)
        assert f"Gateway {arrow} Prices: " in shown
        assert f"| {log}\n" in shown


def test_a_file_of_something_else(run, state, tmp_path):
    """A file that has no records is told, with exit code 5."""
    (tmp_path / "x.db").write_text("no database " * 100)
    for verb in (["logs"], ["logs", "-f"], ["local", "trace"]):
        code, shown, told = run(*verb, "--records", str(tmp_path / "x.db"))
        assert (code, shown, told) == (5, "", f"{tmp_path / 'x.db'}: file is not a database\n")


def test_without_any_source(run, state):
    """Without local records and credentials, both are named."""
    code, shown, told = run("logs")
    assert (code, shown) == (4, "")
    assert "no local records" in told
    assert run("logs", "--local")[0] == 5
