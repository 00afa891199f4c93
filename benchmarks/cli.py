"""How long `--help` and completion take beyond the start of a bare interpreter.

``python benchmarks/cli.py [ROUNDS]``, by default 20. Each row is in milliseconds of processor time, with its limit:
the least of all rounds, because a busy machine only adds to it. The bare interpreter imports nothing. It exits with
code 1 if a limit is passed.
"""

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
MODULE = ("-c", "from tencentserverless._cli import main; main()")
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
    """The processor time of one run. On an idle machine it is the time from the start to the end."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **variables}
    with subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.PIPE) as run:
        printed = run.stdout.read()
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode or not (printed or arguments == ("-c", "")):
        raise RuntimeError(f"{arguments} has failed")
    return (used.ru_utime + used.ru_stime) * 1000


def measure(rounds):
    """What each case takes longer than the bare interpreter."""
    bare, found = [], {name: [] for name in CASES}
    for _ in range(rounds):
        bare.append(milliseconds(("-c", ""), {}))
        for name, (arguments, variables, _) in CASES.items():
            found[name].append(milliseconds(arguments, variables))
    return {name: min(times) - min(bare) for name, times in found.items()}


def main(rounds):
    has_failed = False
    for name, took in measure(rounds).items():
        limit = CASES[name][2]
        has_failed = has_failed or took > limit
        print(f"  {name:<28} {took:6.0f} ms over a bare interpreter, limit {limit}", flush=True)
    sys.exit(has_failed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
