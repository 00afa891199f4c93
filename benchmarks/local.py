"""What the local endpoint costs, as ratios measured in the same run, and the memory that it holds.

    python benchmarks/local.py [--quick] [--rounds N] [--source DIR]

Everything is a process on this machine, over plain HTTP on loopback; what is sent was recorded from our client. For
warm invocations the server has a processor for itself on Linux with two or more, its instances included.

For throughput the endpoint starts as many instances as invocations are under way, as the platform does. In some rounds
the kernel gives all connections to one of gunicorn's workers, which then serves half as many: there is a row for the
rounds in which both had some.

Every figure but the memory is the median of the rounds' ratios, with the middle half of the rounds behind it.
"""

import argparse
import faulthandler
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from contenders import EVENT, REGION
from peers import framework_python, uvicorn_python
from processes import HERE, ROOT, SOURCE, Process, Server, surroundings, two_places
from rounds import compare, heading, interleave, not_measured, row
from tree import below, proportional_mb, used_seconds

from tencentserverless.exception import InvocationError
from tencentserverless.scf import Client

CONNECTIONS = 32
WORKERS = 2  # of functions-framework
THREADS = 4  # of each of them: with fewer it is slower, with more less steady
GOOD = EVENT["key2"]  # stands in right answers and not in refusals
CODE = "def main_handler(event, context):\n    return event\n"
EXITS = "import os\n\n\ndef main_handler(event, context):\n    os._exit(0)\n"
PATIENCE_SECONDS = 30
LONGEST = 600  # seconds; a run that hangs ends here


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often every contender has its turn (%(default)s)")
    parser.add_argument("--invocations", type=int, default=600, help="in a turn of one after the other (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn of all connections (%(default)s)")
    parser.add_argument("--cold-starts", type=int, default=3, help="in a turn (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="every row, with too few rounds to believe it")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the folder in which our package stands")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.invocations, options.seconds, options.cold_starts = 1, 20, 0.1, 1
    return options


class Stopped(Process):
    """A process that ends with SIGTERM, not with its stdin."""

    def __exit__(self, *raised):
        self._process.terminate()
        super().__exit__(*raised)


class Endpoint(Process):
    """The process of endpoint.py with these options."""

    def __init__(self, bench, cpus=None, **options):
        command = [sys.executable, HERE / "endpoint.py", bench.folder, json.dumps(options)]
        super().__init__(command, surroundings(bench.options.source), cpus)
        self.told = json.loads(self.line())
        self.port = port_of(self.told)

    def client(self, port=None):
        """A client of ours with the keys of this endpoint; it may be led to another port."""
        where = f"http://127.0.0.1:{port or self.port}"
        return Client(REGION, self.told["secret_id"], self.told["secret_key"], endpoint=where)


class Bench:
    """What every section needs: the functions, the server that records, and the process that sends what it recorded."""

    def __init__(self, options, folder, recorder, raw):
        self.options = options
        self.folder = folder
        self.recorder = recorder
        self.raw = raw
        self.server_cpus, self.client_cpus = two_places()
        for name in ("Echo", *map(cold, range(options.rounds * options.cold_starts))):
            write_function(folder, name, CODE)
        write_function(folder, "Exits", EXITS)

    def recorded(self, endpoint):
        """A signed request for the function Echo, as our client sends it: valid for five minutes."""
        endpoint.client(self.recorder.port).invoke("Echo", data=EVENT)
        return self.recorder.ask("request")

    def ask(self, port, request, **how):
        return self.raw.ask(json.dumps({"port": port, "request": request, "good": GOOD, **how}))


@contextmanager
def made_bench(options):
    home = ROOT / ".cache" / "benchmarks"  # not below /tmp, which instances see as their own
    home.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=home))
        recorder = stack.enter_context(Server(tls=False))
        raw = stack.enter_context(Process([sys.executable, HERE / "raw.py"], surroundings()))
        raw.line()
        yield Bench(options, folder, recorder, raw)


