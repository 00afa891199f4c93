"""Instances in numbers: reuse, limits, retirement, new code."""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.instances import pool, starts
from tencentserverless.local.instances.instance import Instance
from tests.local.api_client import Api
from tests.local.process_table import alive, below, outer, until
from tests.local.scenarios.conftest import FUNCTIONS

SLOW = "import time\ntime.sleep(0.3)  # so that the old instance is free first\n"


@pytest.fixture
def run(folder):
    """Serve the functions that `folder` wrote; `run(**options)` is an `Api` of their endpoint."""
    opened = []

    def start(*paths, **options):
        scf = LocalSCF(*(paths or [folder.path]), **options).__enter__()
        opened.append((scf, Api(scf)))
        return opened[-1][1]

    yield start
    for scf, api in opened:
        api.connection.close()
        scf.stop()


def at_once(api, name, count, event):
    """Invoke `name` so often, all at the same time."""

    def one(_):
        with Api(api.scf) as own:
            return own.invoke(name, event)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_a_warm_instance_is_used_again(run):
    """One event after the other runs in one process, whose globals survive."""
    api = run(FUNCTIONS / "counts")
    answers = [json.loads(api.invoke("counts")["RetMsg"]) for _ in range(5)]
    assert len({pid for pid, _ in answers}) == 1
    assert [count for _, count in answers] == [1, 2, 3, 4, 5]
    assert api.scf.counters.processes == 1
    assert [record.as_data()["cold_start"] for record in api.scf.records] == [True, False, False, False, False]


def test_events_at_once_get_instances_of_their_own(run, shared):
    """Events that wait for one another all run: each in a process of its own, also on a fresh endpoint."""
    api = run(FUNCTIONS / "waits")
    (shared / "meet").mkdir()
    results = at_once(api, "waits", 5, {"folder": str(shared / "meet"), "runs": 5})
    assert len({result["RetMsg"] for result in results}) == 5
    assert {result["InvokeResult"] for result in results} == {0}
    assert api.scf.counters.processes == 5


def test_beyond_the_cap(run, tmp_path):
    """What needs more instances than there may be is refused with 432: a function that calls itself ends."""
    api = run(FUNCTIONS / "calls_itself", most_instances=3, notify=lambda _: None)
    result = api.invoke("calls_itself", {})
    value = json.loads(result["RetMsg"])
    while isinstance(value, str):
        value = json.loads(value)
    assert value == 432
    assert api.scf.counters.processes == 3
    refused = next(record.outcome for record in api.scf.records if record.outcome.status_code == 432)
    assert json.loads(refused.ret_msg)["errorMessage"] == "Resource limit exceed for function [calls_itself]"
    statuses = [record.outcome.status_code for record in api.scf.records]
    assert (statuses[:3], set(statuses[3:])) == ([200, 200, 200], {432})  # the client tries no capacity again
    chain = [(record.invocation.request_id, record.invocation.parent) for record in api.scf.records][:4]
    assert [parent for _, parent in chain] == [None, *(request_id for request_id, _ in chain[:3])]


def test_idle_instances_make_room(run, folder):
    """At the cap the instance that is idle longest makes room for another function."""
    code = (FUNCTIONS / "counts" / "index.py").read_text()
    for name in ("one", "two", "three"):
        folder(name, code)
    api = run(most_instances=2)
    first, second = (json.loads(api.invoke(name)["RetMsg"])[0] for name in ("one", "two"))
    first_pid = outer(first)
    assert api.invoke("three")["InvokeResult"] == 0
    until(lambda: not alive(first_pid))
    assert json.loads(api.invoke("two")["RetMsg"])[0] == second


def test_idle_instances_are_retired(run):
    """An instance that nobody needs for a while ends, with what it has left running."""
    api = run(FUNCTIONS / "starts_child", idle_seconds=0.2)
    child = outer(json.loads(api.invoke("starts_child", {})["RetMsg"]))
    until(lambda: not alive(child))


def test_an_idle_worker_that_dies_is_replaced(run):
    """A worker that is killed between two events is not given the next one."""
    api = run(FUNCTIONS / "counts")
    pid = outer(json.loads(api.invoke("counts")["RetMsg"])[0])
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid))
    result = api.invoke("counts")
    assert result["InvokeResult"] == 0
    assert json.loads(result["RetMsg"])[1] == 1


def test_saved_code_is_live(run, folder):
    """A saved file is what the next event runs; a syntax error is that event's 443, and its repair the next one's."""
    place = folder("live", "def main_handler(event, context):\n    return 1\n")
    api = run()
    answers = []
    for code in ("return 1", "return 2", "return (", "return 3"):
        (place / "index.py").write_text(f"def main_handler(event, context):\n    {code}\n")
        result = api.invoke("live")
        answers.append(json.loads(result["RetMsg"]))
    assert answers[:2] == [1, 2]
    assert answers[2]["statusCode"] == 443
    assert "SyntaxError" in answers[2]["errorMessage"]
    assert answers[3] == 3


