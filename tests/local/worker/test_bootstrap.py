"""The worker alone, on every Python there is here: a test speaks the endpoint's part."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tencentserverless.local.processes.frames import Decoder, Kind, encode
from tencentserverless.local.processes.interpreters import CURRENT, CURRENT_INTERPRETER, Interpreter
from tencentserverless.local.processes.worker_file import BOOTSTRAP
from tests.environments import find_interpreter

VERSIONS = ["2.7", "3.6", "3.7", "3.9", "3.10", "3.11", "3.12", "3.13"]
CODE = """\
# -*- coding: utf-8 -*-
import os, sys

def main_handler(event, context):
    print("printed")
    sys.stderr.write("complained\\n")
    if "raise" in event:
        raise ValueError("no")
    return [event, context["request_id"], os.environ.get("GIVEN"), os.getcwd() == os.environ["PWD"]]
"""


class Worker:
    """A worker whose endpoint is the test."""

    def __init__(self, version, folder, **settings):
        path = find_interpreter(version)
        if path is None:
            pytest.skip(f"no Python {version} here")
        interpreter = Interpreter(path, tuple(map(int, version.split("."))))
        self.channel, theirs = socket.socketpair()
        self.channel.settimeout(20)
        reading, self.life = os.pipe()
        self.process = subprocess.Popen(
            [*interpreter.command, str(BOOTSTRAP), str(theirs.fileno()), str(reading)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs.fileno(), reading),
            env={"LC_ALL": "C.UTF-8", "PYTHONPATH": "/nowhere"},
            cwd=folder,
            start_new_session=True,
        )
        theirs.close()
        os.close(reading)
        self.decoder, self.frames = Decoder(), []
        self.send(Kind.SETTINGS, self.settings(folder) | settings)

    @staticmethod
    def settings(folder):
        return {
            "environment": {"PWD": str(folder), "GIVEN": "at start"},
            "context": {"function_name": "hello"},
            "handler": "index.main_handler",
            "folder": str(folder),
            "path": [str(folder)],
            "lent": "",
            "shown_paths": [[str(folder), "/var/user"]],
            "result_limit_bytes": 1000,
        }

    def send(self, kind, head, body=b""):
        self.channel.sendall(encode(kind, head, body))

    def event(self, body, **head):
        self.send(Kind.EVENT, {"request_id": "an id", **head}, body)
        return self.receive()

    def receive(self):
        while not self.frames:
            data = self.channel.recv(65536)
            assert data, "the worker has closed the channel"
            self.frames += self.decoder.feed(data)
        return self.frames.pop(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.life)
        self.channel.close()
        self.output = self.process.communicate(timeout=20)[0].decode()


class Connecting(Worker):
    """One that makes its channel itself, because it inherits none."""

    def __init__(self, version, folder, script=BOOTSTRAP, **settings):
        path = find_interpreter(version)
        if path is None:
            pytest.skip(f"no Python {version} here")
        interpreter = Interpreter(path, tuple(map(int, version.split("."))))
        self.life = os.open(os.devnull, os.O_RDONLY)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.settimeout(20)
            self.process = subprocess.Popen(
                [*interpreter.command, str(script), "connect"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={"LC_ALL": "C.UTF-8", "PYTHONPATH": "/nowhere"},
                cwd=folder,
                start_new_session=True,
            )
            self.process.stdin.write(b"%d a-word\n" % listening.getsockname()[1])
            self.process.stdin.close()
            self.process.stdin = None
            self.channel, _ = listening.accept()
        self.channel.settimeout(20)
        assert self.channel.recv(100) == b"a-word %d\n" % self.process.pid
        self.decoder, self.frames = Decoder(), []
        self.send(Kind.SETTINGS, self.settings(folder) | settings)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind_of_worker", [Worker, Connecting])
def test_every_python(version, folder, kind_of_worker):
    """On every Python the worker loads a function, answers events, tells exceptions, and leaves stdout alone."""
    with kind_of_worker(version, folder("hello", CODE)) as worker:
        ready = worker.receive()
        assert (ready.kind, ready.head["python"][:2]) == (Kind.READY, [*map(int, version.split("."))])
        kind, head, body = worker.event('{"ü": ["你好", 1.5]}'.encode())
        assert (kind, head["request_id"]) == (Kind.RESULT, "an id")
        assert json.loads(body) == [{"ü": ["你好", 1.5]}, "an id", "at start", True]
        assert worker.event(b"{}", environment={"GIVEN": "renewed"}).body.decode() == '[{}, "an id", "renewed", true]'
        trace = worker.event(b'{"raise": 1}').body.decode()
        assert trace.startswith(
            'Traceback (most recent call last):\n  File "/var/user/index.py", line 8, in main_handler'
        )
        assert trace.endswith("ValueError: no")
    assert worker.output == "printed\ncomplained\n" * 3


@pytest.fixture
def unusual_signals():
    """Programs that are started now ignore some signals, and block one."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGHUP, signal.SIGINT)}
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("version", VERSIONS)
def test_signals_are_as_usual(version, folder, unusual_signals):
    """Signals that the program around it ignores or blocks are as usual in a worker."""
    code = (
        "import signal\n"
        "def main_handler(event, context):\n"
        "    masks = dict(line.split(':\\t') for line in open('/proc/self/status') if line.startswith('Sig'))\n"
        "    ignored = [n for n in range(1, 32) if int(masks['SigIgn'], 16) >> n - 1 & 1]\n"
        "    return ignored, int(masks['SigBlk'], 16), signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
    )
    with Worker(version, folder("hello", code)) as worker:
        worker.receive()
        ignored, blocked, has_ctrl_c = json.loads(worker.event(b"{}").body)
    assert (ignored, has_ctrl_c) == ([signal.SIGPIPE, signal.SIGXFSZ], True)
    assert blocked == 0 or version == "2.7"  # which cannot set it


