"""One or more contenders in a process of their own, which invoke when they are told to.

    python turns.py PLACE NAME...            each line on stdin is a number of invocations; the answer is one JSON line
                                             with the median seconds of each contender, which take turns
    python turns.py --threads 32 PLACE NAME  each line on stdin is a number of seconds; the answer is how many
                                             invocations all threads together finished in one second

PLACE is JSON (see contenders.py). The first line on stdout says that everybody is connected and warm. It ends when
stdin does.
"""

import argparse
import json
import statistics
import sys
import threading
import time

from contenders import CONTENDERS, connected

SHARED = ("ours",)  # one for all threads; of the others each thread has its own


def take_turns(invokes, count):
    """The median seconds of each, one invocation after the other's."""
    clock = time.perf_counter
    times = [[] for _ in invokes]
    for _ in range(count):
        for invoke, spent in zip(invokes, times, strict=True):
            start = clock()
            invoke()
            spent.append(clock() - start)
    return [statistics.median(spent) for spent in times]


def throughput(invokes, seconds):
    """Invocations a second, every one of `invokes` in a thread of its own."""
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


def for_threads(name, place, threads):
    if name in SHARED:
        return [connected(name, place)] * threads
    return [connected(name, place) for _ in range(threads)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("place", type=json.loads)
    parser.add_argument("names", nargs="+", choices=CONTENDERS)
    options = parser.parse_args()
    if options.threads:
        ask, invokes = throughput, for_threads(options.names[0], options.place, options.threads)
    else:
        ask, invokes = take_turns, [connected(name, options.place) for name in options.names]
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(ask(invokes, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
