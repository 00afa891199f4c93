"""Kills `tencentserverless map` twice with -9, resumes it, and compares its results with what the endpoint has run.

``python benchmarks/resumed.py [EVENTS]``, by default 20,000. Each event must have one result line: an answer, or an
error with `executed` "maybe". An event without a "maybe" must have run once. With --idempotent all events must have
answers. It prints a line for each of the two, and exits with code 1 if something is wrong.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

from tencentserverless.local import LocalSCF

SOURCE = Path(__file__).resolve().parent.parent / "src"
KILLED = 2


class Killer:
    """A function that counts its events, and kills the program that invokes it at certain numbers of them."""

    def __init__(self, events):
        self.ran = Counter()
        self.process = None
        self._moments = {events * (kill + 1) // (KILLED + 1) for kill in range(KILLED)}
        self._lock = threading.Lock()

    def __call__(self, event, _context):
        with self._lock:
            self.ran[event["n"]] += 1
            if sum(self.ran.values()) in self._moments:
                self.process.kill()
        return event["n"]


def killed_twice(folder, events, *options):
    """Run the command until it ends by itself. Returns the result lines, what ran how often, and the last command."""
    folder = Path(folder)
    (folder / "events.jsonl").write_text("".join(json.dumps({"n": number}) + "\n" for number in range(events)))
    killer = Killer(events)
    arguments = ["map", "Work", "events.jsonl", "-o", "results.jsonl", *options]
    with LocalSCF() as local:
        local.deploy(killer, name="Work")
        variables = {**os.environ, **local.environment(), "PYTHONPATH": str(SOURCE), "LC_ALL": "C"}
        for attempt in range(KILLED + 1):
            command = [sys.executable, "-m", "tencentserverless", *arguments, *["--resume"] * bool(attempt)]
            with killer._lock:
                killer.process = subprocess.Popen(command, cwd=folder, env=variables, stderr=subprocess.PIPE, text=True)
            _, told = killer.process.communicate(timeout=600)
            if attempt < KILLED and killer.process.returncode != -9:
                raise RuntimeError(f"it was not killed: {told}")
    lines = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    return lines, killer.ran, killer.process.returncode, told


def wrong(lines, ran, events, is_idempotent):
    """What is wrong with the results, as texts."""
    if sorted(line["index"] for line in lines) != list(range(events)):
        yield f"{len(lines)} lines for {events} events, {len({line['index'] for line in lines})} indexes"
    for line in lines:
        times, is_answer = ran[line["index"]], line.get("value") == line["index"]
        is_maybe = "error" in line and line["executed"] == "maybe"
        if not is_answer and (is_idempotent or not is_maybe):
            yield f"not an answer: {line}"
        if times != 1 and not is_maybe and not is_idempotent:
            yield f"ran {times} times: {line}"
    if not is_idempotent and not any("error" in line for line in lines):
        yield "no event was under way at a kill"


def main(events):
    has_failed = False
    for options in ((), ("--idempotent",)):
        with tempfile.TemporaryDirectory() as folder:
            lines, ran, code, told = killed_twice(folder, events, *options)
            found = [*wrong(lines, ran, events, bool(options)), *([] if code == (0 if options else 3) else [told])]
        has_failed = has_failed or bool(found)
        maybe = sum("error" in line for line in lines)
        print(" ".join([str(events), "events", *options]), f"- {maybe} maybe,", found or "right", flush=True)
    sys.exit(has_failed)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