@pytest.mark.parametrize("version", VERSIONS)
def test_one_event_after_the_other(version, folder):
    """On every Python the worker answers each event with its id and its peak, and leaves when the channel is closed."""
    with Worker(version, folder("hello", CODE)) as worker:
        worker.receive()
        answers = []
        for name in ("one", "two"):
            worker.send(Kind.EVENT, {"request_id": name}, b"[1]")
            answers.append(worker.receive())
        worker.channel.close()
        assert worker.process.wait(20) == 0
    assert [answer.head["request_id"] for answer in answers] == ["one", "two"]
    assert all(1 << 20 < answer.head["peak_bytes"] < 1 << 28 for answer in answers)
    assert worker.output == "printed\ncomplained\n" * 2


@pytest.mark.parametrize("version", ["2.7", "%d.%d" % CURRENT])
def test_variables_of_each_event(version, folder):
    """A variable of the configuration and the credentials have their values before each event, whatever the function
    did with them; others stay as they are. The text of `sys.exit` is in the log."""
    credentials = {"TENCENTCLOUD_SECRETID": "an id"}
    code = (
        "import os, sys\n"
        "def main_handler(event, context):\n"
        "    if event: sys.exit('no token')\n"
        "    seen = [os.environ.get(name) for name in ('OWN', 'GIVEN', 'TENCENTCLOUD_SECRETID')]\n"
        "    os.environ.clear()\n"
        "    return seen\n"
    )
    with Worker(version, folder("hello", code), variables={"OWN": "set"}, credentials=credentials) as worker:
        worker.receive()
        assert [worker.event(b"0").body for _ in "ab"] == [b'["set", "at start", "an id"]', b'["set", null, "an id"]']
        worker.send(Kind.EVENT, {"request_id": "an id"}, b"1")
        assert worker.process.wait(20) == 1
    assert worker.output == "no token\n"


