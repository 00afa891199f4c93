"""Functions that mean harm, or behave as if they did: the endpoint ends them and serves the others."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.instances import instance
from tencentserverless.local.processes import meter, worker_handle
from tencentserverless.local.worker import cgroups
from tests.local.api_client import Api
from tests.local.process_table import alive, below, until
from tests.local.scenarios.conftest import FUNCTIONS

LEAVES = """
import os, time

def main_handler(event, context):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            os.fork()
            time.sleep(1000)
    if event:
        time.sleep(1000)
    return 1
"""


CLOSES = """
import os, sys, threading, time

def main_handler(event, context):
    def close():
        while not os.path.exists(event["go"]):
            time.sleep(0.001)
        sys.stdout.close()
        os.close(1)
        os.mkdir(event["gone"])
    if event:
        threading.Thread(target=close).start()
    print("here")
    return 1
"""


LEFT = """
import os, time

def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            pass

def hoard():
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1 << 20)))
        time.sleep(0.01)

def main_handler(event, context):
    if event and os.fork() == 0:
        globals()[event]()
    return 1
"""
BOMBS = FUNCTIONS / "bombs"
MANY = """
import threading

def main_handler(event, context):
    done, refused = threading.Event(), 0
    while refused < 100:
        try:
            threading.Thread(target=done.wait, daemon=True).start()
        except RuntimeError:
            refused += 1
    done.set()
    return refused
"""


@pytest.fixture
def bounded():
    """Instances whose control groups bound the number of processes."""
    if "pids" not in cgroups.usable_parents():
        pytest.skip("no control group can be made here that bounds the number of processes")


def cut_off(api):
    """An invocation whose answer never comes."""
    with suppress(OSError, HTTPException):
        api.invoke("leaves", {"wait": True})


def test_zombies_are_collected(api):
    """Children that nobody waits for, and orphans, are in nobody's way."""
    for _ in range(3):
        assert api.invoke("holds_zombies", {"count": 50})["RetMsg"] == '"answered"'


def test_what_is_closed_between_two_events_is_put_back(folder, shared):
    """An event that begins after a thread of the one before has closed its output prints all the same."""
    folder("closes", CLOSES)
    go, gone = shared / "go", shared / "gone"
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        api.invoke("closes", {"go": str(go), "gone": str(gone)})
        go.touch()
        until(gone.exists)
        result = api.invoke("closes", {})
        assert scf.counters.processes == 1
    assert (result["RetMsg"], "\nhere\n" in result["Log"]) == ("1", True)


def test_too_many_processes_end_the_invocation(tmp_path, monkeypatch):
    """Where no control group bounds them, an instance with more processes than are allowed ends, with all of them."""
    monkeypatch.setattr(meter, "MOST_PROCESSES", 4)
    monkeypatch.setattr(worker_handle, "Meter", lambda pid, has_keeper, groups: meter.Meter(pid, has_keeper))
    place = tmp_path / "leaves"
    place.mkdir()
    (place / "index.py").write_text(LEAVES)
    (place / "serverless.yml").write_text("component: scf\nname: leaves\ninputs:\n  timeout: 60\n")
    before = below(os.getpid())
    with LocalSCF(place) as scf, Api(scf) as api:
        result = api.invoke("leaves", {"wait": True})
        assert json.loads(result["RetMsg"])["statusCode"] == 439
    assert below(os.getpid()) <= before


@pytest.mark.usefixtures("bounded")
def test_a_fork_bomb(api, notices):
    """A function that forks for ever in every process, refused or not, ends soon, which is told; others are served."""
    api.invoke("echo", {})
    before = below(os.getpid())
    with Api(api.scf) as second, ThreadPoolExecutor(1) as pool:
        bomb = pool.submit(second.invoke, "bombs", {})
        while not bomb.done():
            assert api.invoke("echo", {"a": 1})["RetMsg"] == '{"a": 1}'
        assert json.loads(bomb.result(60)["RetMsg"])["statusCode"] == 439
    assert [notice for notice in notices if notice.startswith("bombs: ended (439): it kept trying to start processes")]
    # What an endpoint starts once and may not have started before: another instance of `echo`, what is kept ready.
    until(lambda: len(below(os.getpid())) <= len(before) + 20)


