"""How long an invocation takes, as ratios to a baseline measured in the same run.

    python benchmarks/invoke.py [--quick] [--rounds N] [--source DIR]

Server and contenders are processes on this machine, over warm TLS on loopback. On Linux with two processors or more the
server has one for itself wherever one invocation follows another: over a network it does not share the caller's
either, and a pair that the scheduler happens to put on one is answered in less than half the time, whoever asks.

Every figure is the median of the rounds' ratios, with the middle half of the rounds behind it.
"""

import argparse
import faulthandler
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from peers import peers_python
from processes import SOURCE, Server, contender, fresh, two_places
from rounds import BASELINE, NAMES, compare, heading, interleave, row, table

SLOW = {"official": 4, "predecessor": 20}  # these need fewer invocations for the same time
MODULES = {"ours": "tencentserverless.scf", "official": "tencentcloud.scf.v20180416.scf_client"}
LONGEST = 600  # seconds; a run that hangs ends here


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often every contender has its turn (%(default)s)")
    parser.add_argument("--invocations", type=int, default=600, help="in a turn of a quick contender (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn of all threads (%(default)s)")
    parser.add_argument("--threads", type=int, default=32, help="(%(default)s)")
    parser.add_argument("--quick", action="store_true", help="every row, with too few rounds to believe it")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the folder in which our package stands")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.invocations, options.seconds, options.threads = 1, 20, 0.1, 4
    return options


class Bench:
    """What every section needs: the counts, the contenders' Python, the server and a recorded request of ours."""

    def __init__(self, options, server):
        self.options = options
        self.server = server
        self.python = peers_python()
        self.server_cpus, self.client_cpus = two_places()
        with contender(self.python, server.place(), "ours", source=options.source):
            self.place = server.place()  # ours has invoked once: the server remembers the bytes that the others send

    def contender(self, *names, **options):
        return contender(self.python, self.place, *names, source=self.options.source, **options)


def alone(bench):
    """Our client and the baseline in one process, one invocation of the one after one of the other."""

    def turn():
        with bench.contender(BASELINE, "ours", cpus=bench.client_cpus) as pair:
            pair.ask(bench.options.invocations // 4)  # warm-up
            return dict(zip((BASELINE, "ours"), pair.ask(bench.options.invocations), strict=True))

    heading("Warm invocation, two alone: single invocations in turn, a new process every round")
    table([turn() for _ in range(bench.options.rounds)], aims={"ours": "aim <= 1.4"})


def among_peers(bench):
    """Every contender in its process and on its connection, in rounds."""
    heading("Warm invocation, all interleaved: ratios to a bare TLS socket that sends the bytes ours sends")
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
    """Fresh processes: imports, and everything from the start of the process to the first answer."""
    rounds = bench.options.rounds // 2 + 1
    imports = {name: partial(import_time, bench, module) for name, module in MODULES.items()}
    answers = {name: partial(answer_time, bench, name) for name in MODULES}
    interleave(imports, 1)  # the first import writes byte code
    heading("Fresh process, in turn with the official SDK")
    compare("import of tencentserverless.scf to scf_client", interleave(imports, rounds), "official", "aim <= 0.2")
    compare("start of the process to the first answer", interleave(answers, rounds), "official", "aim <= 0.4")


def import_time(bench, module):
    return float(fresh(bench.python, bench.options.source, "import", module))


def answer_time(bench, name):
    start = time.perf_counter()
    fresh(bench.python, bench.options.source, "answer", name, bench.place["port"], bench.place["authority"])
    return time.perf_counter() - start


def many_threads(bench):
    """Throughput of threads: ours share one client, of the others each has its own connection.

    Turns are short and many, because threads that share an interpreter lock fall into step, or out of it, for a while.
    """
    heading(f"Throughput of {bench.options.threads} threads: ours on one client, the others with a connection each")
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
    with Server(two_places()[0]) as server:
        bench = Bench(options, server)
        for section in (alone, among_peers, from_nothing, many_threads):
            section(bench)


if __name__ == "__main__":
    main()