@pytest.mark.parametrize("version", ["2.7", "%d.%d" % CURRENT])
def test_the_peak_of_each_event(version, folder):
    """The peak is the event's own: a later smaller one does not inherit it; a function that has closed what it is read
    from has none."""
    code = (
        "import os\n"
        "def main_handler(event, context):\n"
        "    if event < 0: os.closerange(500, 1024)\n"
        "    return len(b'x' * (event << 20))\n"
    )
    with Worker(version, folder("hello", code)) as worker:
        worker.receive()
        high, low = [worker.event(event).head["peak_bytes"] for event in (b"50", b"1")]
        assert high - low > 40 << 20
        assert worker.event(b"-1").head["peak_bytes"] is None


@pytest.mark.parametrize("version", VERSIONS)
def test_odd_values_on_every_python(version, folder):
    """Bytes and text of 2.7, values that are no JSON, results that are too large: each has its kind of frame."""
    code = (
        "# -*- coding: utf-8 -*-\nimport decimal\n"
        "VALUES = [decimal.Decimal('1.10'), 'ü', [u'ü', 'ü'], {'a': [1, object()]}, 'x' * 2000, float('nan'), None]\n"
        "def main_handler(event, context):\n    return VALUES[event]\n"
    )
    with Worker(version, folder("hello", code)) as worker:
        worker.receive()
        answers = [worker.event(b"%d" % number) for number in range(7)]
    bodies = [answer.body.decode() for answer in answers]
    assert [answer.kind for answer in answers] == [
        *[Kind.RESULT] * 3,
        Kind.RAISED,
        Kind.TOO_LARGE,
        Kind.RESULT,
        Kind.RESULT,
    ]
    assert [json.loads(body) for body in bodies[:3]] == ["1.10", "ü", ["ü", "ü"]]
    assert 'is not JSON serializable, at ["a"][1] of the result' in bodies[3]
    assert answers[4].head["result_bytes"] == 2002
    assert bodies[5:] == ["NaN", "null"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "event", [b"NaN", b"{", b"\xff", b"[" * 100_000, b"Infinity"], ids=lambda event: repr(event[:9])
)
def test_events_that_are_no_json(version, event, folder):
    """An event that is not standard JSON is told apart from what the handler does."""
    with Worker(version, folder("hello", CODE)) as worker:
        worker.receive()
        assert worker.event(event).kind is Kind.BAD_EVENT


@pytest.mark.parametrize("version", VERSIONS)
def test_functions_that_do_not_load(version, folder):
    """A handler that is missing is told with the platform's frames in the traceback."""
    with Worker(version, folder("hello", "x = 1\n")) as worker:
        answer = worker.receive()
    text = answer.body.decode()
    assert answer.kind is Kind.NOT_STARTED
    assert 'File "/var/runtime/python' + version.replace(".", "") + '/bootstrap.py"' in text
    assert "in init_handler" in text
    assert "in get_func_handler" in text
    assert "has no attribute 'main_handler'" in text.splitlines()[-1]


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.13"])
def test_names_of_the_standard_library(version, folder):
    """A function may call its files as modules of the standard library are called, the worker's own included."""
    place = folder("hello")
    (place / "json.py").write_text("def main_handler(event, context):\n    return __name__\n")
    with Worker(version, place, handler="json.main_handler") as worker:
        assert worker.receive().kind is Kind.READY
        assert worker.event(b"{}").body == b'"json"'


@pytest.mark.parametrize("version", VERSIONS)
def test_the_end_of_the_life_line_ends_everything(version, folder):
    """When the endpoint's descriptor closes, a worker in an endless loop dies at once, and its children with it."""
    code = (
        "import subprocess\n"
        "def main_handler(event, context):\n"
        "    child = subprocess.Popen(['sleep', '1000'])\n"
        "    open(event, 'w').write('%d ' % child.pid)\n"
        "    while True: pass\n"
    )
    from tests.local.process_table import alive, until

    place = folder("hello", code)
    with Worker(version, place) as worker:
        worker.receive()
        worker.send(Kind.EVENT, {"request_id": "x"}, json.dumps(str(place / "pid")).encode())
        until(lambda: (place / "pid").exists() and (place / "pid").read_text().endswith(" "))
        child = int((place / "pid").read_text())
        assert alive(child)
    until(lambda: not alive(child) and not alive(worker.process.pid))


