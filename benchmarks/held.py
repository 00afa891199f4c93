"""The memory of a local endpoint after very many invocations, and after many large results. It must stay small.

``python benchmarks/held.py [INVOCATIONS [RESULTS]]``, by default 100,000 and 1,000 of 6 MB. The exit code is 1 if the
endpoint then holds more than 70 MB, or an answer was wrong. Linux.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tencentserverless.scf import Client

MOST_MB = 70
THREADS = 4
LARGE = 6_000_000
SETTLE_SECONDS = 30.0
CODE = "def main_handler(event, context):\n    return 'x' * event\n"


def memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def invoke(client: Client, count: int, size: int) -> bool:
    """Whether every one of these invocations returns so many characters."""

    def one(_: int) -> bool:
        return len(client.invoke("Returns", data=size).value) == size

    with ThreadPoolExecutor(THREADS) as pool:
        shares = pool.map(lambda share: all(map(one, range(share))), [count // THREADS] * THREADS)
        return all(shares)


def settled_mb(pid: int) -> float:
    """The memory once the records have been written, for which there is some time."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (found := memory_mb(pid)) > MOST_MB and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def main(invocations: int, results: int) -> int:
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Returns").mkdir()
        Path(folder, "Returns", "index.py").write_text(CODE)
        command = [sys.executable, "-m", "tencentserverless", "local", "start", folder, "--port", "0", "--quiet"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            line = json.loads(process.stdout.readline())
            client = Client(
                "ap-guangzhou", line["secret_id"], line["secret_key"], endpoint=line["endpoint"], timeout=120
            )
            for count, size in ((1, 1), (invocations, 1), (results, LARGE)):
                is_right = invoke(client, max(count, THREADS), size)
                peak, held = memory_mb(process.pid), settled_mb(process.pid)
                print(f"{count} results of {size} bytes: {held:.0f} MB, {peak:.0f} MB at once", flush=True)
                if not is_right or held > MOST_MB:
                    problems.append(f"after {count} results of {size} bytes: {held:.0f} MB, right: {is_right}")
            process.send_signal(signal.SIGTERM)
    print(*problems or [f"the endpoint never held more than {MOST_MB} MB for long"], sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    counts = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*[*counts, *(100_000, 1_000)[len(counts) :]]))
