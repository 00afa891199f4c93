"""Kills parts of a local endpoint under load at random moments, many times. It must recover, and leave nothing.

``python benchmarks/kills.py [TIMES]``, by default 200. It needs Linux. The victims of a kill are the endpoint, its fork
server, a keeper and a worker, or several of them at once. An endpoint that is not a victim must answer again, and is
killed afterwards. Half of the endpoints have no namespaces, if the system can forbid them. It prints a line for each
tenth of the kills. If something is wrong after a kill, it prints that and exits with code 1.
"""

import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from processes import SOURCE, surroundings
from tree import below, process_info, table

from tencentserverless.exception import FunctionError, InvocationError, ServerlessError
from tencentserverless.local.worker import cgroups
from tencentserverless.scf import Client

ADOPT_ORPHANS = 36
THREADS = 6
LONGEST_LIFE = 1.2  # seconds from the start of the endpoint to the kill, at most
RECOVERED = 8  # this many answers in a row
PATIENCE_SECONDS = 20  # until everything must be gone

FUNCTIONS = {
    "Echo": "def main_handler(event, context):\n    return event\n",
    "Sleeps": "import time\n\n\ndef main_handler(event, context):\n    time.sleep(event['number'])\n",
    "Exits": "import os\n\n\ndef main_handler(event, context):\n    os._exit(1)\n",
    "Detaches": (
        "import os, signal, time\n\n\n"
        "def main_handler(event, context):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "        time.sleep(1000)\n"
    ),
}


PARTS = ("endpoint", "server", "keeper", "worker")
# A command that runs another one in the same process, which then cannot make namespaces.
FORBID = "echo 0 > /proc/sys/user/max_user_namespaces"
DROP = 'exec setpriv --bounding-set=-sys_admin,-sys_ptrace --inh-caps=-all "$@"'
PLAIN = ("unshare", "-U", "-r", "sh", "-c", f"{FORBID}; {DROP}", "x")


def can_be_plain() -> bool:
    try:
        return subprocess.run([*PLAIN, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def victims(chance: random.Random, plain: bool) -> "frozenset[str]":
    """The parts to kill. Without namespaces, nothing is left that could end what detached if all parts are killed."""
    while True:
        chosen = frozenset(chance.sample(PARTS, chance.choice((1, 1, 2, 3))))
        if not (plain and chosen >= {"endpoint", "server", "keeper"}):
            return chosen


def pids_of(parts: "frozenset[str]", endpoint: int, chance: random.Random) -> "list[int]":
    """The processes of these parts: of keepers and of workers one each."""
    servers = [process.pid for process in table() if process.parent == endpoint]
    keepers = [process.pid for process in table() if process.parent in servers]
    workers = [pid for keeper in keepers for pid in below(keeper)]
    found = {"endpoint": [endpoint], "server": servers, "keeper": keepers, "worker": workers}
    pids = [chance.choice(found[part]) for part in parts if found[part]]
    chance.shuffle(pids)
    return pids


def endpoint_process(functions: str, tmp: str, plain: bool) -> subprocess.Popen:
    """Start an endpoint. tmp: its own folder for temporary files, in which leftovers are found."""
    command = [sys.executable, "-m", "tencentserverless", "local", "start", functions, "--port", "0", "--quiet"]
    command = [*PLAIN, *command] if plain else command
    environ = {**surroundings(SOURCE), "TMPDIR": tmp}
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def load(client: Client, over: threading.Event, done: Counter, seed: int) -> None:
    """Make random invocations until `over` is set. The kill interrupts some, and limits refuse some: both are fine."""
    chance = random.Random(seed)
    while not over.is_set():
        what = chance.choices(list(FUNCTIONS), [70, 15, 5, 10])[0]
        try:
            client.invoke(what, data={"number": chance.random()})
        except (FunctionError, InvocationError):  # normal ends of an invocation
            pass
        except ServerlessError:
            continue
        done[what] += 1


class Life:
    """One endpoint under load, from its start to its kill.

    plain: whether it has no namespaces.
    killed: the parts that were killed.
    before: the processes just before the kill.
    port: the port of the endpoint.
    left: descriptions of everything that is left.
    seconds: the time from the kill until nothing was left.
    """

    def __init__(self, functions: str, tmp: str, chance: random.Random, done: Counter, plain: bool) -> None:
        process = endpoint_process(functions, tmp, plain)
        with process.stdout:
            line = json.loads(process.stdout.readline())
        self.pid, self.port = process.pid, int(line["endpoint"].rpartition(":")[2])
        keys = (line["secret_id"], line["secret_key"])
        client, over = Client("ap-guangzhou", *keys, endpoint=line["endpoint"], timeout=10), threading.Event()
        seeds = [chance.getrandbits(32) for _ in range(THREADS)]
        threads = [threading.Thread(target=load, args=(client, over, done, seed)) for seed in seeds]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0, LONGEST_LIFE))
        self.plain, self.killed = plain, victims(chance, plain)
        self.before = {pid: process_info(pid) for pid in below(process.pid)}
        for pid in pids_of(self.killed, process.pid, chance):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        start = time.monotonic()
        over.set()
        recovery = "" if "endpoint" in self.killed else recovered(client)
        if "endpoint" not in self.killed:
            self.before.update({pid: process_info(pid) for pid in below(process.pid)})
            start = time.monotonic()
            process.kill()
        process.wait()
        # If both are killed before there is a keeper, the next endpoint removes the files and groups.
        is_whole = not self.killed >= {"endpoint", "server"}
        while (
            left := left_behind(self.before, self.port, tmp, is_whole)
        ) and time.monotonic() < start + PATIENCE_SECONDS:
            time.sleep(0.01)
        self.left, self.seconds = [*([recovery] if recovery else []), *left], time.monotonic() - start
        for thread in threads:
            thread.join()


