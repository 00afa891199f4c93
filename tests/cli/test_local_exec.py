"""``local exec``."""

import json
import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import environment

SUMMARY = "requests sent: {}\nconnections opened: {}\nprocesses started: {}\n"


def test_the_command_finds_the_endpoint(command, functions):
    """Inside the command the package's own command line reaches the endpoint without any option."""
    inner = [sys.executable, "-m", "tencentserverless", "invoke", "hello", "--data", '{"a": 1}']
    done = command("local", "exec", functions, "--", *inner, TENCENTCLOUD_SESSIONTOKEN="left over")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"event": {"a": 1}, "region": "ap-guangzhou"}
    assert done.stderr == SUMMARY.format(1, 1, 1)


def test_logs_on_request(command, functions):
    """With --logs the log of every invocation is on standard error."""
    inner = [sys.executable, "-m", "tencentserverless", "invoke", "hello"]
    done = command("local", "exec", functions, "--logs", "--", *inner)
    assert "\nprinted\n" in done.stderr
    assert "printed" not in done.stdout


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
)
def test_exit_codes_pass(command, functions, script, code):
    """The exit code is the command's, 128 and the number for a signal."""
    assert command("local", "exec", functions, "--", "sh", "-c", script).returncode == code


def test_commands_that_do_not_start(command, functions):
    """A command that is not there is 127, one that is no program 126, as a shell says it."""
    assert command("local", "exec", functions, "--", "no-such-command-anywhere").returncode == 127
    assert command("local", "exec", functions, "--", functions).returncode == 126


def test_options_behind_the_dashes_are_the_commands(command, functions):
    """What stands behind -- is the command's, options and further -- included."""
    done = command(
        "local", "exec", functions, "--", sys.executable, "-c", "import sys; print(sys.argv)", "--port", "--"
    )
    assert done.stdout == "['-c', '--port', '--']\n"


@pytest.mark.parametrize("arguments", [["."], [".", "--"], ["--", "true"]])
def test_wrong_use(command, arguments):
    """No path or no command is a usage error."""
    assert command("local", "exec", *arguments).returncode == 2


def test_signals_are_passed_on(functions):
    """A SIGTERM reaches the command, and its end ends the endpoint."""
    script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.01; done"
    arguments = [sys.executable, "-m", "tencentserverless", "local", "exec", functions, "--", "sh", "-c", script]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0] == "caught\n"
    assert process.returncode == 5


def test_a_debugger(command, functions):
    """With --debug=debugpy the command runs while the functions it invokes listen for a debugger."""
    inner = [sys.executable, "-m", "tencentserverless", "invoke", "hello"]
    done = command("local", "exec", functions, "--debug", "debugpy", "--", *inner)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("hello: debugpy listens on 127.0.0.1:")


def test_layers(command, tmp_path):
    """A folder that is given with --layer is what the function finds of the layer of that name."""
    code = "import layered\ndef main_handler(event, context):\n    return layered.VALUE\n"
    text = "component: scf\nname: hello\ninputs:\n  layers:\n  - {name: x, version: 1}\n"
    for name, content in (("f/index.py", code), ("f/serverless.yml", text), ("layer/layered.py", "VALUE = 5")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    inner = [sys.executable, "-m", "tencentserverless", "invoke", "hello"]
    done = command("local", "exec", str(tmp_path / "f"), "--layer", f"x={tmp_path / 'layer'}", "--", *inner)
    assert (done.returncode, done.stdout) == (0, "5\n"), done.stderr
    done = command("local", "exec", str(tmp_path / "f"), "--layer", "x=nowhere", "--", *inner)
    assert (done.returncode, "layer `x`: there is no folder" in done.stderr) == (2, True)
