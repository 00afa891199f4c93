"""How long `--help` and completion take beyond the start of a bare interpreter.

``python benchmarks/cli.py [ROUNDS]``, by default 20. Each row is the median, in milliseconds, and its limit. The bare
interpreter imports nothing. It exits with code 1 if a limit is passed.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
MODULE = ("-m", "tencentserverless")
COMPLETE = {"_TENCENTSERVERLESS_COMPLETE": "bash_complete"}
# name: arguments, variables, limit in milliseconds
CASES = {
    "--help": ((*MODULE, "--help"), {}, 120),
    "map --help": ((*MODULE, "map", "--help"), {}, 120),
    "local start --help": ((*MODULE, "local", "start", "--help"), {}, 120),
    "completion of a verb": (MODULE, {**COMPLETE, "COMP_WORDS": "tencentserverless lo", "COMP_CWORD": "1"}, 100),
    "completion of an option": (
        MODULE,
        {**COMPLETE, "COMP_WORDS": "tencentserverless map --re", "COMP_CWORD": "2"},
        100,
    ),
}


def milliseconds(arguments, variables):
    """The time of one run, from its start to its end."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **variables}
    began = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)
    took = (time.perf_counter() - began) * 1000
    if done.returncode or not (done.stdout or arguments[0] == "-c"):
        raise RuntimeError(f"{arguments}: {done.stderr.decode()}")
    return took


def measure(rounds):
    """The median of what each case takes longer than the bare interpreter of the same round."""
    found = {name: [] for name in CASES}
    for _ in range(rounds):
        bare = milliseconds(("-c", ""), {})
        for name, (arguments, variables, _) in CASES.items():
            found[name].append(milliseconds(arguments, variables) - bare)
    return {name: statistics.median(times) for name, times in found.items()}


def main(rounds):
    has_failed = False
    for name, took in measure(rounds).items():
        limit = CASES[name][2]
        has_failed = has_failed or took > limit
        print(f"  {name:<28} {took:6.0f} ms over a bare interpreter, limit {limit}", flush=True)
    sys.exit(has_failed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
