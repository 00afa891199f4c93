"""Invocations that are broken off at random moments, and at every line: no place is lost, no answer mixed up.

``python benchmarks/interruptions.py [TIMES]``, 10,000 unless told otherwise. A signal handler breaks off the blocking
client, cancellation the asyncio client. Prints a line for each; exits with an error where something was lost.
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.transport.test_faults import Limit, Way, assert_nothing_is_lost
from tests.transport.test_interruptions import break_off, cancel_often, count_lines, interrupt_by_alarm


def by_alarm(times: int) -> str:
    with Way("http") as servers:
        return f"{interrupt_by_alarm(servers, times, random.Random())} of {times} broken off by an alarm"


def by_cancelling(times: int) -> str:
    with Way("http") as servers, servers.client("asyncio", max_connections=2) as client:
        cancelled = client.run(cancel_often(client.client, times, random.Random()))
        assert_nothing_is_lost(client)
        return f"{cancelled} of {times} cancelled"


def at_lines(kind: str, way: str, most: int) -> str:
    with Way(way) as servers:
        lines = range(count_lines(servers, kind, is_warm=False))[:most]
        for at in lines:
            with servers.client(kind) as client:
                break_off(client, False, at, Limit)
                assert_nothing_is_lost(client)
                assert client.invoke("f", data=2).value == 2
        return f"{len(lines)} lines of {kind} over {way}, each broken off"


def main(times: int) -> None:
    print(by_alarm(times), by_cancelling(times), sep="\n", flush=True)
    for kind in ("blocking", "asyncio"):
        for way in ("http", "https"):
            print(at_lines(kind, way, times), flush=True)
    print("nothing was lost")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10000)
