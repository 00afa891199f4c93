"""The core of both clients, which is tests/house/core.py, in each environment that programs run them in.

docs/settings.md lists what an environment cannot have; here it is what is left out.
"""

import json
import os
import sys
import zipfile

import pytest

from tests import environments
from tests.clients import KINDS
from tests.environments import CONSTRAINTS, ROOT, environment, find_interpreter
from tests.house.core import CHECKS
from tests.loopback import Server, failure, http, proxying, read_request, refusal, result

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE = str(ROOT / "src")

# Programs get the places of the servers and what is left out, and call `main` in their own way.
BEGIN = "import json, sys\nplaces, left_out = json.loads(sys.argv[1]), sys.argv[2:]\n"
CALL = "from tests.house import core\ncore.main(places, left_out)\n"
IMPORT = "import tencentserverless.aio, tencentserverless.scf\n"
GEVENT = "import gevent.monkey\ngevent.monkey.patch_all()\n"
EVENTLET = "import warnings\nwarnings.simplefilter('ignore')\nimport eventlet\neventlet.monkey_patch()\n"
UVLOOP = "import uvloop\nfrom tests.clients import Driven\nDriven.make_loop = staticmethod(uvloop.new_event_loop)\n"
PATIENT = """
import asyncio
from tests.clients import Driven

def make_loop():
    loop = asyncio.new_event_loop()
    loop.slow_callback_duration = 60  # in debug mode asyncio reports what takes long, as all does on a busy machine
    return loop

Driven.make_loop = staticmethod(make_loop)
"""
TRUSTSTORE = "import truststore\ntruststore.inject_into_ssl()\n"
WITHOUT_SSL = """
import types
sys.modules["_ssl"] = None
sys.modules["ssl"] = types.ModuleType("ssl")  # for our test servers, which are not used
import tests.loopback
del sys.modules["ssl"]
"""
WITHOUT_IPV6 = """
import errno, socket
usual, resolve = socket.socket, socket.getaddrinfo

class WithoutSix(usual):
    def __init__(self, family=-1, *rest, **options):
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        usual.__init__(self, family, *rest, **options)

def six_first(host, port, *rest, **options):
    found = resolve(host, port, *rest, **options)
    return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))] + found if host == "localhost" else found

socket.socket, socket.getaddrinfo = WithoutSix, six_first
"""
OUTLIVES = """
import threading
from tests.house import core

def late():
    threading.main_thread().join()
    core.main(places, left_out)

threading.Thread(target=late).start()
"""
AT_EXIT = "import atexit\nfrom tests.house import core\natexit.register(core.main, places, left_out)\n"
# Handlers of this kind run before those of atexit, in the opposite order: so this one runs after that of the executors.
AT_THE_END_OF_THREADS = """
import threading
from tests.house import core
threading._register_atexit(core.main, places, left_out)
import concurrent.futures.thread
"""
MULTIPROCESSING = """
import multiprocessing
from tencentserverless.scf import Client
from tests.house import core
from tests.loopback import KEYS

if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    client = Client(endpoint=places["http"], **KEYS)
    client.invoke("f")
    process = context.Process(target=core.in_a_new_process, args=(client, places, left_out))
    process.start()
    process.join()
    sys.exit(process.exitcode)
"""
TLS = ("tls", "tls_in_tls")


def answer(number, event):
    """The answer to an event; None to answer nothing. `number` is that of the connection."""
    wanted = event.get("do") if isinstance(event, dict) else None
    if wanted == "count":
        return result(str(number))
    if wanted == "fail":
        return failure(430)
    if wanted == "refuse":
        return refusal("ResourceNotFound.Function")
    return None if wanted == "nothing" else result(json.dumps(event))


def serve(connection, number):
    while True:
        request = read_request(connection)
        if request is None:
            return
        fields = json.loads(request[1])
        told = answer(number, json.loads(fields.get("ClientContext") or fields.get("Event") or "null"))
        if told is None:
            connection.recv(1)
            return
        connection.sendall(http(told))


