"""Measures how long an invocation takes, as ratios to a baseline of the same run.

    python benchmarks/invoke.py [--quick] [--rounds N] [--source DIR]

Server and contenders are processes on this machine. They use warm TLS connections on loopback. For single invocations
on Linux with two processors or more, the server has a processor of its own. A real server does not share a processor
with its client either. Without this, answers take less than half the time when both happen to be on one processor.

Each figure is the median of the ratios of all rounds, followed by the range of the middle half.
"""

import argparse
import faulthandler
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from peers import peers_python
from processes import SOURCE, Server, contender, fresh, split_processors
from rounds import BASELINE, NAMES, compare, heading, interleave, row, table

SLOW = {"official": 4, "predecessor": 20}  # divisors of the number of invocations, for turns of equal length
MODULES = {"ours": "tencentserverless.scf", "official": "tencentcloud.scf.v20180416.scf_client"}
LONGEST = 600  # seconds; a run that hangs ends here


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="number of rounds (%(default)s)")
    parser.add_argument(
        "--invocations", type=int, default=600, help="invocations in a turn of a fast contender (%(default)s)"
    )
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn with threads (%(default)s)")
    parser.add_argument("--threads", type=int, default=32, help="number of threads (%(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="print every row, with too few rounds for reliable figures"
    )
    parser.add_argument("--source", type=Path, default=SOURCE, help="the folder that contains our package")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.invocations, options.seconds, options.threads = 1, 20, 0.1, 4
    return options


class Bench:
    """The data for all sections: options, the server, the Python of the contenders, a recorded request of ours."""

    def __init__(self, options, server):
        self.options = options
        self.server = server
        self.python = peers_python()
        self.server_cpus, self.client_cpus = split_processors()
        with contender(self.python, server.target(), "ours", source=options.source):
            self.target = server.target()  # our client has invoked once; the others send the same bytes

    def contender(self, *names, **options):
        return contender(self.python, self.target, *names, source=self.options.source, **options)


def alone(bench):
    """Our client and the baseline in one process. Their invocations alternate."""

    def turn():
        with bench.contender(BASELINE, "ours", cpus=bench.client_cpus) as pair:
            pair.ask(bench.options.invocations // 4)  # warm-up
            return dict(zip((BASELINE, "ours"), pair.ask(bench.options.invocations), strict=True))

    heading("Warm invocation, ours and the baseline in one process, which is new in every round")
    table([turn() for _ in range(bench.options.rounds)], aims={"ours": "aim <= 1.4"})


def among_peers(bench):
    """All contenders in rounds. Each has a process and a connection."""
    heading("Warm invocation, all contenders in turn: ratios to a bare TLS socket that sends the same bytes as ours")
    with ExitStack() as stack:
        turns = {}
        for name in NAMES:
            process = stack.enter_context(bench.contender(name, cpus=bench.client_cpus))
            count = max(5, bench.options.invocations // SLOW.get(name, 1))
            turns[name] = partial(lambda process, count: process.ask(count)[0], process, count)
        results, busy = bench.server.busy(lambda: interleave(turns, bench.options.rounds))
    table(results)
    for name, aim in (("http_client", ""), ("official", "aim <= 0.25"), ("predecessor", "")):
        compare(f"ours to {NAMES[name]}", results, name, aim)
    print(f"  (the server used {busy:.0%} of a processor)")


def from_nothing(bench):
    """New processes: the time of imports, and the time from the start of the process to the first answer."""
    rounds = bench.options.rounds // 2 + 1
    imports = {name: partial(import_time, bench, module) for name, module in MODULES.items()}
    answers = {name: partial(answer_time, bench, name) for name in MODULES}
    interleave(imports, 1)  # the first import writes bytecode files
    heading("New process, in turn with the official SDK")
    compare("import of tencentserverless.scf to scf_client", interleave(imports, rounds), "official", "aim <= 0.2")
    compare("start of the process to the first answer", interleave(answers, rounds), "official", "aim <= 0.4")


def import_time(bench, module):
    return float(fresh(bench.python, bench.options.source, "import", module))


def answer_time(bench, name):
    start = time.perf_counter()
    fresh(bench.python, bench.options.source, "answer", name, bench.target["port"], bench.target["authority"])
    return time.perf_counter() - start


def many_threads(bench):
    """Throughput of threads. Ours share one client. Of the other contenders each thread has a connection.

    There are many short turns, because threads that share an interpreter lock may be fast or slow for a while.
    """
    heading(f"Throughput of {bench.options.threads} threads: ours on one client, the others on one connection each")
    shares = {}
    with ExitStack() as stack:
        turns = {}
        for name in (BASELINE, "http_client", "ours"):
            process = stack.enter_context(bench.contender(name, threads=bench.options.threads))
            turns[name] = partial(busy_turn, bench, process, shares.setdefault(name, []))
        results = interleave(turns, bench.options.rounds)
    table(results)
    compare(f"ours to {NAMES['http_client']}", results, "http_client", "aim >= 1.5")
    for name, values in shares.items():
        row(f"server's share of a processor: {NAMES[name].partition(',')[0].partition(' (')[0]}", values)


def busy_turn(bench, process, shares):
    rate, busy = bench.server.busy(lambda: process.ask(bench.options.seconds))
    shares.append(busy)
    return rate


def main():
    options = arguments()
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    with Server(split_processors()[0]) as server:
        bench = Bench(options, server)
        for section in (alone, among_peers, from_nothing, many_threads):
            section(bench)


if __name__ == "__main__":
    main()
