"""A process with one or more contenders.

    python turns.py TARGET NAME...            each line on stdin is a number of invocations; the answer is one JSON line
                                              with the median seconds of each contender; they invoke in turn
    python turns.py --threads 32 TARGET NAME  each line on stdin is a number of seconds; the answer is the number of
                                              invocations per second, of all threads together

TARGET is JSON (see contenders.py). The first line on stdout says that all contenders are connected and warm.
The process ends when stdin ends.
"""

import argparse
import json
import statistics
import sys
import threading
import time

from contenders import CONTENDERS, connected

SHARED = ("ours",)  # one client for all threads; of the others each thread has its own


def take_turns(invokes, count):
    """The median seconds of each contender. Their invocations alternate."""
    clock = time.perf_counter
    times = [[] for _ in invokes]
    for _ in range(count):
        for invoke, spent in zip(invokes, times, strict=True):
            start = clock()
            invoke()
            spent.append(clock() - start)
    return [statistics.median(spent) for spent in times]


def throughput(invokes, seconds):
    """Invocations per second. Each of `invokes` runs in a thread."""
    counts = []

    def work(invoke):
        done = 0
        while time.perf_counter() < end:
            invoke()
            done += 1
        counts.append(done)

    start = time.perf_counter()
    end = start + seconds
    threads = [threading.Thread(target=work, args=(invoke,)) for invoke in invokes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def for_threads(name, target, threads):
    if name in SHARED:
        return [connected(name, target)] * threads
    return [connected(name, target) for _ in range(threads)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("target", type=json.loads)
    parser.add_argument("names", nargs="+", choices=CONTENDERS)
    options = parser.parse_args()
    if options.threads:
        ask, invokes = throughput, for_threads(options.names[0], options.target, options.threads)
    else:
        ask, invokes = take_turns, [connected(name, options.target) for name in options.names]
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(ask(invokes, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
