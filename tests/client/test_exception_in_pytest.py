"""What a failed test of a user shows: pytest's own output, from a pytest of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests.failures.remote import a_chain
from tests.loopback import KEYS, Server, failure, http, read_request

TRACE = (
    'Traceback (most recent call last):\n  File "/var/user/index.py", line 5, in main_handler\n'
    "    return PRICES[event]\nKeyError: 'price'"
)
FRAME = '  File "/var/user/lib.py", line %d, in work\n    work(deeper)\n    ~~~~^^^^^^^^\n'
DEEP = "".join(["Traceback (most recent call last):\n", *(FRAME % line for line in range(60)), "KeyError: 'price'"])
TRACES = {"Deep": "\n\nDuring handling of the above exception, another exception occurred:\n\n".join([DEEP, DEEP])}
TRACES["Chain"] = a_chain(*(f"F{number}" for number in range(16))).stack_trace
TESTS = """
import asyncio
from tencentserverless.aio import AsyncClient
from tencentserverless.scf import Client, invoke

def run(coroutine):
    __tracebackhide__ = True  # as the frames of a plugin for asyncio are
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()

def test_blocking():
    Client().invoke("Prices", data="price")

def test_module():
    invoke("Prices", data="price")

def test_native():
    Client().Prices(item="price")

def test_deep():
    invoke("Deep")

def test_chain():
    invoke("Chain")

def test_function():
    Client().function("Prices")("price")

def test_map():
    list(Client().function("Prices").map(["price"]))

def test_asyncio():
    async def main():
        async with AsyncClient() as client:
            await client.invoke("Prices", data="price")
    run(main())

def test_event():
    Client().invoke("Prices", data={1, 2})

def test_second_argument():
    Client().invoke("Prices", {"a": 1})

def test_region():
    Client(region="no region").invoke("Prices")

def test_refused():
    Client(endpoint="http://127.0.0.1:1").invoke("Prices")

def test_silent():
    Client(endpoint=SILENT, timeout=0.2).invoke("Prices")
"""


def serve(connection, number):
    for _, body in iter(lambda: read_request(connection), None):
        trace = TRACES.get(json.loads(body.decode("ascii"))["FunctionName"], TRACE)
        connection.sendall(http(failure(430, errorMessage="user code exception caught", stackTrace=trace)))


def fall_silent(connection, number):
    while read_request(connection) is not None:
        pass


@pytest.fixture(scope="module")
def sections(tmp_path_factory):
    """The lines that pytest prints of each of the failed tests."""
    folder = tmp_path_factory.mktemp("guest")
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + "/src"
    with Server(serve) as server, Server(fall_silent) as silent:
        file = folder / "test_guest.py"
        file.write_text("SILENT = %r\n" % silent.endpoint + TESTS, encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TENCENT"))}
        environ.update(PYTHONPATH=source, TENCENTSERVERLESS_ENDPOINT=server.endpoint, PYTHONIOENCODING="utf-8")
        environ.update(TENCENTCLOUD_SECRETID=KEYS["secret_id"], TENCENTCLOUD_SECRETKEY=KEYS["secret_key"])
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(file)]
        done = subprocess.run(
            command, cwd=str(folder), env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100
        )
    text = done.stdout.decode("utf-8")
    found = {}
    for part in text.split("\n_____")[1:]:
        name = part.split("\n")[0].strip("_ ")
        found[name] = part.split("\n=====")[0].rstrip().split("\n")
    assert len(found) == TESTS.count("def test_"), text
    if pytest.__version__.startswith("7.0."):  # shows the last frame of a cause, hidden or not
        del found["test_refused"]
    return found


def test_a_failure_is_short(sections):
    """An uncaught error of the package takes at most 25 lines in the report of a test."""
    assert {name: len(lines) for name, lines in sections.items() if len(lines) > 25} == {}


def test_the_report_ends_at_the_caller(sections):
    """The report shows no code of the package."""
    for name, lines in sections.items():
        assert not [line for line in lines if "tencentserverless" + os.sep in line], (name, lines)


@pytest.mark.parametrize(
    "name", ["test_blocking", "test_module", "test_native", "test_function", "test_map", "test_asyncio"]
)
def test_the_report_tells_the_failure(sections, name):
    """The report has the first line, the hint and the remote frames, whatever the way of invoking was."""
    text = "\n".join(sections[name])
    assert "Prices (ap-guangzhou/default) raised KeyError: 'price'; it ran [430" in text
    assert "Hint: user code exception: see /var/user/index.py, line 5, of Prices" in text
    assert "return PRICES[event]" in text