def test_the_end_of_the_channel_ends_an_idle_worker(folder):
    """A worker that waits for an event leaves when the channel closes."""
    with Worker("%d.%d" % CURRENT, folder("hello", CODE)) as worker:
        worker.receive()
        worker.channel.close()
        assert worker.process.wait(20) == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_large_frames_over_a_connection(version, folder):
    """Events and results of megabytes pass through a connection that a worker has made, on every Python."""
    code = "def main_handler(event, context):\n    return event\n"
    event = json.dumps("x" * 3_000_000).encode()
    with Connecting(version, folder("hello", code), result_limit_bytes=1 << 23) as worker:
        worker.receive()
        assert worker.event(event).body == event


@pytest.mark.parametrize("version", ["2.7", "%d.%d" % CURRENT])
@pytest.mark.parametrize("close", [socket.socket.close, lambda channel: channel.shutdown(socket.SHUT_WR)])
def test_the_end_of_a_connection_ends_an_idle_worker(version, folder, close):
    """A worker that has connected leaves when the endpoint is gone."""
    with Connecting(version, folder("hello", CODE)) as worker:
        worker.receive()
        close(worker.channel)
        assert worker.process.wait(20) == 0


@pytest.mark.parametrize("told", [b"", b"%d a-word\n"], ids=["nothing", "a closed port"])
def test_an_endpoint_that_is_gone(told):
    """A worker that is told nothing, or to come where nobody is, ends without a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told = told and told % listening.getsockname()[1]
    command = [*CURRENT_INTERPRETER.command, str(BOOTSTRAP), "connect"]
    done = subprocess.run(command, input=told, capture_output=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_nothing_that_windows_lacks(folder):
    """The worker runs without fcntl, resource, os.fork and the like."""
    script = Path(__file__).parents[1] / "windows_bootstrap.py"
    with Connecting("%d.%d" % CURRENT, folder("hello", CODE), script) as worker:
        assert worker.receive().kind is Kind.READY
        assert json.loads(worker.event(b"[1]").body)[0] == [1]
        assert b"no" in worker.event(b'{"raise": 1}').body


def test_what_a_connection_leaves_in_a_function(folder):
    """A function finds nothing loaded that the connection needed, and its stdin is empty."""
    code = (
        "import sys\nLOADED = sorted({'socket', 'select', 'selectors'} & set(sys.modules))\n"
        "def main_handler(event, context):\n    return [LOADED, sys.stdin.read(), sys.argv[1:]]\n"
    )
    with Connecting("%d.%d" % CURRENT, folder("hello", code)) as worker:
        worker.receive()
        assert json.loads(worker.event(b"{}").body) == [[], "", []]


@pytest.mark.parametrize("kind_of_worker", [Worker, Connecting])
def test_a_function_cannot_shadow_what_the_worker_needs(folder, kind_of_worker):
    """A function that puts other things in the place of the clock, JSON and os.write still gets its answer out."""
    code = (
        "import json, os, time\n"
        "def main_handler(event, context):\n"
        "    json.dumps = json.loads = os.write = os.getpid = time.perf_counter = time.time = None\n"
        "    return 1\n"
    )
    with kind_of_worker("%d.%d" % CURRENT, folder("hello", code)) as worker:
        worker.receive()
        assert worker.event(b"{}").body == b"1"
        assert worker.event(b"{}").body == b"1"


def test_the_sdk_is_found_to_be_lent(folder, tmp_path):
    """The worker tells whether the function has loaded the SDK from the place where it is lent."""
    lent = tmp_path / "sdk"
    (lent / "tencentserverless").mkdir(parents=True)
    (lent / "tencentserverless" / "__init__.py").write_text("")
    place = folder("hello", "import tencentserverless\n" + CODE)
    paths = {"path": [str(place), str(lent)], "lent": str(lent)}
    with Worker("%d.%d" % CURRENT, place, **paths) as worker:
        assert worker.receive().head["lent"] is True
    (place / "tencentserverless.py").write_text("")
    with Worker("%d.%d" % CURRENT, place, **paths) as worker:
        assert worker.receive().head["lent"] is False
