"""pdb in functions, on a terminal, with a person at it."""

import json
import os
import sys
from contextlib import contextmanager

import pytest

from tencentserverless.local import LocalSCF
from tests.environments import find_interpreter
from tests.local.api_client import Api
from tests.local.debuggers import Invocation, Terminal, pause
from tests.local.process_table import until

STOPS = """\
import time
def main_handler(event, context):
    breakpoint()
    time.sleep(event.get("seconds", 0))
    return event
"""
QUICK = "component: scf\nname: {}\ninputs:\n  timeout: 1\n"


@pytest.fixture
def terminal():
    with Terminal() as opened:
        yield opened


@contextmanager
def debugged(folder, terminal, **options):
    with LocalSCF(folder.path, debug="pdb", terminal=terminal.path, **options) as scf:
        yield scf


def status(result):
    return json.loads(result["RetMsg"])["statusCode"]


def test_a_breakpoint(folder, terminal):
    """At breakpoint() a handler talks on the terminal, which names it, and passes though it stood too long."""
    folder("stops", STOPS, QUICK.format("stops"))
    with debugged(folder, terminal) as scf:
        running = Invocation(scf, "stops", {"a": 1})
        shown = terminal.read_until("(Pdb) ")
        assert "index.py(" in shown
        assert f"Stopped in stops, request {scf.records[0].invocation.request_id}\r\n" in shown
        pause()
        assert terminal.answer("p event") == "{'a': 1}\r\n"
        terminal.type("c")
        result = running.result()
    assert json.loads(result["RetMsg"]) == {"a": 1}
    assert result["Duration"] < 1000
    assert "(Pdb)" not in result["Log"]


def test_time_goes_on_behind_a_breakpoint(folder, terminal):
    """Once the debugger goes on, what was left of the time runs out."""
    folder("stops", STOPS, QUICK.format("stops"))
    with debugged(folder, terminal) as scf:
        running = Invocation(scf, "stops", {"seconds": 60})
        terminal.read_until("(Pdb) ")
        terminal.type("c")
        result = running.result()
    assert (status(result), result["Duration"]) == (433, 1000)


def test_a_breakpoint_in_an_import(folder, terminal):
    """A function that stands while it is loaded is told to have started without the pause."""
    folder("stops", "breakpoint()\ndef main_handler(event, context):\n    return 1\n")
    with debugged(folder, terminal) as scf:
        running = Invocation(scf, "stops", {})
        assert "Stopped in stops, while it is loaded\r\n" in terminal.read_until("(Pdb) ")
        pause()
        terminal.type("c")
        assert running.result()["RetMsg"] == "1"
        assert scf.records[0].outcome.init_ms < 1000


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.9", "3.10", "3.12", "3.13"])
def test_every_python(version, folder, terminal):
    """With pdb.set_trace() one sees the stack from the handler on, and steps out of the handler to its answer."""
    if find_interpreter(version) is None:
        pytest.skip(f"no Python {version} here")
    code = "import pdb\ndef main_handler(event, context):\n    pdb.set_trace()\n    return [1]\n"
    manifest = QUICK.format("stops") + f"  runtime: Python{version}\n"
    folder("stops", code, manifest)
    with debugged(folder, terminal) as scf:
        for _ in range(2):
            running = Invocation(scf, "stops", {})
            terminal.read_until("(Pdb) ")
            assert terminal.answer("w").count("\r\n") == 2
            while "--Return--" not in terminal.answer("n"):
                pass
            terminal.type("n")
            assert running.result()["RetMsg"] == "[1]"


def test_quitting(folder, terminal):
    """What `q` ends is a 430 on every Python, and the instance stays."""
    folder("stops", STOPS)
    with debugged(folder, terminal) as scf:
        for _ in range(2):
            running = Invocation(scf, "stops", {})
            terminal.read_until("(Pdb) ")
            terminal.type("q")
            error = json.loads(running.result()["RetMsg"])
            assert (error["statusCode"], error["stackTrace"].splitlines()[-1]) == (430, "bdb.BdbQuit")
        assert scf.counters.processes == 1


def test_breakpoints_of_the_debugger(folder, terminal):
    """What is set at the prompt holds for later events of the instance."""
    code = "    if event:\n        breakpoint()\n    found = [event]\n    return found\n"
    folder("stops", "def main_handler(event, context):\n" + code)
    with debugged(folder, terminal) as scf:
        running = Invocation(scf, "stops", 1)
        terminal.read_until("(Pdb) ")
        assert "Breakpoint 1 at" in terminal.answer("b 5")
        terminal.type("c")
        terminal.read_until("-> return found")
        terminal.type("c")
        assert running.result()["RetMsg"] == "[1]"
        running = Invocation(scf, "stops", 0)
        terminal.read_until("-> return found\r\n(Pdb) ")
        assert terminal.answer("p found") == "[0]\r\n"
        terminal.type("c")
        assert running.result()["RetMsg"] == "[0]"