# Runs until a file is there. Its version follows.
WAITING = """import os, time
def main_handler(event, context):
    open(event + '.running', 'w').close()
    while not os.path.exists(event): time.sleep(0.002)
    return VERSION
VERSION = """


def test_what_runs_finishes_on_the_old_code(run, folder, shared):
    """An event that runs while a file is saved ends as it began, and its instance is not used again."""
    place = folder("live", WAITING + "1\n", "component: scf\nname: live\ninputs: {timeout: 20}\n")
    api = run()
    flag = shared / "go"
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(at_once, api, "live", 1, json.dumps(str(flag)))
        until(lambda: (shared / "go.running").exists())
        (place / "index.py").write_text(WAITING + "2\n")
        flag.touch()
        assert first.result()[0]["RetMsg"] == "1"
    assert api.invoke("live", json.dumps(str(flag)))["RetMsg"] == "2"


def test_who_waits_gets_the_new_code(run, folder, shared):
    """An event that comes after a save runs the new code, although an instance with the old one is free first."""
    text = "component: scf\nname: live\ninputs: {timeout: 20}\n"
    place = folder("live", WAITING + "1\n", text)
    api = run()
    old, new = shared / "old", shared / "new"
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(at_once, api, "live", 1, json.dumps(str(old)))
        until((shared / "old.running").exists)
        (place / "index.py").write_text(SLOW + WAITING + "2\n")
        new.touch()
        second = pool.submit(at_once, api, "live", 1, json.dumps(str(new)))
        until(lambda: api.scf.counters.processes == 2)
        old.touch()
        assert (first.result()[0]["RetMsg"], second.result()[0]["RetMsg"]) == ("1", "2")


def test_a_saved_manifest_is_live(run, folder):
    """A saved serverless.yml holds for the next event."""
    text = "component: scf\nname: live\ninputs:\n  memorySize: {}\n"
    code = "def main_handler(event, context):\n    return context['memory_limit_in_mb']\n"
    place = folder("live", code, text.format(128))
    api = run()
    assert api.invoke("live")["RetMsg"] == "128"
    (place / "serverless.yml").write_text(text.format(1024))
    assert api.invoke("live")["RetMsg"] == "1024"


def test_a_failed_start_is_tried_again(run, folder):
    """A function whose start failed is started anew for the next event; an instance that failed serves nobody."""
    folder("bad", "raise ValueError\ndef main_handler(event, context): pass\n")
    api = run()
    assert [json.loads(api.invoke("bad")["RetMsg"])["statusCode"] for _ in range(2)] == [443, 443]
    assert api.scf.counters.processes == 2


def test_each_of_many_failed_starts_is_answered(run, folder):
    """Events that wait for starts that fail are all answered."""
    folder("bad", "raise ValueError\ndef main_handler(event, context): pass\n")
    results = at_once(run(), "bad", 10, {})
    assert [json.loads(result["RetMsg"])["statusCode"] for result in results] == [443] * 10


def test_stopping_leaves_no_process(folder):
    """When the endpoint stops, running and idle workers and their children are gone, and who waits gets an answer."""
    with LocalSCF(FUNCTIONS) as scf, Api(scf) as api, ThreadPoolExecutor(2) as pool:
        child = outer(json.loads(api.invoke("starts_child", {})["RetMsg"]))
        pid = outer(json.loads(api.invoke("counts")["RetMsg"])[0])
        running = pool.submit(at_once, api, "waits", 1, {"folder": str(folder("empty").parent), "runs": 99})
        until(lambda: scf.counters.processes == 3)
        scf.stop()
        assert not alive(child)
        assert not alive(pid)
        with suppress(OSError):  # the connection may be closed first
            assert running.result()[0]["InvokeResult"] != 0


SLEEPS = "import time\ndef main_handler(event, context):\n    time.sleep(event)\n    return VERSION\nVERSION = {}\n"


def test_who_waits_for_a_place(run, folder):
    """Where there are as many instances as there may be, invocations wait for one, of another function too."""
    for number, name in enumerate(("one", "two")):
        folder(name, SLEEPS.format(number))
    api = run(most_instances=1)
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(at_once, api, name, 2, 0.05) for name in ("one", "two")]
        got = [sorted(result["RetMsg"] for result in future.result()) for future in answers]
    assert got == [["0", "0"], ["1", "1"]]


def test_who_waits_too_long(run, folder):
    """Who waits for a place longer than may be gets 432; what has the place is not disturbed."""
    folder("one", SLEEPS.format(1), "component: scf\nname: one\ninputs: {timeout: 20}\n")
    api = run(most_instances=1, queue_seconds=0.2)
    results = at_once(api, "one", 3, 1.0)
    assert sorted(json.loads(result["RetMsg"]) == 1 for result in results) == [False, False, True]
    assert {json.loads(r["RetMsg"])["statusCode"] for r in results if r["RetMsg"] != "1"} == {432}


