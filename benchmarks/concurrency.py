"""Measures many invocations in flight, as ratios to a baseline of the same run, and the memory of `map`.

    python benchmarks/concurrency.py [--quick] [--rounds N] [--events N] [--source DIR]

Server and contenders are processes on this machine. They use warm TLS connections on loopback. On Linux with two
processors or more, the server has a processor of its own. Its share of this processor is printed: if it is far below 1,
the server is not the bottleneck. A contender uses one processor. On a busy machine, invocations per second of processor
time are the more stable figure.

Each figure is the median of the ratios of all rounds, followed by the range of the middle half.
"""

import argparse
import faulthandler
import json
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from processes import HERE, SOURCE, Process, Server, contender, split_processors, surroundings
from rounds import compare, heading, interleave, row

NAMES = {
    "aiohttp_tasks": "aiohttp",  # does not sign or decode
    "client_tasks": "hand-written AsyncClient",
    "client_map": "map of AsyncClient",
    "blocking_map": "map of Client",
}
COMPARED = (
    ("client_tasks", "aiohttp_tasks", "aim >= 2"),
    ("client_map", "aiohttp_tasks", ""),
    ("client_map", "client_tasks", "aim >= 0.9"),
    ("blocking_map", "client_map", ""),
)
LONGEST = 600  # seconds; a run that hangs ends here


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=11, help="number of rounds (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.7, help="length of a turn (%(default)s)")
    parser.add_argument("--concurrency", type=int, default=64, help="invocations in flight (%(default)s)")
    parser.add_argument("--events", type=int, default=200000, help="events for the memory of map (%(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="print every row, with too few rounds for reliable figures"
    )
    parser.add_argument("--source", type=Path, default=SOURCE, help="the folder that contains our package")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.events = 1, 0.1, 1000
    return options


def in_flight(options):
    """All contenders in turn: throughput by time and by processor time, and the server's share of a processor."""
    server_cpus, client_cpus = split_processors()
    shares = {name: [] for name in NAMES}
    with Server(server_cpus) as server, ExitStack() as stack:
        target = recorded_target(server, options)
        turns = {}
        for name in NAMES:
            command = [sys.executable, HERE / "crowd.py", options.concurrency, json.dumps(target), name]
            process = stack.enter_context(Process(command, surroundings(options.source), client_cpus))
            process.line()
            turns[name] = partial(busy_turn, server, process, options.seconds, shares[name])
        results = interleave(turns, options.rounds)
    heading(f"Throughput at {options.concurrency} in flight; aiohttp sends prepared bytes and decodes nothing")
    compare_figures(results, 0)
    heading("The same by processor time of the contender")
    compare_figures(results, 1)
    heading("Server's share of a processor")
    for name, values in shares.items():
        row(NAMES[name], values)


def compare_figures(results, number):
    """Print the ratios of one figure. number: its index in the result of a turn."""
    figures = [{name: rates[number] for name, rates in result.items()} for result in results]
    for name, to, aim in COMPARED:
        compare(f"{NAMES[name]} to {NAMES[to]}", figures, to, aim, name)


def recorded_target(server, options):
    """The target with a request of our client: the baseline sends the same bytes."""
    with contender(sys.executable, server.target(), "ours", source=options.source):
        return server.target()


def busy_turn(server, process, seconds, shares):
    rates, busy = server.busy(lambda: process.ask(seconds))
    shares.append(busy)
    return rates


def growth(options):
    """Measure both kinds at the same time, each in a new process. Times are not measured here."""
    heading(f"Memory growth of map after its first tenth, {options.events} events, MB")
    with Server(tls=False) as server, ExitStack() as stack:
        environ, kinds = surroundings(options.source), {"asyncio": "client_map", "blocking": "blocking_map"}
        processes = {
            name: stack.enter_context(
                Process([sys.executable, HERE / "growth.py", server.port, kind, options.events], environ)
            )
            for kind, name in kinds.items()
        }
        for name, process in processes.items():
            row(NAMES[name], [json.loads(process.line())], "aim < 30")


def main():
    options = arguments()
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    in_flight(options)
    growth(options)


if __name__ == "__main__":
    main()
