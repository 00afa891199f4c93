"""Steady load on a local endpoint for some minutes: every answer must be right, and nothing may grow.

``python benchmarks/soak.py [SECONDS]``, 120 unless told otherwise. Prints a line for each tenth of the time; exits with
1 where an answer was wrong, something grew, or a process was left behind.
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
RSS_UNITS_PER_MB = 1024 * (1024 if sys.platform == "darwin" else 1)  # what ru_maxrss counts in differs
GROWTH_ALLOWED_MB = 24
FILES_ALLOWED = 64  # eight instances more or less, at the moment of counting

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
    """One invocation, chosen by chance; its outcome is compared here. Failures that cost a process are rare."""
    event = {"number": chance.random(), "text": "名" * chance.randrange(2000)}
    what = chance.choices(["Echo", "Prints", "Chains", "Raises", "Exits", "Missing"], [60, 15, 15, 7, 1, 2])[0]
    found = outcome(client, what, event)
    wanted = {"Prints": len(event), "Raises": 430, "Exits": 439, "Missing": "ResourceNotFound.Function"}
    if found != wanted.get(what, event):
        raise ValueError(f"{what} ended with {str(found)[:200]}")
    return what


def outcome(client: Client, name: str, event: object) -> object:
    """The value, or what tells one failure from another."""
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
        except Exception as error:  # told at the end
            wrong.append(error)


def state() -> tuple[int, float]:
    """Open files, and the most memory this process ever had, MB. The endpoint runs in this process."""
    return len(os.listdir("/dev/fd")), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RSS_UNITS_PER_MB


def children() -> set[int]:
    """The processes that this one has started and that are still there."""
    with subprocess.Popen(["ps", "-A", "-o", "ppid=,pid="], stdout=subprocess.PIPE, text=True) as listing:
        pairs = [tuple(map(int, line.split())) for line in listing.stdout]
    return {pid for parent, pid in pairs if parent == os.getpid() and pid != listing.pid}


def watch(threads: list, done: Counter, seconds: float) -> tuple[int, float, int, float]:
    """Files and memory after three tenths of the time, when everything is warm, and at the end."""
    warm = None
    for tenth in range(1, 11):
        deadline = time.monotonic() + seconds / 10
        while time.monotonic() < deadline and any(thread.is_alive() for thread in threads):
            time.sleep(0.05)
        files, memory = state()
        told = f"{done.total()} invocations  {files} files  {memory:.0f} MB  {len(children())} processes"
        print(f"{tenth * 10:3d} %  {told}", flush=True)
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
