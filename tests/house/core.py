"""What both clients promise at their core, as one program. test_surroundings.py runs it once in each environment.

`main` makes the checks and prints the name of each that held. The servers run in another process, because at the end
of Python no thread can be started. `assert` is not used, because `-OO` takes it away.
"""

import asyncio
import gc
import json
import os
import pickle
import sys

import tencentserverless
from tencentserverless import exception as errors
from tests.clients import KINDS, Driven, client_of
from tests.loopback import AUTHORITY

STRANGER = os.path.join(os.path.dirname(AUTHORITY), "stranger.pem")


class BrokenOff(BaseException):
    """What breaks off an invocation: a time limit, a KeyboardInterrupt, the end of a greenlet."""


class Place:
    """Where the servers are, and one kind of client. places: endpoints by name, from `servers` of the tests."""

    def __init__(self, kind, places):
        self.kind = kind
        self.places = places

    def client(self, endpoint="http", **settings):
        settings.setdefault("proxy", "")
        return client_of(self.kind, self.places.get(endpoint, endpoint), **settings)


def expect(found, wanted):
    if found != wanted:
        raise ValueError("%r, not %r" % (found, wanted))


def raised(kind, call, *arguments, **options):
    """The error of this kind that a call raises."""
    try:
        found = call(*arguments, **options)
    except kind as error:
        return error
    raise ValueError("%r, not %s" % (found, kind.__name__))


def run(client, steps):
    """What a method of a client returns, awaited where it is a coroutine."""
    return client.run(steps) if isinstance(client, Driven) else steps


def face(client):
    """The client itself."""
    return client.client if isinstance(client, Driven) else client


def check_values(place):
    with place.client() as client:
        for value in (None, 1, "名", {"a": [1.5, True]}, "x" * 300000):
            expect(client.invoke("f", data=value).value, value)


def check_keep_alive(place):
    with place.client() as client:
        expect(len({client.invoke("f", data={"do": "count"}).value for _ in range(5)}), 1)


def check_failure(place):
    with place.client() as client:
        failure = raised(errors.FunctionError, client.invoke, "f", data={"do": "fail"})
        expect((failure.status_code, failure.executed), (430, "yes"))
        refused = raised(errors.NotFoundError, client.invoke, "f", data={"do": "refuse"})
        expect((refused.code, refused.executed), ("ResourceNotFound.Function", "no"))
        str(failure), repr(refused)


def check_timeout(place):
    with place.client() as client:
        error = raised(errors.InvokeTimeoutError, client.invoke, "f", data={"do": "nothing"}, timeout=0.1)
        expect((error.executed, isinstance(error, TimeoutError)), ("maybe", True))
        expect(client.invoke("f", data=1).value, 1)


def check_nobody_there(place):
    with place.client("http://127.0.0.1:1") as client:
        expect(raised(errors.TransportError, client.invoke, "f", timeout=0.05).executed, "no")


def check_name(place):
    with place.client(place.places["http"].replace("127.0.0.1", "localhost")) as client:
        expect(client.invoke("f", data=1).value, 1)


def check_proxy(place):
    with place.client(proxy=place.places["proxy"]) as client:
        expect([client.invoke("f", data=number).value for number in range(3)], [0, 1, 2])


def check_tls(place):
    with place.client("https") as client:
        expect([client.invoke("f", data=number).value for number in range(3)], [0, 1, 2])
    with place.client("https", ca_file=STRANGER) as client:
        error = raised(errors.ConnectError, client.invoke, "f")
        expect((error.phase, error.executed), ("tls", "no"))


def check_tls_in_tls(place):
    with place.client("https", proxy=place.places["https_proxy"]) as client:
        expect(client.invoke("f", data=1).value, 1)


def check_map(place):
    async def collected(mapped):
        return [value async for value in mapped]

    with place.client() as client:
        mapped = face(client).function("f").map(range(30), concurrency=3)
        expect(client.run(collected(mapped)) if isinstance(client, Driven) else list(mapped), list(range(30)))


def check_broken_off(place):
    def break_off(step):
        if step.name == "write":
            raise BrokenOff()

    with place.client(max_connections=1) as client:
        face(client)._trace = break_off
        for _ in range(3):
            raised(BrokenOff, client.invoke, "f", data=1)
        face(client)._trace = None
        expect(client.invoke("f", data=2).value, 2)


def check_cancel(place):
    async def cancelled(client):
        task = asyncio.ensure_future(client.invoke("f", data={"do": "nothing"}))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    with place.client(max_connections=1) as client:
        if isinstance(client, Driven):
            expect(client.run(cancelled(client.client)), True)
        expect(client.invoke("f", data=2).value, 2)


def check_connect_and_close(place):
    with place.client() as client:
        run(client, face(client).connect())
        for _ in range(2):
            expect(client.invoke("f", data=2).value, 2)
            closing = face(client).close()
            if isinstance(client, Driven):
                client.run(_awaited(closing))


async def _awaited(awaitable):
    return await awaitable


def check_credentials(place):
    with place.client(credentials=lambda: ("AKID", "key", "token")) as client:
        expect(client.invoke("f", data=1).value, 1)


def check_pickle(place):
    with place.client() as client:
        copy = pickle.loads(pickle.dumps(face(client)))
        if isinstance(client, Driven):
            client.client = copy
        expect((client if isinstance(client, Driven) else copy).invoke("f", data=1).value, 1)


def check_fork(place):
    with place.client() as client:
        expect(client.invoke("f", data=1).value, 1)
        child = os.fork()
        if child == 0:
            os._exit(_in_child(client))
        expect(os.waitpid(child, 0)[1], 0)
        expect(client.invoke("f", data=3).value, 3)


def _in_child(client):
    """The exit code of a child process that was forked: 0 if its client works."""
    try:
        if isinstance(client, Driven):
            client.inherited, client.loop = client.loop, client.make_loop()  # nobody closes what is the parent's
        return 0 if client.invoke("f", data=2).value == 2 else 1
    except BaseException as error:
        sys.stderr.write(repr(error))
        return 2


CHECKS = {name[6:]: check for name, check in list(globals().items()) if name.startswith("check_")}


def main(places, left_out=()):
    """Make the checks, but for the names in `left_out`; a kind of client is a name too."""
    print(tencentserverless.__file__)
    for kind in KINDS:
        for name, check in CHECKS.items():
            if kind not in left_out and name not in left_out:
                check(Place(kind, places))
                print(kind, name, flush=True)
    gc.collect()


def in_a_new_process(client, places, left_out):
    """For multiprocessing, which sends the client there."""
    expect(client.invoke("f", data=1).value, 1)
    main(places, left_out)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
