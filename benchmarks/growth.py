"""Measures how much the memory of `map` grows after its first tenth, in a new process and over plain HTTP.

    python growth.py PORT KIND COUNT   KIND is blocking or asyncio; prints the megabytes as one JSON line

Each event is a new object of some size, so that the memory would grow if events or results were kept.
"""

import asyncio
import json
import resource
import sys

from contenders import FUNCTION, KEYS, REGION

CONCURRENCY = 64
SAMPLES = 100
STATM = "/proc/self/statm"  # if it does not exist, the peak of the process is used


def megabytes():
    try:
        with open(STATM) as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 1e6
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def events(count):
    for number in range(count):
        yield {"number": number, "text": str(number) * 100}


class Watch:
    """Measures the memory after every hundredth of the results."""

    def __init__(self, count):
        self._between = max(1, count // SAMPLES)
        self._seen = 0
        self._samples = []

    def result(self, value):
        assert "Hello World" in value
        self._seen += 1
        if self._seen % self._between == 0:
            self._samples.append(megabytes())

    def growth(self):
        warm = len(self._samples) // 10
        return max(self._samples[warm:]) - max(self._samples[: warm + 1])


def blocking(watch, settings, count):
    from tencentserverless.scf import Client

    for value in Client(REGION, **settings).function(FUNCTION).map(events(count), concurrency=CONCURRENCY):
        watch.result(value)


def asynchronous(watch, settings, count):
    from tencentserverless.aio import AsyncClient

    async def take_all():
        async with AsyncClient(REGION, **settings) as client:
            async for value in client.function(FUNCTION).map(events(count), concurrency=CONCURRENCY):
                watch.result(value)

    asyncio.run(take_all())


def main(port, kind, count):
    watch = Watch(int(count))
    take = {"blocking": blocking, "asyncio": asynchronous}[kind]
    take(watch, {"endpoint": f"http://127.0.0.1:{port}", **KEYS}, int(count))
    return watch.growth()


print(json.dumps(main(*sys.argv[1:])), flush=True)
