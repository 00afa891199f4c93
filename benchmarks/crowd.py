"""A process that keeps many invocations of one contender in flight.

    python crowd.py CONCURRENCY TARGET NAME

TARGET is JSON (see contenders.py). The first line on stdout says that the contender is connected and warm. Each line on
stdin is a number of seconds. The answer is two numbers: the invocations per second, and per second of processor time.
The process ends when stdin ends.

A contender is a function that gets a target and the number of invocations in flight. It returns a function that gets
an iterable of events, invokes with each of them, and returns the number of answers.
"""

import asyncio
import atexit
import itertools
import json
import sys
import time

from contenders import EVENT, FUNCTION, KEYS, REGION, TIMEOUT, prepared

WARM_UP = 10  # events for each invocation in flight
LOOP = asyncio.new_event_loop()


def aiohttp_tasks(target, concurrency):
    """Tasks on one aiohttp session. They send the prepared bytes of our client: no signing, no JSON."""
    import ssl

    import aiohttp

    headers, body = prepared(target)
    for name in ("Host", "Content-Length"):  # aiohttp adds these itself
        headers.pop(name)
    context = ssl.create_default_context(cafile=target["authority"])
    url = f"https://127.0.0.1:{target['port']}/"

    async def connect():
        connector = aiohttp.TCPConnector(limit=concurrency, ssl=context)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        return aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers, auto_decompress=False)

    session = LOOP.run_until_complete(connect())
    atexit.register(lambda: LOOP.run_until_complete(session.close()))

    async def invoke(_event):
        async with session.post(url, data=body) as response:
            assert b"Hello World" in await response.read()

    return lambda events: LOOP.run_until_complete(in_tasks(invoke, events, concurrency))


def client_tasks(target, concurrency):
    """Tasks that call AsyncClient.invoke, as a program without `map` would."""
    client = async_client(target)

    async def invoke(event):
        assert "Hello World" in (await client.invoke(FUNCTION, data=event)).value

    return lambda events: LOOP.run_until_complete(in_tasks(invoke, events, concurrency))


def client_map(target, concurrency):
    """`map` of a function of the AsyncClient."""
    function = async_client(target).function(FUNCTION)

    async def turn(events):
        count = 0
        async for value in function.map(events, concurrency=concurrency):
            assert "Hello World" in value
            count += 1
        return count

    return lambda events: LOOP.run_until_complete(turn(events))


def blocking_map(target, concurrency):
    """`map` of a function of the blocking client."""
    from tencentserverless.scf import Client

    function = Client(REGION, **KEYS, **address(target)).function(FUNCTION)

    def turn(events):
        count = 0
        for value in function.map(events, concurrency=concurrency):
            assert "Hello World" in value
            count += 1
        return count

    return turn


def async_client(target):
    from tencentserverless.aio import AsyncClient

    return AsyncClient(REGION, **KEYS, **address(target))


def address(target):
    """The arguments with which our clients reach the server."""
    return {"endpoint": f"https://127.0.0.1:{target['port']}", "ca_file": target["authority"]}


async def in_tasks(invoke, events, concurrency):
    """Invoke with each event, from `concurrency` tasks that share the iterator."""
    events, counts = iter(events), []

    async def work():
        count = 0
        for event in events:
            await invoke(event)
            count += 1
        counts.append(count)

    await asyncio.gather(*(work() for _ in range(concurrency)))
    return sum(counts)


CONTENDERS = {make.__name__: make for make in (aiohttp_tasks, client_tasks, client_map, blocking_map)}


def events_for(seconds):
    """Yield the event until the time is over."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        yield EVENT


def main(concurrency, target, name):
    concurrency = int(concurrency)
    turn = CONTENDERS[name](json.loads(target), concurrency)
    turn(itertools.repeat(EVENT, concurrency * WARM_UP))
    print("ready", flush=True)
    for line in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        count = turn(events_for(json.loads(line)))
        rates = (count / (time.perf_counter() - start), count / (time.process_time() - used))
        print(json.dumps(rates), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