ASKS = """
import os
from tencentserverless.scf import Client
CONF = Client("ap-guangzhou").invoke("conf", data={})
def main_handler(event, context):
    return CONF.value
"""


def test_starts_that_wait_for_a_start(run, folder):
    """Functions that invoke another one while they are loaded do not keep it from being started, however many."""
    folder("asks", ASKS)
    folder("conf")
    results = at_once(run(), "asks", 2 * starts.STARTS_AT_ONCE, {})
    assert {result["RetMsg"] for result in results} == {"1"}


@pytest.mark.parametrize("error", [OSError(24, "too many files"), ValueError("of ours")])
def test_a_launch_that_fails(run, folder, monkeypatch, caplog, error):
    """Whatever goes wrong in a start is the answer of the invocation that waits for it; its place and ports are free
    again. A mistake of ours is logged with its traceback, once."""
    folder("one")
    api = run(most_instances=1)
    launcher = api.scf._endpoint._launcher
    workers, launch = launcher._workers, launcher._workers.start

    async def fail(_):
        raise error

    for _ in range(3):
        monkeypatch.setattr(workers, "start", fail)
        result = api.invoke("one")
        assert (result["InvokeResult"], "could not be started" in result["RetMsg"]) == (-1, True)
        assert not launcher._ports._by_instance
        monkeypatch.setattr(workers, "start", launch)
    assert api.invoke("one")["RetMsg"] == "1"
    logged = [record.exc_info[1] for record in caplog.records]
    assert logged == ([] if isinstance(error, OSError) else [error] * 3)


def test_a_failed_launch_makes_room(run, folder):
    """Who waits for a place gets that of an instance that could not be started."""
    gone = folder("gone", manifest="component: scf\nname: gone\ninputs: {src: code}\n")
    (gone / "code").mkdir()
    folder("one")
    api = run(most_instances=1, queue_seconds=60)
    (gone / "code").rmdir()
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        names = ["gone", "one"] * 4
        results = list(pool.map(lambda name: at_once(api, name, 1, {})[0]["InvokeResult"], names))
    assert results == [-1, 0] * 4
    assert time.monotonic() - started < 30


def test_a_start_is_waited_for(run, folder):
    """Who has waited for a place and got it is not refused while the instance is being loaded."""
    folder("busy", SLEEPS.format(1), "component: scf\nname: busy\ninputs: {timeout: 20}\n")
    folder("slow", "import time\ntime.sleep(1)\ndef main_handler(event, context):\n    return 2\n")
    api = run(most_instances=1, queue_seconds=0.8)
    with ThreadPoolExecutor(2) as pool:
        busy = pool.submit(at_once, api, "busy", 1, 0.4)
        until(lambda: api.scf.counters.processes == 1)
        slow = pool.submit(at_once, api, "slow", 1, {})
        assert [busy.result()[0]["RetMsg"], slow.result()[0]["RetMsg"]] == ["1", "2"]


def test_no_idle_time_at_all(run, folder):
    """With no idle time instances are retired at once, without a loop that spins."""
    folder("one")
    api = run(idle_seconds=0.0)
    assert api.invoke("one")["RetMsg"] == "1"
    before = time.process_time()
    until(lambda: not api.scf._endpoint._launcher.instances)
    assert time.process_time() - before < 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whether a worker has read its frame")
def test_a_worker_that_dies_before_it_reads(run, folder, monkeypatch):
    """A worker that ends before it has read what to load is replaced once; after that it is a failure of ours."""
    folder("one")
    api = run()
    workers = api.scf._endpoint._launcher._workers
    start, killed = workers.start, []

    async def start_and_kill(spec):
        worker = await start(spec)
        if len(killed) < most:
            killed.append(worker.pid)
            until(lambda: below(worker.pid))
            for pid in below(worker.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            until(lambda: not below(worker.pid))  # so that nobody reads what is sent now
        return worker

    monkeypatch.setattr(workers, "start", start_and_kill)
    most = 1
    assert api.invoke("one")["RetMsg"] == "1"
    assert api.scf.counters.processes == 2
    folder("two")
    api.scf.deploy(folder.path / "two")
    most = 3
    failed = api.invoke("two")
    assert (failed["InvokeResult"], json.loads(failed["RetMsg"])["executed"]) == (-1, "no")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import os\ndef main_handler(event, context): os._exit(1)\n", 439),
        ("1 / 0\ndef main_handler(event, context): pass\n", 443),
    ],
)
def test_processes_that_take_long_to_end(run, folder, monkeypatch, code, status):
    """Who waits for the answer of an instance that has to go gets it, also where the system is slow to end that one."""
    may_end, end = threading.Event(), Instance.end

    async def slow_end(instance):
        await asyncio.to_thread(may_end.wait)
        await end(instance)

    monkeypatch.setattr(pool, "GONE_SECONDS", 0.01)
    monkeypatch.setattr(Instance, "end", slow_end)
    folder("ends", code)
    api = run()
    try:
        assert json.loads(api.invoke("ends")["RetMsg"])["statusCode"] == status
    finally:
        may_end.set()