@pytest.fixture(scope="module")
def places():
    """The endpoints of the servers, by name."""
    with Server(serve) as plain, Server(serve, tls=True) as secure:
        with Server(proxying([])) as proxy, Server(proxying([]), tls=True) as secure_proxy:
            servers = {"http": plain, "https": secure, "proxy": proxy, "https_proxy": secure_proxy}
            yield {name: server.endpoint for name, server in servers.items()}


def check(python, places, program, left_out=(), flags=(), source=SOURCE, **environ):
    """Run the checks; all that are not left out must hold, and nothing may be said on stderr."""
    paths = os.pathsep.join((source, str(ROOT)))
    arguments = (*flags, "-c", BEGIN + program, json.dumps(places), *left_out)
    code, output, told = environments.run(python, *arguments, PYTHONPATH=paths, **environ)
    assert (code, told) == (0, ""), output + told
    place, *held = output.splitlines()
    assert place.startswith(source)
    assert held == [f"{kind} {name}" for kind in KINDS for name in CHECKS if not {kind, name} & set(left_out)]


@pytest.mark.parametrize(
    ("program", "left_out"),
    [
        pytest.param(UVLOOP + CALL, (), id="uvloop"),
        pytest.param(GEVENT + CALL, (), id="gevent"),
        pytest.param(IMPORT + GEVENT + CALL, (), id="gevent-after"),
        pytest.param(EVENTLET + CALL, (), id="eventlet"),
        pytest.param(IMPORT + EVENTLET + CALL, (), id="eventlet-after"),
        pytest.param(TRUSTSTORE + CALL, (), id="truststore"),
    ],
)
def test_packages_around_the_client(program, left_out, places):
    """With packages that change event loops, sockets or TLS of all Python, the core of the client holds."""
    python = environment(HERE, "surroundings", "--no-deps", "-r", CONSTRAINTS / "surroundings.txt")
    check(python, places, program, left_out)


@pytest.mark.parametrize(
    ("program", "left_out", "flags"),
    [
        pytest.param(CALL, (), ("-OO", "-W", "error"), id="optimised"),
        pytest.param(PATIENT + CALL, (), ("-X", "dev", "-W", "error"), id="asyncio-debug"),
        pytest.param(WITHOUT_SSL + CALL, TLS, ("-W", "error"), id="no-ssl"),
        pytest.param(WITHOUT_IPV6 + CALL, (), ("-W", "error"), id="no-ipv6"),
        pytest.param(MULTIPROCESSING.format(method="spawn"), (), (), id="spawn"),
        pytest.param(MULTIPROCESSING.format(method="forkserver"), (), (), id="forkserver"),
    ],
)
def test_ways_to_run_python(program, left_out, flags, places):
    """However Python was built and is run, the core of the client holds, without a warning."""
    check(sys.executable, places, program, left_out, flags)


def test_in_a_zip(places, tmp_path):
    """The core of the client holds where it is imported from a zip file."""
    packed = tmp_path / "client.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in (ROOT / "src" / "tencentserverless").rglob("*.py"):
            archive.write(file, file.relative_to(ROOT / "src"))
    check(sys.executable, places, CALL, flags=("-W", "error"), source=str(packed))


@pytest.mark.parametrize(
    ("program", "version"),
    [
        pytest.param(OUTLIVES, "3.6", id="thread-3.6"),
        pytest.param(OUTLIVES, "3.9", id="thread-3.9"),
        pytest.param(OUTLIVES, "3.13", id="thread-3.13"),
        pytest.param(AT_EXIT, "3.6", id="atexit-3.6"),
        pytest.param(AT_EXIT, "3.13", id="atexit-3.13"),
        pytest.param(AT_THE_END_OF_THREADS, "3.9", id="threads-3.9"),
        pytest.param(AT_THE_END_OF_THREADS, "3.13", id="threads-3.13"),
    ],
)
def test_at_the_end_of_python(program, version, places):
    """At the end of Python, where threads cannot be started any more, the core of the client holds.

    From 3.9 on executors end before other threads and exit handlers. From 3.12 on nothing starts a thread or forks.
    """
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on PATH or among pyenv's versions")
    check(python, places, program, ("fork",) if version == "3.13" else ())
