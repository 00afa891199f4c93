"""Steady load on a local endpoint for minutes. Every answer must be right, and memory and open files must not grow.

``python benchmarks/soak.py [SECONDS]``, by default 120. It prints a line for each tenth of the time. The exit code is 1
if an answer was wrong, memory or open files grew, or a process was left.
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tencentserverless.exception import FunctionError, InvocationError, NotFoundError
from tencentserverless.local import LocalSCF
from tencentserverless.scf import Client

THREADS = 8
RSS_UNITS_PER_MB = 1024 * (1024 if sys.platform == "darwin" else 1)  # the unit of ru_maxrss depends on the system
GROWTH_ALLOWED_MB = 24
FILES_ALLOWED = 64  # some instances more or less when they are counted

FUNCTIONS = {
    "Echo": "def main_handler(event, context):\n    return event\n",
    "Raises": "def main_handler(event, context):\n    raise ValueError(event)\n",
    "Exits": "import os\n\n\ndef main_handler(event, context):\n    os._exit(1)\n",
    "Prints": "def main_handler(event, context):\n    print('x' * 100000)\n    return len(event)\n",
    "Chains": (
        "from tencentserverless import scf\n\n\n"
        "def main_handler(event, context):\n    return scf.invoke('Echo', data=event).value\n"
    ),
}


def invoke_one(client: Client, chance: random.Random) -> str:
    """Make one random invocation and check its outcome. Failures that end a process are rare."""
    event = {"number": chance.random(), "text": "名" * chance.randrange(2000)}
    name = chance.choices(["Echo", "Prints", "Chains", "Raises", "Exits", "Missing"], [60, 15, 15, 7, 1, 2])[0]
    found = outcome(client, name, event)
    expected = {"Prints": len(event), "Raises": 430, "Exits": 439, "Missing": "ResourceNotFound.Function"}
    if found != expected.get(name, event):
        raise ValueError(f"{name} ended with {str(found)[:200]}")
    return name


def outcome(client: Client, name: str, event: object) -> object:
    """The value, or the status or code of the failure."""
    try:
        return client.invoke(name, data=event).value
    except (FunctionError, InvocationError) as error:
        return error.status_code
    except NotFoundError as error:
        return error.code


def load(client: Client, until: float, done: Counter, wrong: list, seed: int) -> None:
    chance = random.Random(seed)
    while time.monotonic() < until and not wrong:
        try:
            done[invoke_one(client, chance)] += 1
        except Exception as error:  # printed at the end
            wrong.append(error)


def state() -> tuple[int, float]:
    """The number of open files and the peak of memory (MB) of this process, which contains the endpoint."""
    return len(os.listdir("/dev/fd")), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RSS_UNITS_PER_MB


def children() -> set[int]:
    """The children of this process that are still running."""
    with subprocess.Popen(["ps", "-A", "-o", "ppid=,pid="], stdout=subprocess.PIPE, text=True) as listing:
        pairs = [tuple(map(int, line.split())) for line in listing.stdout]
    return {pid for parent, pid in pairs if parent == os.getpid() and pid != listing.pid}


def watch(threads: list, done: Counter, seconds: float) -> tuple[int, float, int, float]:
    """Files and memory after three tenths of the time, when all is warm, and at the end."""
    warm = None
    for tenth in range(1, 11):
        deadline = time.monotonic() + seconds / 10
        while time.monotonic() < deadline and any(thread.is_alive() for thread in threads):
            time.sleep(0.05)
        files, memory = state()
        summary = f"{done.total()} invocations  {files} files  {memory:.0f} MB  {len(children())} processes"
        print(f"{tenth * 10:3d} %  {summary}", flush=True)
        if tenth == 3:
            warm = (files, memory)
    return (*warm, files, memory)


def main(seconds: float) -> int:
    done, wrong = Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        for name, code in FUNCTIONS.items():
            Path(folder, name).mkdir()
            Path(folder, name, "index.py").write_text(code)
        with LocalSCF(folder, notify=str) as local:
            client = Client("ap-guangzhou", local.secret_id, local.secret_key, endpoint=local.endpoint, timeout=60)
            until = time.monotonic() + seconds
            threads = [threading.Thread(target=load, args=(client, until, done, wrong, n)) for n in range(THREADS)]
            for thread in threads:
                thread.start()
            warm_files, warm_memory, files, memory = watch(threads, done, seconds)
            for thread in threads:
                thread.join()
    left = children()
    print(dict(sorted(done.items())))
    problems = [f"wrong: {error!r}" for error in wrong]
    if files > warm_files + FILES_ALLOWED:
        problems.append(f"open files grew from {warm_files} to {files}")
    if memory > warm_memory + GROWTH_ALLOWED_MB:
        problems.append(f"memory grew from {warm_memory:.0f} to {memory:.0f} MB")
    if left:
        problems.append(f"processes left behind: {sorted(left)}")
    print(*problems or ["nothing grew, nothing was left behind"], sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 120))
