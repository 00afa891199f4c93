"""What many invocations in flight cost, as ratios measured in the same run, and what `map` keeps in memory.

    python benchmarks/concurrency.py [--quick] [--rounds N] [--events N] [--source DIR]

Server and contenders are processes on this machine, over warm TLS on loopback. On Linux with two processors or more the
server has one for itself, and its share of it is told: where that is far below 1, it is not what holds anybody up. A
contender does all its work on one processor, so on a machine that does other things too, invocations in a second of
processor time are the steadier figure.

Every figure is the median of the rounds' ratios, with the middle half of the rounds behind it.
"""

import argparse
import faulthandler
import json
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from processes import HERE, SOURCE, Process, Server, contender, surroundings, two_places
from rounds import compare, heading, interleave, row

NAMES = {
    "aiohttp_tasks": "aiohttp",  # neither signs nor decodes
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
    parser.add_argument("--rounds", type=int, default=11, help="how often every contender has its turn (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.7, help="of a turn (%(default)s)")
    parser.add_argument("--concurrency", type=int, default=64, help="invocations in flight (%(default)s)")
    parser.add_argument("--events", type=int, default=200000, help="of the map that is watched (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="every row, with too few rounds to believe it")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the folder in which our package stands")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.events = 1, 0.1, 1000
    return options


def in_flight(options):
    """Everybody in turn: throughput, the same by processor time, and the server's share of a processor."""
    server_cpus, client_cpus = two_places()
    shares = {name: [] for name in NAMES}
    with Server(server_cpus) as server, ExitStack() as stack:
        place = recorded_place(server, options)
        turns = {}
        for name in NAMES:
            command = [sys.executable, HERE / "crowd.py", options.concurrency, json.dumps(place), name]
            process = stack.enter_context(Process(command, surroundings(options.source), client_cpus))
            process.line()
            turns[name] = partial(busy_turn, server, process, options.seconds, shares[name])
        results = interleave(turns, options.rounds)
    heading(f"Throughput at {options.concurrency} in flight; aiohttp sends bytes made beforehand and decodes nothing")
    tell(results, 0)
    heading("The same by processor time of the contender")
    tell(results, 1)
    heading("Server's share of a processor")
    for name, values in shares.items():
        row(NAMES[name], values)


def tell(results, number):
    """The ratios of one of the figures that a turn gives."""
    figures = [{name: rates[number] for name, rates in result.items()} for result in results]
    for name, to, aim in COMPARED:
        compare(f"{NAMES[name]} to {NAMES[to]}", figures, to, aim, name)


def recorded_place(server, options):
    """Where the server is, with the bytes that ours sends: the baseline sends the same."""
    with contender(sys.executable, server.place(), "ours", source=options.source):
        return server.place()


def busy_turn(server, process, seconds, shares):
    rates, busy = server.busy(lambda: process.ask(seconds))
    shares.append(busy)
    return rates


def growth(options):
    """Both kinds at the same time, each in a fresh process: nothing is timed here."""
    heading(f"Memory that map takes more after its first tenth, {options.events} events, MB")
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
