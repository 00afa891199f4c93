"""An endpoint that has few descriptors, and one that stands still, as its users start it."""

import json
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tencentserverless.local.processes import fork_client
from tencentserverless.scf import Client
from tests.local.process_table import below, until

pytestmark = pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")
SLEEPS = "import time\ndef main_handler(event, context):\n    time.sleep(event['s'])\n    return 'x' * event['n']\n"


@contextmanager
def endpoint(path, limits=None):
    """A client of `local start`, and the process. limits: of its open files."""
    command = [sys.executable, "-m", "tencentserverless", "local", "start", str(path), "--port", "0", "--quiet"]
    limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits)) if limits else None
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit) as process:
        try:
            told = json.loads(process.stdout.readline())
            keys = (told["secret_id"], told["secret_key"])
            yield Client("ap-guangzhou", *keys, endpoint=told["endpoint"], timeout=60), process
        finally:
            process.terminate()


def test_few_descriptors(folder):
    """With 64 descriptors and no more, many at once are all served, and then another function is."""
    folder("sleeps", SLEEPS)
    folder("other")
    with endpoint(folder.path, (64, 64)) as (client, process):
        with ThreadPoolExecutor(16) as pool:
            ended = pool.map(lambda _: client.invoke("sleeps", data={"s": 0.2, "n": 1}).value, range(16))
            assert list(ended) == ["x"] * 16
        assert client.invoke("other").value == 1
        process.terminate()
        assert b"there is no room for more instances: Too many open files" in process.stderr.read()


def test_processes_that_stand_still(folder):
    """An endpoint and its instances that are stopped for longer than a function may run lose no answer."""
    folder("sleeps", SLEEPS, "component: scf\nname: sleeps\ninputs: {timeout: 1}\n")
    with endpoint(folder.path) as (client, process), ThreadPoolExecutor(2) as pool:
        client.invoke("sleeps", data={"s": 0, "n": 1})
        for only_endpoint in (True, False):
            ended = asleep(pool, client, process.pid)
            stopped = [process.pid] if only_endpoint else [process.pid, *below(process.pid)]
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            subprocess.run(["sleep", "1.3"], check=True)
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
            assert len(ended.result().value) == 3_000_000


def asleep(pool, client, pid):
    """An invocation whose function sleeps now. On a busy machine one may end before that is seen."""
    while True:
        ended = pool.submit(client.invoke, "sleeps", data={"s": 0.5, "n": 3_000_000})
        until(lambda ended=ended: ended.done() or sleeping(pid))
        if not ended.done():
            return ended


def sleeping(pid):
    """Whether a function sleeps below this process."""
    for child in below(pid):
        try:
            with open(f"/proc/{child}/wchan") as file:
                if file.read() == "hrtimer_nanosleep":
                    return True
        except OSError:
            pass
    return False