def port_of(told):
    """The port in the line that an endpoint prints."""
    return int(told["endpoint"].rpartition(":")[2])


def write_function(folder, name, code):
    Path(folder, name).mkdir()
    Path(folder, name, "index.py").write_text(code)


def cold(number):
    return f"Cold{number:03}"


def ready(bench):
    """From the start of a process until it serves. The command line serves one function."""
    start = ["-m", "tencentserverless", "local", "start", Path(bench.folder, "Echo"), "--port", "0"]
    environ = surroundings(bench.options.source)
    turns = {
        "ours": partial(ready_time, Stopped, start, environ, lambda line: port_of(json.loads(line))),
        "echo": partial(ready_time, Process, [HERE / "echo.py", "aiohttp"], environ, int),
    }
    interleave(turns, 1)  # the first start writes byte code
    results = interleave(turns, bench.options.rounds)
    heading("Ready to serve, from the start of the process")
    compare("local start to aiohttp.web", results, "echo", "aim <= 2.5")


def ready_time(kind, words, environ, port_in):
    start = time.perf_counter()
    with kind([sys.executable, *words], environ, stderr=subprocess.DEVNULL) as process:
        socket.create_connection(("127.0.0.1", port_in(process.line()))).close()
        return time.perf_counter() - start


def warm(bench):
    """Single invocations on one connection. All servers get the same bytes."""

    def turn(port):
        return bench.ask(port, bench.recorded(endpoint), count=bench.options.invocations)

    pythons = {"aiohttp": sys.executable, "uvicorn": uvicorn_python(), "own": sys.executable}
    with ExitStack() as stack:
        endpoint = stack.enter_context(Endpoint(bench, bench.server_cpus))
        turns = {"ours": partial(turn, endpoint.port)}
        for kind, python in pythons.items():
            if python:
                command = [python, HERE / "echo.py", kind]
                echo = stack.enter_context(Process(command, surroundings(bench.options.source), bench.server_cpus))
                turns[kind] = partial(turn, int(echo.line()))
        interleave(turns, 1)
        results = interleave(turns, bench.options.rounds)
    heading("Warm invocation, signed, one after the other on one connection")
    compare("invocation to an echo of aiohttp.web", results, "aiohttp", "aim <= 3")
    if pythons["uvicorn"]:
        compare("invocation to an echo of uvicorn", results, "uvicorn")
    else:
        not_measured("invocation to an echo of uvicorn", "uvicorn cannot be installed")
    compare("invocation to an echo on our own connections", results, "own")


def throughput(bench):
    """Right answers a second. The endpoint has its default number of instances."""
    python = framework_python()
    peers = {}
    with ExitStack() as stack:
        turns = {"ours": partial(signed_turn, bench, stack.enter_context(Endpoint(bench)))}
        for name, threads in {"threads": THREADS, "asgi": 0}.items() if python else ():
            peers[name] = stack.enter_context(Framework([python, HERE / "framework.py", WORKERS, threads]))
            turns[name] = partial(peers[name].turn, bench)
        interleave(turns, 1)
        results = interleave(turns, bench.options.rounds)
    heading(f"Throughput on {CONNECTIONS} connections to functions-framework on gunicorn with {WORKERS} workers")
    for peer, (form, aim) in {"threads": ("Flask", "aim >= 1.9"), "asgi": ("ASGI", "")}.items():
        text = f"{CONNECTIONS} in flight to {form}"
        if not python:
            not_measured(text, "functions-framework cannot be installed")
            continue
        compare(text, results, peer, aim)
        spread = [result for result, both in zip(results, peers[peer].had_both[1:], strict=True) if both]
        if spread:
            compare(f"  in {len(spread)} rounds with both its workers", spread, peer)