def recovered(client: Client) -> str:
    """Whether an endpoint serves again: "" if it does, else what was wrong. Workers may still be ending at first."""
    wrong, served, deadline = "", 0, time.monotonic() + PATIENCE_SECONDS
    while served < RECOVERED and time.monotonic() < deadline:
        try:
            value = client.invoke("Echo", data={"number": served}).value
        except ServerlessError as error:
            wrong, served = f"no answer after the kill: {error}", 0
            continue
        if value != {"number": served}:
            return f"a wrong answer after the kill: {value}"
        served += 1
    return "" if served == RECOVERED else wrong


def left_behind(before: dict, port: int, tmp: str, is_whole: bool) -> "list[str]":
    """Describe what is left: processes, mounts, a listening socket, files, control groups of dead processes.

    is_whole: whether files and groups count.
    """
    collect_orphans()
    found = [f"process {describe(pid)}" for pid in sorted(still_there(before) | adopted() | naming(tmp))]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found += [f"mount {line}" for line in mounts if tmp in line]
    with socket.socket() as sock:
        if sock.connect_ex(("127.0.0.1", port)) == 0:
            found.append(f"a process listens on its port {port}")
    if not is_whole:
        return found
    for parent in set(cgroups.usable_parents().values()):
        names = [name for name in os.listdir(parent) if name.startswith(cgroups.PREFIX)]
        found += [f"group {parent}/{name}" for name in names if not alive(name)]
    return found + [f"file {path}" for path in Path(tmp).iterdir()]


def alive(group: str) -> bool:
    """Whether the process is running whose id is in the name of a control group."""
    pid = group.removeprefix(cgroups.PREFIX).partition("-")[0]
    return os.path.exists(f"/proc/{pid}")


def still_there(before: dict) -> "set[int]":
    """The processes of `before` that are still running."""
    now = {(process.pid, process.begun) for process in table()}
    return {each.pid for each in before.values() if each and (each.pid, each.begun) in now}


def adopted() -> "set[int]":
    """All descendants of this process: it starts nothing else, and it adopts orphans."""
    return below(os.getpid())


def naming(tmp: str) -> "set[int]":
    """The processes with the name of this folder in their command line or environment."""
    found = set()
    for process in table():
        for name in ("cmdline", "environ"):
            with suppress(OSError):
                if tmp.encode() in Path(f"/proc/{process.pid}/{name}").read_bytes():
                    found.add(process.pid)
    return found - {os.getpid()}


def describe(pid: int) -> str:
    """One line about a process. Parts are missing if the process ends meanwhile."""
    parts = [f"{pid} {process_info(pid)}"]
    for name in ("cmdline", "wchan"):
        with suppress(OSError):
            parts.append(Path(f"/proc/{pid}/{name}").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")[:300])
    return "  ".join(parts)


def adopt_orphans() -> None:
    """Make orphans children of this process, so that none is missed."""
    if ctypes.CDLL(None).prctl(ADOPT_ORPHANS, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3):
        raise OSError("orphans cannot be adopted")


def collect_orphans() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main(times: int) -> int:
    if not sys.platform.startswith("linux"):
        print("not done: this needs Linux")
        return 0
    adopt_orphans()
    done, chance, longest, most = Counter(), random.Random(), 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        functions, tmp = f"{folder}/functions", f"{folder}/tmp"
        Path(tmp).mkdir()
        for name, code in FUNCTIONS.items():
            Path(functions, name).mkdir(parents=True)
            Path(functions, name, "index.py").write_text(code)
        some_plain = can_be_plain()
        for number in range(1, times + 1):
            life = Life(functions, tmp, chance, done, plain=some_plain and number % 2 == 0)
            if life.left:
                kind = f"kill {number}, of {sorted(life.killed)}, {'without' if life.plain else 'with'} namespaces"
                print(f"{kind}, process {life.pid}, left behind:", *life.left, sep="\n  ")
                return 1
            longest, most = max(longest, life.seconds), max(most, len(life.before))
            if number * 10 // times > (number - 1) * 10 // times:
                summary = f"{done.total()} invocations  {most} processes at most  gone after {longest:.2f} s at most"
                print(f"{number:4d} kills  {summary}", flush=True)
    print(dict(sorted(done.items())))
    print("nothing was left behind" + ("" if some_plain else "; this system has no endpoints without namespaces"))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
