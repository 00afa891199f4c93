"""``tencentserverless logs``, on the records of a real endpoint."""

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.conftest import environment
from tests.local.api_client import Api


def ids(text):
    return [json.loads(line)["function_name"] for line in text.splitlines()]


def test_what_was_printed_and_why_it_failed(run, shop, tmp_path):
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
    assert str(tmp_path / "shop" / "Prices" / "index.py") in shown


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


def test_nothing_was_found(run, shop, tmp_path):
    """If nothing fulfils the conditions, standard error says where was looked, and in which time."""
    code, shown, told = run("logs", "Nope", "--failed", "--since", "2h", "--local")
    assert (code, shown) == (0, "")
    assert told.startswith(f"No record of Nope of a failure was found in {tmp_path / 'records.db'}, from 20")
    assert run("logs", "--records", str(tmp_path / "none.db"))[0] == 2


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
    assert "No invocation was found, from 20" in told


def test_without_any_source(run, state):
    """Without local records and credentials, both are named."""
    code, shown, told = run("logs")
    assert (code, shown) == (4, "")
    assert "no local records" in told
    assert run("logs", "--local")[0] == 5


@pytest.fixture
def follow():
    """`follow("logs", "-f")` runs the command line in a process of its own; it is killed at the end."""
    running = []

    def call(*arguments, **variables):
        command = [sys.executable, "-m", "tencentserverless", *arguments]
        running.append(subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment(**variables)))
        return running[-1]

    yield call
    for each in running:
        with each:
            each.kill()


def test_following(follow, shop):
    """-f prints the last ones, then new ones as they end; Ctrl-C ends it with 130, another signal as usual."""
    process = follow("logs", "-f", "-n", "1", "--json", "Gateway")
    assert json.loads(process.stdout.readline())["status_code"] == 430
    with Api(shop) as api:
        for sku in ("tea", "gold"):
            api.invoke("Gateway", {"sku": sku})
    assert [json.loads(process.stdout.readline())["status_code"] for _ in range(2)] == [200, 430]
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    for number in (signal.SIGTERM, signal.SIGHUP):
        process = follow("logs", "-f")
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(20) == -number


def test_a_reader_that_goes(follow, shop):
    """If the program that reads has ended, `logs -f` ends too, quietly and with 0, also if nothing new comes."""
    process = follow("logs", "-f", "--json")
    process.stdout.readline()
    process.stdout.close()
    began = time.monotonic()
    assert process.wait(20) == 0
    assert time.monotonic() - began < 15
    assert process.stderr.read() == ""