class Framework(Stopped):
    """functions-framework. had_both: whether both workers were busy, in every turn until now."""

    def __init__(self, command):
        super().__init__(command, surroundings())
        self.port = int(self.line())
        self.had_both = []

    def turn(self, bench):
        before = self._used()
        rate = plain_turn(bench, self.port)
        used = [after - begun for begun, after in zip(before, self._used(), strict=True)]
        self.had_both.append(bool(used) and min(used) > max(used) / 4)
        return rate

    def _used(self):
        """Seconds of processor time of each worker; nothing where the system does not tell."""
        if not os.path.exists("/proc/self/stat"):
            return []
        return [used_seconds(pid) for pid in sorted(below(self._process.pid))]


def signed_turn(bench, endpoint):
    return crowd_turn(bench, endpoint.port, bench.recorded(endpoint))


def plain_turn(bench, port):
    """What functions-framework takes: the event is the body."""
    body = json.dumps(EVENT)
    head = f"Host: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return crowd_turn(bench, port, f"POST / HTTP/1.1\r\n{head}\r\n\r\n{body}")


def crowd_turn(bench, port, request):
    how = {"seconds": bench.options.seconds, "connections": CONNECTIONS, "in_flight": CONNECTIONS}
    rate, others = bench.ask(port, request, **how)
    if others:
        raise SystemExit(f"{others:.0%} of the answers were not right")
    return rate


def cold_starts(bench):
    """First invocations of functions, after another one's: the fork server is there. Nothing is subtracted."""
    rounds, count = bench.options.rounds, bench.options.cold_starts
    most = rounds * count + 1  # nobody has to make room
    with ExitStack() as stack:
        forks = stack.enter_context(Endpoint(bench, most_instances=most))
        spawns = stack.enter_context(Endpoint(bench, most_instances=most, start_method="spawn"))
        turns = {"python": partial(mean_time, [run_python] * count)}
        for name, endpoint in {"fork": forks, "spawn": spawns}.items():
            client = endpoint.client()
            client.invoke("Echo", data=EVENT)
            run_python()
            names = map(cold, range(rounds * count))
            turns[name] = partial(mean_time, [partial(invoke_next, client, names)] * count)
        results = interleave(turns, rounds)
    heading("Cold start: a first invocation, nothing subtracted, the fork server is warm")
    compare("fork server to python -I -c pass", results, "python", "aim <= 0.5", "fork")
    compare("start_method spawn to python -I -c pass", results, "python", "aim <= 2.5", "spawn")


def mean_time(works):
    start = time.perf_counter()
    for work in works:
        work()
    return (time.perf_counter() - start) / len(works)


def invoke_next(client, names):
    assert client.invoke(next(names), data=EVENT).value == EVENT


def run_python():
    subprocess.run([sys.executable, "-I", "-c", "pass"], env=surroundings(), check=True)


def idle_memory(bench):
    """After an invocation that ended its instance, and with one that stays. Shared pages count by their share."""
    heading("Idle memory of the endpoint and its fork server, MB")
    texts = {"Exits": "without an instance", "Echo": "with one warm instance"}
    if not os.path.exists("/proc/self/smaps_rollup"):
        for text in texts.values():
            not_measured(text, "this system does not tell it")
        return
    with Endpoint(bench) as endpoint:
        pid, client = endpoint.told["pid"], endpoint.client()
        idle = settled(pid)
        for name, aim in {"Exits": "aim <= 70", "Echo": ""}.items():
            invoke_or_fail(client, name)
            if name == "Exits":
                wait_until(lambda: len(below(pid)) == idle)
            row(texts[name], [proportional_mb({pid} | below(pid))], aim)


def invoke_or_fail(client, name):
    try:
        client.invoke(name, data=EVENT)
    except InvocationError:
        if name != "Exits":
            raise


def settled(pid):
    """How many processes there are below this one, once that does not change: fork server and spare worker."""
    seen = [0]
    while len(seen) < 10 or len(set(seen[-10:])) > 1:
        time.sleep(0.02)
        seen.append(len(below(pid)))
    return seen[-1]


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("an instance that exited is still there")
        time.sleep(0.05)


def main():
    options = arguments()
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    with made_bench(options) as bench:
        for section in (ready, warm, throughput, cold_starts, idle_memory):
            section(bench)


if __name__ == "__main__":
    main()