@pytest.mark.usefixtures("bounded")
def test_a_fork_bomb_until_its_time_is_over(folder, monkeypatch):
    """One that is left alone until its time is over is ended then, by one signal that none of its processes escapes."""
    monkeypatch.setattr(meter, "MOST_REFUSED", 10**9)
    manifest = (BOMBS / "serverless.yml").read_text().replace("timeout: 60", "timeout: 2")
    folder("bombs", (BOMBS / "index.py").read_text(), manifest)
    before = below(os.getpid())
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        assert json.loads(api.invoke("bombs", {})["RetMsg"])["statusCode"] == 433
    assert below(os.getpid()) <= before


@pytest.mark.parametrize(
    ("left", "memory_mb", "why"),
    [
        ("bomb", 1024, ("it kept trying to start", "it had more than 256 processes")),
        ("hoard", 64, ("it held more than 64 MB",)),
    ],
)
def test_what_is_left_behind_and_does_harm(folder, left, memory_mb, why):
    """An instance whose left-behind processes fork without end, or take too much memory, ends, though it is idle."""
    folder("leaves", LEFT, f"component: scf\nname: leaves\ninputs:\n  memorySize: {memory_mb}\n")
    before, notices = below(os.getpid()), []
    with LocalSCF(folder.path, notify=notices.append) as scf, Api(scf) as api:
        assert api.invoke("leaves", json.dumps(left))["RetMsg"] == "1"
        until(lambda: notices)
        assert notices[0].removeprefix("leaves: ended between two events: ").startswith(why)
        assert api.invoke("leaves", {})["RetMsg"] == "1"
        assert scf.counters.processes == 2
    assert below(os.getpid()) <= before


@pytest.mark.usefixtures("bounded")
def test_who_is_refused_a_process_now_and_then_goes_on(folder):
    """A function that has all the threads that it may have, is refused some more and goes on, is not ended."""
    folder("many", MANY, "component: scf\nname: many\ninputs:\n  timeout: 30\n")
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        assert [api.invoke("many", {})["RetMsg"] for _ in range(2)] == ["100", "100"]


