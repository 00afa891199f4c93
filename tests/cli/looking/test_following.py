"""``tencentserverless logs -f``, in a process of its own."""

import json
import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import environment
from tests.local.api_client import Api


@pytest.fixture
def follow():
    """`follow("Gateway")` runs `logs -f --json Gateway`; it is killed at the end."""
    running = []

    def call(*arguments):
        command = [sys.executable, "-m", "tencentserverless", "logs", "-f", "--json", *arguments]
        running.append(subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment()))
        return running[-1]

    yield call
    for each in running:
        with each:
            each.kill()


def test_following(follow, shop):
    """-f prints the last ones, then new ones as they end. Ctrl-C ends it with 130. Another signal ends it as usual. If
    the program that reads has ended, it ends quietly and with 0, also if nothing new comes."""
    one, other, third = follow("-n", "1", "Gateway"), follow(), follow()
    assert json.loads(one.stdout.readline())["status_code"] == 430
    with Api(shop) as api:
        for sku in ("tea", "gold"):
            api.invoke("Gateway", {"sku": sku})
    assert [json.loads(one.stdout.readline())["status_code"] for _ in range(2)] == [200, 430]
    one.send_signal(signal.SIGINT)
    other.stdout.readline()
    other.send_signal(signal.SIGHUP)
    third.stdout.readline()
    third.stdout.close()
    assert [each.wait(30) for each in (one, other, third)] == [130, -signal.SIGHUP, 0]
    assert third.stderr.read() == ""
