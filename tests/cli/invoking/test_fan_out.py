"""`map`: results, what is refused before anything is sent, and how it goes on after its end."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from benchmarks import resumed
from tencentserverless._cli.commands import root
from tencentserverless._functions.journal import Journal
from tencentserverless.local import LocalSCF
from tests.cli.conftest import environment


class Work:
    """A function that echoes; `ran` are its events. It raises for "fail", and does what `act` says before."""

    def __init__(self):
        self.ran = []
        self.act = None

    def __call__(self, event, context):
        self.ran.append(event)
        if self.act is not None:
            self.act(event)
        if event == "fail":
            raise ValueError("no")
        return event


@pytest.fixture(scope="module")
def endpoint():
    """A running endpoint with the function `Work`."""
    with LocalSCF() as local:
        work = Work()
        local.deploy(work, name="Work")
        yield SimpleNamespace(work=work, variables=local.environment())


@pytest.fixture
def work(endpoint, tmp_path, monkeypatch):
    """The function, for a test in a folder of its own whose environment leads to the endpoint."""
    monkeypatch.chdir(tmp_path)
    for name, value in endpoint.variables.items():
        if name.startswith("TENCENT"):
            monkeypatch.setenv(name, value)
    endpoint.work.ran, endpoint.work.act = [], None
    return endpoint.work


def run(*arguments, text=b""):
    return CliRunner().invoke(root, ["map", *arguments], input=io.BytesIO(text))


def lines(path="r.jsonl"):
    return sorted(map(json.loads, Path(path).read_text(encoding="utf-8").splitlines()), key=lambda line: line["index"])


def test_results_failures_and_the_exit_code(work):
    """Each event has a result line; the events that failed are events of another run; the exit code is 1, then 0."""
    Path("e.jsonl").write_bytes('\ufeff{"a": "你好"}\r\n\r\n"fail"\r\n[1]'.encode())
    done = run("Work", "e.jsonl", "-o", "r.jsonl", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, {"events": 3, "answers": 2, "failures": 1, "maybe": 0})
    first, failed, last = lines()
    assert (first["value"], last["value"], first["executed"]) == ({"a": "你好"}, [1], "yes")
    assert (failed["error"]["type"], failed["executed"], len(failed["request_id"])) == ("FunctionError", "yes", 36)
    assert all(line["duration_ms"] >= 0 for line in (first, failed, last))
    assert "ValueError: no" in failed["error"]["stack_trace"]
    assert Path("r.failed.jsonl").read_text() == '"fail"\n'
    assert "2 answers, 1 failed, 0 maybe" in done.stderr
    work.ran = []
    assert run("Work", "r.failed.jsonl").exit_code == 1
    assert run("Work", "e.jsonl", "-o", "r.jsonl", "--resume").exit_code == 1
    assert (work.ran, len(lines())) == (["fail"], 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"1\n" * 14_999 + b"{'a': 1}\n", "e.jsonl:15000: not JSON"),
        (b"1\n" + '"你好"\n'.encode("gbk"), "e.jsonl:2: this is not UTF-8, perhaps GBK"),
        ('"a"\n'.encode("utf-16"), "this is UTF-16"),
        (b"[\n 1\n]\n", "jq -c '.[]'"),
        (b"NaN\n", "NaN is not JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_lines_are_found_before_anything_is_sent(work, content, words):
    """A line that is not an event is wrong use, with its place and what to do, and no event has been sent."""
    Path("e.jsonl").write_bytes(content)
    done = run("Work", "e.jsonl", "-o", "r.jsonl")
    assert (done.exit_code, work.ran, os.path.exists("r.jsonl")) == (2, [], False)
    assert words in done.stderr


def test_standard_input(work):
    """With - the events come from standard input; a bad line ends the run after the results of those before it."""
    done = run("Work", "-", text=b'1\n"fail"\n{\n4\n')
    assert done.exit_code == 2
    assert "-:3: each line is one event" in done.stderr
    assert sorted(json.loads(line)["index"] for line in done.stdout.splitlines()) == [0, 1]


def test_what_resume_needs(work):
    """Existing results are not overwritten; a changed input, a missing journal, one in use, and a missing -o are
    refused."""
    Path("e.jsonl").write_text("1\n2\n")
    assert run("Work", "e.jsonl", "-o", "r.jsonl", "--resume").exit_code == 0
    before = Path("r.jsonl").read_bytes()
    Path("e.jsonl").write_text("1\n3\n")
    for arguments, words in (
        (["-o", "r.jsonl"], "r.jsonl exists"),
        (["-o", "r.jsonl", "--resume"], "the events have changed"),
        (["--resume"], "needs -o"),
    ):
        done = run("Work", "e.jsonl", *arguments)
        assert (done.exit_code, words in done.stderr, Path("r.jsonl").read_bytes()) == (2, True, before)
    Path("r.failed.jsonl").touch()
    other = Journal("r.jsonl.journal", json.loads(Path("r.jsonl.journal").read_text().splitlines()[0])["about"])
    assert "in use" in run("Work", "e.jsonl", "-o", "r.jsonl", "--resume").stderr
    assert os.path.exists("r.failed.jsonl")
    other.close()
    os.unlink("r.jsonl.journal")
    assert "r.jsonl.journal is missing" in run("Work", "e.jsonl", "-o", "r.jsonl", "--resume").stderr
    assert sorted(work.ran) == [1, 2]


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.journal", "r.failed.jsonl", "a/../r.failed.jsonl"])
def test_the_events_are_not_overwritten(work, name):
    """A run whose results, journal or failed events would be written to the file of its events is refused."""
    Path("a").mkdir()
    Path(name).write_text("1\n")
    for more in ([], ["--resume"]):
        done = run("Work", name, "-o", "r.jsonl", *more)
        assert (done.exit_code, Path(name).read_text(), work.ran) == (2, "1\n", [])
        assert "choose another -o" in done.stderr


def test_a_failure_that_every_event_would_meet(work, monkeypatch):
    """Wrong credentials, a missing function and an endpoint that is not there end the run with one message and leave
    no files; --resume sends all of it."""
    Path("e.jsonl").write_text("1\n" * 100)
    with monkeypatch.context() as wrong:
        wrong.setenv("TENCENTCLOUD_SECRETKEY", "wrong")
        done = run("Work", "e.jsonl", "-o", "r.jsonl")
    assert (done.exit_code, os.listdir()) == (4, ["e.jsonl"])
    done = run("Missing", "e.jsonl", "-o", "r.jsonl")
    assert (done.exit_code, os.listdir()) == (3, ["e.jsonl"])
    done = run("Work", "e.jsonl", "-o", "r.jsonl", "--resume", "--endpoint", "http://127.0.0.1:9")
    assert (done.exit_code, os.listdir(), "connect" in done.stderr) == (3, ["e.jsonl"], True)
    assert run("Work", "e.jsonl", "-o", "r.jsonl", "--resume").exit_code == 0
    assert (len(lines()), len(work.ran)) == (100, 100)


def test_ctrl_c(work):
    """Ctrl-C lets the events under way end, and says how to go on; the exit code is 130."""
    Path("e.jsonl").write_text("".join(f"{number}\n" for number in range(300)))
    work.act = lambda event: os.kill(os.getpid(), signal.SIGINT) if event == 20 else None
    done = run("Work", "e.jsonl", "-o", "r.jsonl")
    assert (done.exit_code, "--resume goes on" in done.stderr) == (130, True), done.stderr
    assert [line["value"] for line in lines()] == sorted(work.ran)
    assert 20 < len(work.ran) < 300
    work.act = None
    assert run("Work", "e.jsonl", "-o", "r.jsonl", "--resume").exit_code == 0
    assert (sorted(work.ran), [line["value"] for line in lines()]) == (list(range(300)), list(range(300)))


def test_ctrl_c_while_an_event_is_awaited(work):
    """Ctrl-C ends the wait for more events on standard input, after the results of those that came."""
    names = {name: os.environ[name] for name in os.environ if name.startswith("TENCENT")}
    arguments = [sys.executable, "-m", "tencentserverless", "map", "Work", "-", "--concurrency", "1"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(arguments, env=environment(**names), **pipes) as waiting:
        waiting.stdin.write(b"1\n2\n")
        waiting.stdin.flush()
        assert json.loads(waiting.stdout.readline())["value"] == 1
        waiting.send_signal(signal.SIGINT)
        output, told = waiting.communicate(timeout=60)
    assert (waiting.returncode, [json.loads(line)["value"] for line in output.splitlines()]) in ((130, [2]), (130, []))
    assert b"Interrupted." in told


def test_a_full_disk_and_a_closed_pipe(work, tmp_path):
    """If results or the journal cannot be written, the run ends with 6, and --resume finishes it; so it does if
    nobody reads the results."""
    Path("e.jsonl").write_text("".join(f"{number}\n" for number in range(200)))
    program = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000));"
    program += "from tencentserverless._cli import main; main()"
    arguments = [sys.executable, "-c", program, "map", "Work", "e.jsonl", "-o", "r.jsonl"]
    names = {name: os.environ[name] for name in os.environ if name.startswith("TENCENT")}
    done = subprocess.run(arguments, env=environment(**names), capture_output=True, text=True, check=False)
    assert (done.returncode, "File too large" in done.stderr) == (6, True), done.stderr
    assert run("Work", "e.jsonl", "-o", "r.jsonl", "--resume").exit_code in (0, 3)
    assert [line["index"] for line in lines()] == list(range(200))
    assert all(work.ran.count(line["index"]) == 1 for line in lines() if "value" in line)
    command = [sys.executable, "-m", "tencentserverless", "map", "Work", "e.jsonl"]
    with subprocess.Popen(command, env=environment(**names), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as closed:
        closed.stdout.close()
        assert closed.wait(60) == 6
        assert b"cannot write to standard output: Broken pipe" in closed.stderr.read()


@pytest.mark.parametrize(("events", "options"), [(1000, ()), (200, ("--idempotent",))], ids=["", "idempotent"])
def test_killed_twice(tmp_path, events, options):
    """A run that is killed twice with -9 and resumed has one line for each event: an answer, or a
    "maybe" for what was under way; other events ran once. If the function is idempotent, all are answers."""
    found, ran, code, told = resumed.killed_twice(tmp_path, events, *options)
    assert not list(resumed.wrong(found, ran, events, bool(options)))
    assert code == (0 if options else 3), told
