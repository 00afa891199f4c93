"""One contender in a process of its own, which keeps many invocations in flight.

    python crowd.py CONCURRENCY PLACE NAME   each line on stdin is a number of seconds; the answer is two numbers: the
                                             invocations finished in one second, and in one second of processor time

PLACE is JSON (see contenders.py). The first line on stdout says that it is connected and warm. It ends when stdin does.

Each contender is a function of a place and the number in flight that returns a function of an iterable of events, which
invokes with each of them and returns how many answers came.
"""

import asyncio
import atexit
import itertools
import json
import sys
import time

from contenders import EVENT, FUNCTION, KEYS, REGION, TIMEOUT, prepared

WARM_UP = 10  # events for each place in flight
LOOP = asyncio.new_event_loop()


def aiohttp_tasks(place, concurrency):
    """Tasks on one aiohttp session that send what ours sends, made beforehand: no signing, no JSON."""
    import ssl

    import aiohttp

    headers, body = prepared(place)
    for name in ("Host", "Content-Length"):  # it writes these itself
        headers.pop(name)
    context = ssl.create_default_context(cafile=place["authority"])
    url = f"https://127.0.0.1:{place['port']}/"

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


def client_tasks(place, concurrency):
    """Tasks that call AsyncClient.invoke: what a caller would write without `map`."""
    client = async_client(place)

    async def invoke(event):
        assert "Hello World" in (await client.invoke(FUNCTION, data=event)).value

    return lambda events: LOOP.run_until_complete(in_tasks(invoke, events, concurrency))


def client_map(place, concurrency):
    """`map` of a function of the AsyncClient."""
    function = async_client(place).function(FUNCTION)

    async def turn(events):
        count = 0
        async for value in function.map(events, concurrency=concurrency):
            assert "Hello World" in value
            count += 1
        return count

    return lambda events: LOOP.run_until_complete(turn(events))


def blocking_map(place, concurrency):
    """`map` of a function of the blocking client."""
    from tencentserverless.scf import Client

    function = Client(REGION, **KEYS, **where(place)).function(FUNCTION)

    def turn(events):
        count = 0
        for value in function.map(events, concurrency=concurrency):
            assert "Hello World" in value
            count += 1
        return count

    return turn


def async_client(place):
    from tencentserverless.aio import AsyncClient

    return AsyncClient(REGION, **KEYS, **where(place))


def where(place):
    """The arguments that lead a client of ours to the server."""
    return {"endpoint": f"https://127.0.0.1:{place['port']}", "ca_file": place["authority"]}


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
    """The event, again and again, until the time is over."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        yield EVENT


def main(concurrency, place, name):
    concurrency = int(concurrency)
    turn = CONTENDERS[name](json.loads(place), concurrency)
    turn(itertools.repeat(EVENT, concurrency * WARM_UP))
    print("ready", flush=True)
    for line in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        count = turn(events_for(json.loads(line)))
        rates = (count / (time.perf_counter() - start), count / (time.process_time() - used))
        print(json.dumps(rates), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