def test_a_killed_endpoint_leaves_nothing(tmp_path):
    """kill -9 of the endpoint ends all that its functions have started, detached or running, and removes its files."""
    place = tmp_path / "functions" / "leaves"
    place.mkdir(parents=True)
    (place / "index.py").write_text(LEAVES)
    (place / "serverless.yml").write_text("component: scf\nname: leaves\ninputs:\n  timeout: 60\n")
    command = [sys.executable, "-m", "tencentserverless", "local", "start", str(place), "--port", "0"]
    source = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": tempfile.mkdtemp(dir=tmp_path)}
    with subprocess.Popen(
        command, env={**os.environ, **source}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as endpoint:
        try:
            told = json.loads(endpoint.stdout.readline())
            running = type("Told", (), told)
            with Api(running) as idle, Api(running) as busy:
                assert idle.invoke("leaves", {})["RetMsg"] == "1"
                threading.Thread(target=cut_off, args=(busy,)).start()
                until(lambda: len(below(endpoint.pid)) >= 1 + 2 + 12)
                processes = below(endpoint.pid)
                endpoint.send_signal(signal.SIGKILL)
                endpoint.wait()
                until(lambda: not any(map(alive, processes)))
        finally:
            endpoint.kill()
    until(lambda: not list(Path(source["TMPDIR"]).iterdir()))


FRAME = """
import os, struct

def say(kind, head, body=b""):
    os.write(3, struct.pack(">BII", kind, len(head), len(body)) + head + body)
"""
FORGERIES = {
    "huge start": 'say(16, b\'{"lent": 0, "init_ms": %d}\' % 10 ** 400)\ntime.sleep(9)',
    "no start": "say(16, b'{}')\ntime.sleep(9)",
    "another frame": "say(18, b'{}')\ntime.sleep(9)",
}


@pytest.mark.parametrize("row", FORGERIES)
def test_forged_starts(folder, row):
    """What a function itself writes to its channel while it is loaded ends it, and nobody waits for ever."""
    folder("Forges", f"import time\n{FRAME}\n{FORGERIES[row]}\ndef main_handler(event, context):\n    return 1\n")
    with LocalSCF(folder.path, most_instances=1) as scf, Api(scf) as api:
        for _ in range(2):
            assert json.loads(api.invoke("Forges", {})["RetMsg"])["statusCode"] == 439


@pytest.mark.parametrize("duration", ["NaN", "-1", "1e999", "null", "9" * 400])
def test_forged_durations(folder, duration):
    """A time that is none, told by the function itself, ends it."""
    head = f'{{"request_id": "%s", "duration_ms": {duration}}}'
    code = (
        f"{FRAME}\ndef main_handler(event, context):\n    say(18, ('{head}' % context['request_id']).encode(), b'1')\n"
    )
    folder("Forges", code)
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        assert json.loads(api.invoke("Forges", {})["RetMsg"])["statusCode"] == 439


def test_few_descriptors(folder):
    """A function that allows itself only a few descriptors when it is loaded runs."""
    code = (
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "def main_handler(event, context): return 1\n"
    )
    folder("Few", code)
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        assert [api.invoke("Few", {})["RetMsg"] for _ in range(2)] == ["1", "1"]


ROWS = {
    "100 MB of output": ("for _ in range(1600):\n        print('x' * 65535)\n    return 1", 200),
    "descriptors closed": ("os.closerange(0, 3)\n    return 1", 200),
    "every descriptor closed": ("os.closerange(0, 1024)\n    return 1", 439),
    "signals ignored": (
        "for number in range(1, signal.NSIG):\n"
        "        if number not in (signal.SIGKILL, signal.SIGSTOP):\n"
        "            with contextlib.suppress(OSError, ValueError):\n"
        "                signal.signal(number, signal.SIG_IGN)\n"
        "    time.sleep(60)",
        433,
    ),
    "stops itself": ("os.kill(os.getpid(), signal.SIGSTOP)", 433),
    "kills its group": ("os.killpg(0, signal.SIGKILL)", 439),
    "a result that is huge": ("return 'x' * (16 * 1024 * 1024)", 407),
    "a result that contains itself": ("found = []\n    found.append(found)\n    return found", 430),
    "a result that is deep": (
        "found = []\n    for _ in range(100000):\n        found = [found]\n    return found",
        430,
    ),
    "an exception that cannot be shown": ("raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()", 430),
    "an exception with a huge text": ("raise ValueError('x' * (20 * 1024 * 1024))", 430),
    "endless loop": ("while True:\n        pass", 433),
    "many threads": (
        "for _ in range(999):\n        threading.Thread(target=time.sleep, args=(9,), daemon=1).start()\n    return 1",
        200,
    ),
}
IMPORTS = "import contextlib, os, signal, threading, time\n"


@pytest.mark.parametrize("row", ROWS)
def test_hostile(folder, row, monkeypatch):
    """Whatever a function does, it gets the status that fits, the next event is served, and no process is left."""
    monkeypatch.setattr(instance, "STOPPED_SECONDS", 0.5)
    body, status = ROWS[row]
    code = f"{IMPORTS}def main_handler(event, context):\n    if event:\n        return 'fine'\n    {body}\n"
    folder("Does", code, "component: scf\nname: Does\ninputs:\n  timeout: 2\n")
    before = below(os.getpid())
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        failure = api.invoke("Does", {})["RetMsg"]
        assert (200 if failure == "1" else json.loads(failure)["statusCode"]) == status
        assert api.invoke("Does", {"a": 1})["RetMsg"] == '"fine"'
    assert below(os.getpid()) <= before
