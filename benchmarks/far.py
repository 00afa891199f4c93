"""How many round trips a caller waits for who is 30 ms away from the region.

    python benchmarks/far.py [--quick] [--rounds N] [--source DIR]

Server, relay and contenders are processes on this machine. The relay delays every byte by 15 ms in each direction. One
round trip is what a bare kept-alive TLS socket waits for an answer through the same relay: in one process, in turn with
the contender, or in the same round as a fresh process. Every figure is the median of the rounds' ratios to it, with the
middle half of the rounds behind it.
"""

import argparse
import faulthandler
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from peers import peers_python
from processes import HERE, SOURCE, Process, Server, contender, fresh, surroundings
from rounds import BASELINE, NAMES, compare, heading, interleave, row

SECONDS = 0.015  # in each direction
WARM = {"ours": "aim <= 1.02", "official": "", "predecessor": ""}
FIRST = {
    "first": "first call of a process, import included",
    "imported": "first call of a process, after the import",
    "ahead": "first call of a process, connect() at import",
}
LONGEST = 900  # seconds; a run that hangs ends here


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often every contender has its turn (%(default)s)")
    parser.add_argument("--invocations", type=int, default=8, help="in a turn (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="every row, with too few rounds to believe it")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the folder in which our package stands")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.invocations = 1, 2
    return options


class Relay(Process):
    """The relay of relay.py to a server."""

    def __init__(self, port):
        super().__init__([sys.executable, HERE / "relay.py", port, SECONDS], surroundings())
        self.port = int(self.line())


def call(process, count):
    """Seconds for a call of the process's contender."""
    return process.ask(count)[0]


def round_trips(process, count):
    """The ratio of the process's second contender to its first."""
    seconds, of_contender = process.ask(count)
    return of_contender / seconds


def warm(options, python, target):
    """Calls on connections that are there."""
    heading("Warm invocation, 30 ms away: round trips per call")
    with ExitStack() as stack:
        turns = {}
        for name in WARM:
            process = stack.enter_context(contender(python, target, BASELINE, name, source=options.source))
            turns[name] = partial(round_trips, process, options.invocations)
        results = interleave(turns, options.rounds)
    for name, aim in WARM.items():
        row(NAMES[name], [result[name] for result in results], aim)


def first(options, python, target):
    """The first call of a fresh process."""
    heading("First invocation, 30 ms away: round trips")
    with contender(python, target, BASELINE) as process:
        turns = {BASELINE: partial(call, process, options.invocations)}
        for what in FIRST:
            turns[what] = partial(fresh_call, python, what, target, options.source)
        results = interleave(turns, options.rounds)
    for what, text in FIRST.items():
        compare(text, results, BASELINE, name=what)


def fresh_call(python, what, target, source):
    return float(fresh(python, source, what, target["port"], target["authority"]))


def main():
    options = arguments()
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    python = peers_python()
    with Server() as server, Relay(server.port) as relay:
        with contender(python, server.target(), "ours", source=options.source):
            target = {
                **server.target(),
                "port": relay.port,
            }  # with the request that ours sent, which the bare socket sends
        warm(options, python, target)
        first(options, python, target)


if __name__ == "__main__":
    main()
