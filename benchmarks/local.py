"""Measures the local endpoint: times as ratios to other servers in the same run, and its memory.

    python benchmarks/local.py [--quick] [--rounds N] [--source DIR]

All servers are processes on this machine, with plain HTTP on loopback. The requests were recorded from our client. For
warm invocations on Linux with two processors or more, the server and its instances have a processor of their own.

For throughput the endpoint starts as many instances as invocations are in flight, as the platform does. In some rounds
the kernel gives all connections to one worker of gunicorn, which then serves half as many invocations. Therefore one
more row has only the rounds in which both workers had connections.

Each figure, except the memory, is the median of the ratios of all rounds, followed by the range of the middle half.
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
from processes import HERE, ROOT, SOURCE, Process, Server, split_processors, surroundings
from rounds import compare, heading, interleave, not_measured, row
from tree import below, proportional_mb, used_seconds

from tencentserverless.exception import InvocationError
from tencentserverless.scf import Client

CONNECTIONS = 32
WORKERS = 2  # of functions-framework
THREADS = 4  # of each worker of functions-framework: fewer are slower, more are less stable
GOOD = EVENT["key2"]  # is in right answers and not in refusals
CODE = "def main_handler(event, context):\n    return event\n"
EXITS = "import os\n\n\ndef main_handler(event, context):\n    os._exit(0)\n"
PATIENCE_SECONDS = 30
LONGEST = 600  # seconds; a run that hangs ends here


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="number of rounds (%(default)s)")
    parser.add_argument(
        "--invocations", type=int, default=600, help="invocations in a turn on one connection (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="length of a turn with all connections (%(default)s)"
    )
    parser.add_argument("--cold-starts", type=int, default=3, help="cold starts in a turn (%(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="print every row, with too few rounds for reliable figures"
    )
    parser.add_argument("--source", type=Path, default=SOURCE, help="the folder that contains our package")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.invocations, options.seconds, options.cold_starts = 1, 20, 0.1, 1
    return options


class Stopped(Process):
    """A process that is ended by SIGTERM, not by the end of stdin."""

    def __exit__(self, *raised):
        self._process.terminate()
        super().__exit__(*raised)


class Endpoint(Process):
    """A process of endpoint.py with these options. `line_data` is the JSON object that it prints."""

    def __init__(self, bench, cpus=None, **options):
        command = [sys.executable, HERE / "endpoint.py", bench.folder, json.dumps(options)]
        super().__init__(command, surroundings(bench.options.source), cpus)
        self.line_data = json.loads(self.line())
        self.port = port_of(self.line_data)

    def client(self, port=None):
        """A client of ours with the keys of this endpoint. port: another port to use."""
        address = f"http://127.0.0.1:{port or self.port}"
        return Client(REGION, self.line_data["secret_id"], self.line_data["secret_key"], endpoint=address)


class Bench:
    """The data for all sections: functions, a server that records requests, and a process that sends them."""

    def __init__(self, options, folder, recorder, raw):
        self.options = options
        self.folder = folder
        self.recorder = recorder
        self.raw = raw
        self.server_cpus, self.client_cpus = split_processors()
        for name in ("Echo", *map(cold, range(options.rounds * options.cold_starts))):
            write_function(folder, name, CODE)
        write_function(folder, "Exits", EXITS)

    def recorded(self, endpoint):
        """Record a signed request of our client for the function Echo. Its signature is valid for five minutes."""
        endpoint.client(self.recorder.port).invoke("Echo", data=EVENT)
        return self.recorder.ask("request")

    def ask(self, port, request, **how):
        return self.raw.ask(json.dumps({"port": port, "request": request, "good": GOOD, **how}))


@contextmanager
def made_bench(options):
    home = ROOT / ".cache" / "benchmarks"  # not below /tmp, because instances have another /tmp
    home.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=home))
        recorder = stack.enter_context(Server(tls=False))
        raw = stack.enter_context(Process([sys.executable, HERE / "raw.py"], surroundings()))
        raw.line()
        yield Bench(options, folder, recorder, raw)


def port_of(line_data):
    """The port of an endpoint, from the line that it prints."""
    return int(line_data["endpoint"].rpartition(":")[2])


def write_function(folder, name, code):
    Path(folder, name).mkdir()
    Path(folder, name, "index.py").write_text(code)


def cold(number):
    return f"Cold{number:03}"


def ready(bench):
    """The time from the start of a process until it accepts a connection. The endpoint has one function."""
    start = ["-m", "tencentserverless", "local", "start", Path(bench.folder, "Echo"), "--port", "0"]
    environ = surroundings(bench.options.source)
    turns = {
        "ours": partial(ready_time, Stopped, start, environ, lambda line: port_of(json.loads(line))),
        "echo": partial(ready_time, Process, [HERE / "echo.py", "aiohttp"], environ, int),
    }
    interleave(turns, 1)  # the first start writes bytecode files
    results = interleave(turns, bench.options.rounds)
    heading("Ready to serve, from the start of the process")
    compare("local start to aiohttp.web", results, "echo", "aim <= 2.5")


def ready_time(kind, words, environ, port_in):
    start = time.perf_counter()
    with kind([sys.executable, *words], environ, stderr=subprocess.DEVNULL) as process:
        socket.create_connection(("127.0.0.1", port_in(process.line()))).close()
        return time.perf_counter() - start


def warm(bench):
    """Single invocations on one connection. All servers get the same requests."""

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
    """Right answers per second. The endpoint has its default number of instances."""
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
    """functions-framework. had_both: for each turn, whether both workers were busy."""

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
        """The processor time of each worker in seconds. Empty if the system has no /proc."""
        if not os.path.exists("/proc/self/stat"):
            return []
        return [used_seconds(pid) for pid in sorted(below(self._process.pid))]


def signed_turn(bench, endpoint):
    return crowd_turn(bench, endpoint.port, bench.recorded(endpoint))


def plain_turn(bench, port):
    """A turn of functions-framework. Its requests have the event as the body."""
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
    """First invocations of functions. The fork server is running, because another function was invoked before."""
    rounds, count = bench.options.rounds, bench.options.cold_starts
    most = rounds * count + 1  # no instance has to be ended
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
    heading("Cold start: a first invocation, with a running fork server")
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
    """The memory without an instance, and with one. A shared page is divided among the processes that share it."""
    heading("Idle memory of the endpoint and its fork server, MB")
    texts = {"Exits": "without an instance", "Echo": "with one warm instance"}
    if not os.path.exists("/proc/self/smaps_rollup"):
        for text in texts.values():
            not_measured(text, "this system has no /proc")
        return
    with Endpoint(bench) as endpoint:
        pid, client = endpoint.line_data["pid"], endpoint.client()
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
    """The number of descendants of a process, once it is stable. They are the fork server and a spare worker."""
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
