"""Instances: every way in which a function can end, misbehave or lie, through the signed API."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api
from tests.local.process_table import alive, outer, until

MB = 1024 * 1024


def status(result):
    """The statusCode of a failure's error object."""
    return json.loads(result["RetMsg"])["statusCode"]


def printed(result):
    """What the function printed: the tail without the platform's lines."""
    platform = ("START ", "Event ", "ERROR ", "END ", "Report ")
    return [line for line in result["Log"].split("\n") if line and not line.startswith(platform)]


def pids_in(result):
    return [name for line in printed(result) for name in re.findall(r"\d+:\d+", line)]


@pytest.mark.parametrize(
    ("what", "ret_msg"),
    [
        ("text", '"Hello"'),
        ("object", '{"a": 1, "ä": [true, null, 1.5]}'),
        ("nothing", "null"),
        ("decimal", '"1.10"'),
        ("nan", "NaN"),
        ("surrogate", '"\ud800"'),
    ],
)
def test_return_values(api, what, ret_msg):
    """A result is the JSON text of the value: characters kept, Decimal as text, NaN and lone surrogates passed."""
    result = api.invoke("returns", {"what": what})
    assert (result["RetMsg"], result["ErrMsg"], result["InvokeResult"]) == (ret_msg, "", 0)


@pytest.mark.parametrize("what", ["set", "bytes"])
def test_values_that_are_no_json(api, what):
    """A value that JSON does not take is a 430 whose traceback ends with the TypeError."""
    result = api.invoke("returns", {"what": what})
    assert status(result) == 430
    assert json.loads(result["RetMsg"])["stackTrace"].endswith(
        f"TypeError: Object of type {what} is not JSON serializable"
    )


def test_an_exception(api):
    """A 430 has the traceback with causes, the platform's paths, and no frame of the worker."""
    result = api.invoke("raises", {})
    error = json.loads(result["RetMsg"])
    assert list(error) == ["errorCode", "errorMessage", "requestId", "stackTrace", "statusCode"]
    assert (error["statusCode"], error["requestId"]) == (430, result["FunctionRequestId"])
    trace = error["stackTrace"]
    assert trace.startswith("Traceback (most recent call last):\n")
    assert trace.endswith("ValueError: outer 失败")
    assert "KeyError: 'inner'\n\nThe above exception was the direct cause" in trace
    assert set(re.findall(r'File "([^"]*)"', trace)) == {"/var/user/index.py"}
    assert printed(result) == ["about to fail"]


def test_an_exception_keeps_the_instance(api):
    """A 430 does not recycle the instance."""
    api.invoke("raises", {})
    started = api.scf.counters.processes
    api.invoke("raises", {})
    assert api.scf.counters.processes == started


def test_six_megabytes_in_and_out(api):
    """A result of exactly 6 MB and an event of exactly 6 MB pass; one byte more of a result is a 407."""
    result = api.invoke("returns", {"size": 6 * MB})
    assert len(result["RetMsg"]) == 6 * MB
    result = api.invoke("returns", {"size": 6 * MB + 1})
    assert (status(result), result["InvokeResult"]) == (407, 1)
    assert api.invoke("measures_event", json.dumps("x" * (6 * MB - 2)))["RetMsg"] == str(6 * MB - 2)


def test_a_timeout(api):
    """Past its limit a function is a 433 with the limit as Duration, what it printed, and no process left."""
    result = api.invoke("sleeps", {})
    assert json.loads(result["RetMsg"])["errorMessage"] == "Invoking task timed out after 1 seconds"
    assert (status(result), result["Duration"], result["BillDuration"]) == (433, 1000, 1000)
    assert len(pids_in(result)) == 2
    assert not any(map(alive, pids_in(result)))


def test_no_late_answer(api):
    """After a time-out the next invocation gets a new instance and its own answer."""
    api.invoke("sleeps", {"seconds": 1.05})
    assert api.invoke("sleeps", {"seconds": 0})["RetMsg"] == '"awake"'


@pytest.mark.parametrize("event", [{"mb": 200, "seconds": 10}, {"mb": 100, "forget": True}], ids=["kept", "forgotten"])
def test_too_much_memory(api, event):
    """Past its memory a function is a 434, also where it has given the memory back, and MemUsage tells the peak."""
    result = api.invoke("allocates", event)
    assert json.loads(result["RetMsg"])["errorMessage"] == "Task memory exceeded 64 MB"
    assert status(result) == 434
    assert result["MemUsage"] > 64 * MB
    assert result["Duration"] < 9000


def test_memory_of_children_counts(api):
    """What a child allocates counts too."""
    result = api.invoke("allocates_in_child", {})
    assert status(result) == 434
    assert result["MemUsage"] > 64 * MB


def test_the_peak_is_each_events_own(api):
    """MemUsage is the peak of this event: a later smaller one does not inherit a larger one's."""
    large = api.invoke("allocates", {"mb": 30, "forget": True})["MemUsage"]
    small = api.invoke("allocates", {"mb": 1})["MemUsage"]
    assert large - small > 15 * MB
    assert 5 * MB < small < 40 * MB


@pytest.mark.parametrize("name", ["exits_at_once", "exits_politely", "crashes", "import_exits", "spoils_channel"])
def test_exits(api, name):
    """`os._exit`, `sys.exit`, a crash, an exit during import and a spoilt channel are 439, and no child is left."""
    result = api.invoke(name, {})
    assert (status(result), result["InvokeResult"]) == (439, 1)
    assert result["ErrMsg"] == "User process exit when running"
    assert not any(map(alive, pids_in(result)))


