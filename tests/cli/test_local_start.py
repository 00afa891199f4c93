"""``local start``."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from tencentserverless.scf import Client
from tests.cli.conftest import environment
from tests.local.api_client import Api
from tests.local.debuggers import Invocation, Terminal
from tests.local.process_table import alive, until


@contextmanager
def started(*arguments, **variables):
    """A running ``local start`` and the object of its one line."""
    with subprocess.Popen(
        [sys.executable, "-m", "tencentserverless", "local", "start", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**variables),
    ) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_one_line_and_a_clean_end(functions):
    """It prints one JSON line, serves, and ends on a signal with code 0 and no worker left."""
    with started(functions, "--port", "0") as (process, line):
        assert set(line) == {"endpoint", "secret_id", "secret_key", "pid"}
        assert line["pid"] == process.pid
        with Api(SimpleNamespace(**line)) as api:
            assert json.loads(api.invoke("hello", {}, "ap-chengdu")["RetMsg"])["region"] == "ap-chengdu"
        workers = children_of(process.pid)
        assert len(workers) == 1
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, "")
    assert not any(map(alive, workers))
    assert re.search("hello +ap-guangzhou", errors)
    assert f"export TENCENTCLOUD_SECRETKEY={line['secret_key']}\n" in errors
    assert re.search(r"hello \(ap-chengdu/default\) begins\n +hello \| printed\n.*hello .* ok in ", errors)


def test_tls(functions):
    """With --tls the endpoint's certificate is the one that the line tells to trust, and the file goes with it."""
    with started(functions, "--port", "0", "--tls") as (process, line):
        assert line["endpoint"].startswith("https://127.0.0.1:")
        keys = (line["secret_id"], line["secret_key"])
        client = Client("ap-chengdu", *keys, endpoint=line["endpoint"], ca_file=line["ca_file"])
        assert client.invoke("hello", data={}).value["region"] == "ap-chengdu"
        process.terminate()
        process.communicate(timeout=20)
    assert not os.path.exists(line["ca_file"])


def test_a_kill_leaves_no_worker(functions):
    """Killed without a chance to clean up, it takes its workers with it."""
    with started(functions, "--port", "0", "--quiet") as (process, line):
        with Api(SimpleNamespace(**line)) as api:
            api.invoke("hello", {})
        workers = children_of(process.pid)
        process.kill()
        process.communicate(timeout=20)
    until(lambda: not any(map(alive, workers)))


def test_brought_keys_are_never_printed(functions):
    """Keys given with --accept work, also by a name given with --host-name, and appear nowhere."""
    options = ["--accept", "AKIDmine:my-secret", "--host", "localhost", "--host-name", "Compose"]
    with started(functions, "--port", "0", *options) as (process, line):
        with Api(SimpleNamespace(endpoint=line["endpoint"], secret_id="AKIDmine", secret_key="my-secret")) as api:
            api.host = "compose:9000"
            assert api.invoke("hello", {})["InvokeResult"] == 0
        process.terminate()
        output, errors = process.communicate(timeout=20)
    assert "my-secret" not in json.dumps(line) + output + errors
    assert "AKIDmine" not in json.dumps(line) + output + errors


def test_brought_keys_from_a_file_and_from_the_environment(functions, tmp_path):
    """Keys need not stand in the list of processes: --accept @FILE and a variable bring them too."""
    pairs = tmp_path / "pairs"
    pairs.write_text("\ufeff# mine\r\n\r\nAKIDone:key-one\r\nAKIDtwo:key-two\r\n", encoding="utf-8")
    variables = {"TENCENTSERVERLESS_ACCEPT": f"AKIDthree:key-three @{pairs}"}
    for arguments, numbers in ((["--accept", f"@{pairs}"], ("one", "two")), ([], ("one", "three"))):
        with started(functions, "--port", "0", *arguments, **variables) as (process, line):
            for number in numbers:
                keys = {"secret_id": f"AKID{number}", "secret_key": f"key-{number}"}
                with Api(SimpleNamespace(endpoint=line["endpoint"], **keys)) as api:
                    assert api.invoke("hello", {})["InvokeResult"] == 0
            process.terminate()
            output, errors = process.communicate(timeout=20)
        assert "key-" not in json.dumps(line) + output + errors


def test_what_cannot_be_served(command, tmp_path, functions):
    """Folders without functions and broken manifests are usage errors with the place; so is a taken port, with the
    process that has it."""
    done = command("local", "start", str(tmp_path / "nowhere"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such folder" in done.stderr
    with started(functions, "--port", "0") as (_, line):
        done = command("local", "start", functions, "--port", line["endpoint"].rpartition(":")[2])
        assert (done.returncode, done.stdout) == (2, "")
        assert "in use" in done.stderr
        assert f"process {line['pid']}" in done.stderr


def test_lines_of_json(functions):
    """With --json all that happens is lines of JSON, also a syntax error as soon as it is saved."""
    with started(functions, "--port", "0", "--json") as (process, line):
        with Api(SimpleNamespace(**line)) as api:
            api.invoke("hello", {})
            api("Invoke", FunctionName="missing")
        with open(os.path.join(functions, "here", "index.py"), "a") as file:
            file.write("def broken(:\n")
        facts = [json.loads(process.stderr.readline())]
        while "SyntaxError" not in facts[-1].get("text", ""):
            facts.append(json.loads(process.stderr.readline()))
        process.terminate()
    assert [fact["fact"] for fact in facts] == ["begun", "printed", "ended", "refused", "noticed"]
    assert "hello: SyntaxError in" in facts[-1]["text"]


def test_layers(functions, tmp_path):
    """--layer names a layer's folder, and there is a notice if no function uses it."""
    with started(functions, "--port", "0", "--layer", f"x={tmp_path}") as (process, _):
        process.terminate()
        assert "layer `x` is not used" in process.communicate(timeout=20)[1]


STOPS = "import time\ndef main_handler(event, context):\n    breakpoint()\n    return event\n"


@pytest.mark.parametrize("options", [["--debug"], ["--debug", "pdb"]])
def test_a_debugger_on_the_terminal(tmp_path, options):
    """With --debug a function stops at breakpoint() and talks on the terminal of the command."""
    (tmp_path / "index.py").write_text(STOPS)
    command = [sys.executable, "-m", "tencentserverless", "local", "start", str(tmp_path), "--port", "0", *options]
    with Terminal() as terminal:
        with subprocess.Popen(
            command,
            stdin=terminal.other,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(),
        ) as process:
            running = Invocation(SimpleNamespace(**json.loads(process.stdout.readline())), tmp_path.name, {"a": 1})
            terminal.read_until("(Pdb) ")
            assert terminal.answer("p event") == "{'a': 1}\r\n"
            terminal.type("c")
            assert running.result()["RetMsg"] == '{"a": 1}'
            process.terminate()


def test_a_debugger_without_a_terminal(command, functions):
    """Without a terminal --debug is a usage error that says what to do; so is a debugger that there is not."""
    done = command("local", "start", functions, "--debug", text="")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Start the endpoint in a terminal" in done.stderr
    assert command("local", "start", functions, "--debug=gdb", text="").returncode == 2


def children_of(pid):
    """The children of a process."""
    tasks = f"/proc/{pid}/task"
    found = []
    for name in os.listdir(tasks):
        with open(f"{tasks}/{name}/children") as file:
            found += map(int, file.read().split())
    return found
