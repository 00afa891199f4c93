"""Two endpoints in one program, on two threads: neither disturbs the other."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api

THREADS = 8  # of each endpoint
EVENTS = 60  # of each thread

CODE = """
import os
def main_handler(event, context):
    print(NAME, "begins", event)
    if event % 5 == 3: raise ValueError("%s cannot %d" % (NAME, event))
    if event % 50 == 7: os._exit(1)
    os.write(2, ("%s ends %d" % (NAME, event)).encode())
    return [NAME, event]
NAME = {!r}
"""


@pytest.fixture
def both(tmp_path):
    """The two endpoints by name. Each serves a function `work` of its own."""
    with ExitStack() as stack:
        found = {}
        for name in ("first", "second"):
            place = tmp_path / name / "work"
            place.mkdir(parents=True)
            (place / "index.py").write_text(CODE.format(name))
            (place / "serverless.yml").write_text("component: scf\nname: work\ninputs: {timeout: 60}\n")
            scf = LocalSCF(place, most_instances=4, queue_seconds=120, notify=pytest.fail)
            found[name] = stack.enter_context(scf)
        yield found


def answers(scf, numbers, go):
    """Each of these events with its result, invoked one after the other over one connection."""
    with Api(scf) as api:
        go.wait()
        return [(number, api.invoke("work", number)) for number in numbers]


def check(name, number, result):
    """Whether the answer is this event's own, in this endpoint."""
    log = result["Log"].split("\n")
    begun = f"{name} begins {number}"
    assert [line for line in log if " begins " in line] == [begun]
    value = json.loads(result["RetMsg"])
    if number % 5 == 3:
        assert value["statusCode"] == 430
        assert f"ValueError: {name} cannot {number}" in value["stackTrace"]
    elif number % 50 == 7:
        assert value["statusCode"] == 439
    else:
        assert value == [name, number]
        assert f"{name} ends {number}" in log
        assert result["InvokeResult"] == 0


def test_two_under_load(both):
    """Under load from many threads each answers all of its events as if it were alone, on connections that stay."""
    go = Barrier(2 * THREADS)
    numbers = [range(first, THREADS * EVENTS, THREADS) for first in range(THREADS)]
    with ThreadPoolExecutor(2 * THREADS) as pool:
        jobs = [(name, pool.submit(answers, both[name], some, go)) for some in numbers for name in both]
        found = [(name, number, result) for name, job in jobs for number, result in job.result()]
    assert len(found) == 2 * THREADS * EVENTS
    for name, number, result in found:
        check(name, number, result)
    ids = {name: {result["FunctionRequestId"] for of, _, result in found if of == name} for name in both}
    assert len(ids["first"] | ids["second"]) == len(found)
    for name, scf in both.items():
        assert {record.invocation.request_id for record in scf.records} == ids[name]
        assert (scf.counters.requests, scf.counters.connections) == (THREADS * EVENTS, THREADS)


def test_one_that_stops(both):
    """While one endpoint stops under load, the other goes on."""
    go = Barrier(THREADS + 1)
    with ThreadPoolExecutor(THREADS) as pool:
        numbers = [range(first, THREADS * EVENTS, THREADS) for first in range(THREADS)]
        jobs = [pool.submit(answers, both["second"], some, go) for some in numbers]
        go.wait()
        with Api(both["first"]) as api:
            check("first", 1, api.invoke("work", 1))
        both["first"].stop()
        for job in jobs:
            for number, result in job.result():
                check("second", number, result)
