"""The environment of a program that uses the endpoint."""

import os

from tencentserverless.local.environment.command import PYTHON_PATH, command_environment
from tencentserverless.local.model.regions import SCF_HOSTS

SHELL = {
    "TENCENTCLOUD_SECRET_ID": "real",
    "TENCENTCLOUD_SESSIONTOKEN": "t",
    "TENCENTCLOUD_TOKEN": "t",
    "NO_PROXY": "example.org",
    "OTHER": "1",
}


def test_the_environment():
    """Every family of key variables has the endpoint's keys, tokens are gone, and no proxy is on the way."""
    made = command_environment(SHELL, "http://127.0.0.1:5", "id", "key")
    assert made["TENCENTSERVERLESS_ENDPOINT"] == "http://127.0.0.1:5"
    assert {made[name] for name in made if name.endswith(("SECRETID", "SECRET_ID"))} == {"id"}
    assert {made[name] for name in made if name.endswith(("SECRETKEY", "SECRET_KEY"))} == {"key"}
    assert not [name for name in made if "TOKEN" in name]
    assert made["NO_PROXY"] == "example.org,127.0.0.1,localhost,http://127.0.0.1:5"
    assert made["no_proxy"] == "127.0.0.1,localhost,http://127.0.0.1:5"
    assert made["OTHER"] == "1"
    assert "PYTHONPATH" not in made


def test_hosts():
    """Where SCF's names are led they need no proxy, and PYTHONPATH leads Python; without that, what was there ends."""
    shell = {"PYTHONPATH": os.pathsep.join((str(PYTHON_PATH), "", "mine")), "TENCENTSERVERLESS_HOSTS": "old"}
    made = command_environment(shell, "http://127.0.0.1:5", "id", "key", hosts="new")
    assert made["PYTHONPATH"] == os.pathsep.join((str(PYTHON_PATH), "", "mine"))
    assert made["TENCENTSERVERLESS_HOSTS"] == "new"
    assert set(SCF_HOSTS) < set(made["NO_PROXY"].split(","))
    made = command_environment(shell, "http://127.0.0.1:5", "id", "key")
    assert made["PYTHONPATH"] == os.pathsep + "mine"
    assert "TENCENTSERVERLESS_HOSTS" not in made