@pytest.mark.parametrize(
    ("name", "last_line", "frame"),
    [
        ("import_fails", "ModuleNotFoundError: No module named 'no_such_module_anywhere'", "/var/user/index.py"),
        ("syntax_fails", "SyntaxError: ", "/var/user/index.py"),
        ("no_handler", "AttributeError: module 'index' has no attribute 'main_handler'", "in get_func_handler"),
    ],
)
def test_functions_that_do_not_load(api, name, last_line, frame):
    """Import, syntax and a missing handler are 443: the traceback, the platform's frames in it, is the message."""
    result = api.invoke(name, {})
    error = json.loads(result["RetMsg"])
    assert (error["statusCode"], error["errorCode"]) == (443, 1)
    assert "stackTrace" not in error
    assert error["errorMessage"].splitlines()[-1].startswith(last_line)
    assert frame in error["errorMessage"]
    assert "bootstrap.py" in error["errorMessage"]
    assert "/var/runtime/python" in error["errorMessage"]


def test_an_import_that_pretends_to_be_the_worker(folder):
    """A function that writes frames of its own while it is loaded is a 439, not a success and not a hang."""
    code = (
        "import os, struct\n"
        "for kind, head in ((16, b'{}'), (18, b'{\"init_ms\": 1, \"lent\": 0}')):\n"
        "    for number in range(3, 512):\n"
        "        try: os.write(number, struct.pack('>BII', kind, len(head), 0) + head)\n"
        "        except OSError: pass\n"
        "def main_handler(event, context): return 1\n"
    )
    folder("liar", code)
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        assert status(api.invoke("liar", {})) == 439


def test_an_import_that_hangs(api):
    """A function that does not load within InitTimeout is a 450, with what it printed."""
    result = api.invoke("import_hangs", {})
    assert status(result) == 450
    assert printed(result) == ["hanging"]


def test_printing_a_megabyte(api):
    """A megabyte of output changes no result; the tail is its end and the record has it whole."""
    result = api.invoke("prints_much", {"lines": 13000})
    assert result["RetMsg"] == '"done"'
    assert len(result["Log"].encode()) == 4096
    assert "%079d\n" % 12999 in result["Log"]
    record = next(kept for kept in api.scf.records if kept.invocation.request_id == result["FunctionRequestId"])
    assert record.outcome.output == "".join("%079d\n" % number for number in range(13000))


def test_printed_json_is_no_result(api):
    """What looks like a result on stdout is a log line."""
    result = api.invoke("prints_json", {})
    assert result["RetMsg"] == '"the answer"'
    assert printed(result) == ['{"errorCode": 1, "errorMessage": "no", "statusCode": 430}']


def test_output_by_every_way(api):
    """Descriptor 1, children and stderr all reach the log, in order."""
    result = api.invoke("writes_to_descriptor", {})
    assert (result["RetMsg"], printed(result)) == ("null", ["by descriptor", "by a child", "by stderr"])


def test_closed_stdout(api):
    """A function that closes its descriptors answers, and the next event can print again."""
    assert api.invoke("closes_stdout", {"close": True})["RetMsg"] == '"still here"'
    result = api.invoke("closes_stdout", {})
    assert (result["RetMsg"], printed(result)) == ('"still here"', ["before"])


def test_output_of_the_import(api):
    """What is printed while the function is loaded stands in the log of the event that caused it, and only there."""
    first, second = api.invoke("prints_at_import", {}), api.invoke("prints_at_import", {})
    assert printed(first) == ["imported", "handled"]
    assert printed(second) == ["handled"]


def test_logging(api):
    """The root logger prints without being set up."""
    assert printed(api.invoke("logs", {})) == ["by the logger"]


def test_stdin_is_empty(api):
    """Standard input is at its end; it is not the way events come."""
    assert api.invoke("reads_stdin", {})["RetMsg"] == '""'


@pytest.mark.parametrize("name", ["starts_child", "detaches_child"])
def test_children_do_not_hold_the_answer(api, name):
    """A child that keeps the output open delays nothing, whether it detaches or not."""
    result = api.invoke(name, {})
    assert result["InvokeResult"] == 0
    assert alive(outer(json.loads(result["RetMsg"])))


def test_a_forked_child_does_not_answer(api):
    """Where both parent and child return from the handler, the parent's answer is the answer, each time."""
    assert {api.invoke("forks_and_returns", {})["RetMsg"] for _ in range(20)} == {'"parent"'}


def test_a_thread_left_behind(api, notices, shared):
    """What a thread prints between two events is a notice, and not in the next event's log."""
    path = shared / "now"
    assert api.invoke("leaves_thread", {"path": str(path)})["RetMsg"] == '"answered"'
    path.touch()
    until(lambda: not path.exists())
    assert printed(api.invoke("leaves_thread", {})) == []
    assert "leaves_thread: printed between two events: late" in notices


def test_fifty_threads_get_their_own_answers(scf):
    """Many clients at once each get the answer to their own event."""

    def run(number):
        with Api(scf) as api:
            return [json.loads(api.invoke("echo", {"n": [number, turn]})["RetMsg"]) for turn in range(4)]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(run, range(50)))
    assert answers == [[{"n": [number, turn]} for turn in range(4)] for number in range(50)]


def test_the_endpoint_still_serves(api):
    """After all of this an ordinary function runs as ever."""
    names = ["crashes", "sleeps", "allocates", "closes_stdout", "spoils_channel"]
    events = {"allocates": {"mb": 100}, "closes_stdout": {"close": True}}

    def harm(name):
        with Api(api.scf) as other:
            other.invoke(name, events.get(name, {}))

    threads = [threading.Thread(target=harm, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    assert json.loads(api.invoke("echo", {"x": 1})["RetMsg"]) == {"x": 1}
    for thread in threads:
        thread.join()
    assert json.loads(api.invoke("echo", {"x": 2})["RetMsg"]) == {"x": 2}
