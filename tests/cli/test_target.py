"""A second terminal: `--local`, what is used without it, ``local env`` and ``local stop``."""

import json
import os
import subprocess

import pytest

from tests.cli.conftest import environment
from tests.cli.test_local_start import started

KEYS = {"TENCENTCLOUD_SECRETID": "AKIDreal", "TENCENTCLOUD_SECRETKEY": "real", "TENCENTCLOUD_SESSIONTOKEN": "real"}
NO_CLOUD = {"HTTPS_PROXY": "http://127.0.0.1:9", "TENCENTSERVERLESS_TIMEOUT": "0.2"}


@pytest.fixture
def alone(tmp_path):
    """Variables of a user without credentials, and without other endpoints."""
    return {"HOME": str(tmp_path / "home"), "XDG_RUNTIME_DIR": str(tmp_path)}


def test_a_second_terminal(command, functions, alone):
    """Another terminal finds the endpoint: with --local, without credentials, by exports; and it stops it."""
    with started(functions, "--port", "0", "--quiet", **alone) as (process, line):
        for options, variables in ((["--local"], KEYS), ([], {})):
            done = command("invoke", "hello", *options, **alone, **variables)
            assert (done.returncode, json.loads(done.stdout)["event"]) == (0, {}), done.stderr
            assert (line["endpoint"] in done.stderr) == (not options)
        done = command("invoke", "hello", **alone, **KEYS, **NO_CLOUD)
        assert (done.returncode, done.stdout) == (3, "")
        assert "A local endpoint runs, too: --local" in done.stderr
        done = command("settings", "--local", **alone, **KEYS)
        assert line["endpoint"] in done.stdout
        assert done.stdout.count("the local endpoint") >= 3
        assert line["secret_key"] not in done.stdout + done.stderr
        exports = command("local", "env", **alone, **KEYS).stdout
        assert "unset TENCENTCLOUD_SESSIONTOKEN" in exports
        script = f'{exports}\necho "$TENCENTSERVERLESS_ENDPOINT $TENCENT_SECRET_KEY"'
        shell = subprocess.run(["sh", "-ec", script], env=environment(), capture_output=True, text=True, check=True)
        assert shell.stdout == f"{line['endpoint']} {line['secret_key']}\n"
        with started(functions, "--port", "0", "--quiet", **alone) as (twin, other):
            done = command("local", "stop", **alone)
            assert (done.returncode, done.stderr.count("http://"), "stop --all" in done.stderr) == (5, 2, True)
            stopped = command("local", "stop", "--all", **alone).stderr.split()[1::2]
            assert sorted(stopped) == sorted([line["endpoint"], other["endpoint"]])
            assert (process.wait(20), twin.wait(20)) == (0, 0)
    done = command("invoke", "hello", "--local", **alone)
    assert (done.returncode, "local start" in done.stderr) == (3, True)
    assert not os.listdir(f"{alone['XDG_RUNTIME_DIR']}/tencentserverless")


def test_what_excludes_each_other(command):
    """--local with another endpoint is wrong use."""
    assert command("invoke", "hello", "--local", "--endpoint", "http://127.0.0.1:1").returncode == 2