def test_post_mortem(folder, terminal):
    """pdb.post_mortem() shows where an exception was raised."""
    code = (
        "import pdb\n"
        "def main_handler(event, context):\n"
        "    try:\n        return 1 / event\n"
        "    except ZeroDivisionError:\n        pdb.post_mortem()\n        return 'seen'\n"
    )
    folder("stops", code)
    with debugged(folder, terminal) as scf:
        running = Invocation(scf, "stops", 0)
        assert "-> return 1 / event" in terminal.read_until("(Pdb) ")
        assert terminal.answer("p event") == "0\r\n"
        terminal.type("q")
        assert running.result()["RetMsg"] == '"seen"'


def test_a_debugger_of_the_functions_own(folder, terminal):
    """A Pdb that was made with streams keeps them."""
    code = (
        "import io, pdb\n"
        "def main_handler(event, context):\n"
        "    shown = io.StringIO()\n"
        "    pdb.Pdb(stdin=io.StringIO('p event\\nc\\n'), stdout=shown, nosigint=True).set_trace()\n"
        "    return shown.getvalue()\n"
    )
    folder("stops", code)
    with debugged(folder, terminal) as scf, Api(scf) as api:
        assert "{'a': 1}" in json.loads(api.invoke("stops", {"a": 1})["RetMsg"])


def test_two_take_turns(folder, terminal):
    """Who stops while another one has the terminal waits, without losing time, until that one continues."""
    folder("stops", STOPS, QUICK.format("stops"))
    with debugged(folder, terminal) as scf:
        running = [Invocation(scf, "stops", {"n": number}) for number in range(2)]
        terminal.read_until("(Pdb) ")
        until(lambda: scf.counters.processes == 2)
        pause()
        terminal.answer("n")
        first = terminal.answer("p event")
        terminal.type("c")
        terminal.read_until("(Pdb) ")
        second = terminal.answer("p event")
        terminal.type("c")
        results = [each.result()["RetMsg"] for each in running]
    assert sorted([first, second]) == ["{'n': 0}\r\n", "{'n': 1}\r\n"]
    assert list(map(json.loads, results)) == [{"n": 0}, {"n": 1}]


def test_others_run_meanwhile(folder, terminal):
    """A function that stands holds up no other one."""
    folder("stops", STOPS)
    folder("goes")
    with debugged(folder, terminal) as scf, Api(scf) as api:
        running = Invocation(scf, "stops", {})
        terminal.read_until("(Pdb) ")
        assert api.invoke("goes")["RetMsg"] == "1"
        terminal.type("c")
        running.result()


def test_callers_stand_too(folder, terminal):
    """The time of a function that waits for one that stands does not run, and is not in its duration."""
    calls = (
        "from tencentserverless import scf\n"
        "def main_handler(event, context):\n"
        "    scf.invoke(event['then'][0], data=dict(event, then=event['then'][1:]))\n"
        "    return 'done'\n"
    )
    folder("stops", STOPS)
    for name in ("outer", "inner"):
        folder(name, calls, f"component: scf\nname: {name}\ninputs:\n  timeout: 2\n")
    with debugged(folder, terminal) as scf:
        running = Invocation(scf, "outer", {"then": ["inner", "stops"]})
        terminal.read_until("(Pdb) ")
        pause(2.1)
        terminal.type("c")
        assert running.result()["RetMsg"] == '"done"'
        assert [record.outcome.status_code for record in scf.records] == [200] * 3
        assert all(record.outcome.duration_ms < 2000 for record in scf.records)


def test_frames_of_a_functions_making(folder, terminal):
    """A debugger's frame from a worker that has none, or one that no debugger sends, ends the instance."""
    code = (
        "import os, struct, time\n"
        "def main_handler(event, context):\n"
        "    for number in range(3, 512):\n"
        "        try: os.write(number, struct.pack('>BII', event, 2, 0) + b'{}')\n"
        "        except OSError: pass\n"
        "    time.sleep(60)\n"
    )
    folder("liar", code)
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        assert [status(api.invoke("liar", kind)) for kind in (22, 23, 24)] == [439] * 3
    with debugged(folder, terminal) as scf, Api(scf) as api:
        assert [status(api.invoke("liar", kind)) for kind in (23, 24)] == [439] * 2


def test_without_the_option(folder):
    """Without it a breakpoint meets an empty stdin, as on the platform, and fails."""
    folder("stops", STOPS)
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        assert status(api.invoke("stops", {})) == (439 if sys.version_info >= (3, 14) else 430)


def test_a_child_of_the_function(folder, terminal):
    """A process that a function forked can stop on the terminal too; the answer is the function's."""
    code = (
        "import os\n"
        "def main_handler(event, context):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n        breakpoint()\n        os._exit(event)\n"
        "    return os.waitpid(pid, 0)[1] >> 8\n"
    )
    folder("forks", code)
    with debugged(folder, terminal) as scf:
        running = Invocation(scf, "forks", 7)
        terminal.read_until("(Pdb) ")
        assert terminal.answer("p pid") == "0\r\n"
        terminal.type("c")
        assert running.result()["RetMsg"] == "7"


def test_the_end_of_an_endpoint_whose_function_stands(folder, terminal):
    """An endpoint ends while a function stands, and the terminal is free."""
    folder("stops", STOPS)
    for _ in range(2):
        with debugged(folder, terminal) as scf:
            running = Invocation(scf, "stops", {})
            terminal.read_until("(Pdb) ")
        assert status(running.result()) == 439
    assert os.isatty(terminal.other)
