"""The processes of a benchmark. They read questions from stdin, print JSON lines, and end when stdin ends."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "benchmarks"
CERTIFICATES = ROOT / "tests" / "certificates"
SOURCE = ROOT / "src"


def surroundings(source=None):
    """The environment without variables that affect a contender. source: a folder with our package, used first."""
    dropped = ("PYTHON", "TENCENT", "SSL_CERT", "REQUESTS_CA", "CURL_CA")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(dropped) and not name.lower().endswith("_proxy")
    }
    return {**kept, "PYTHONPATH": str(source)} if source else kept


class Process:
    """A Python process that answers questions.

    cpus: the processors on which it may run, None for all.
    stderr: as for Popen.
    """

    def __init__(self, command, environ=None, cpus=None, stderr=None):
        command, pipe = [str(word) for word in command], subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr, text=True, env=environ)
        if cpus and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, cpus)

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def line(self):
        """The next line that it prints."""
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a process ended before it answered: {' '.join(map(str, self._process.args))[:300]}")
        return line

    def ask(self, question):
        """Its answer to this question."""
        self._process.stdin.write(f"{question}\n")
        self._process.stdin.flush()
        return json.loads(self.line())


def split_processors():
    """The processors of the server, and those of the contenders. (None, None) if there is only one processor."""
    all_of_them = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (all_of_them[-1:], all_of_them[:-1]) if len(all_of_them) > 1 else (None, None)


class Server(Process):
    """A process of server.py."""

    def __init__(self, cpus=None, tls=True):
        certificate = [CERTIFICATES / "localhost.pem"] if tls else []
        super().__init__([sys.executable, HERE / "server.py", *certificate], surroundings(), cpus)
        self.port = int(self.line())

    def target(self):
        """The target for contenders."""
        request = self.ask("request")
        return {"port": self.port, "authority": str(CERTIFICATES / "authority.pem"), "request": request}

    def busy(self, work):
        """Return the result of work(), and the server's processor time as a share of the time that work() took."""
        start, used = time.perf_counter(), self.ask("cpu")
        result = work()
        return result, (self.ask("cpu") - used) / (time.perf_counter() - start)


def fresh(python, source, *words):
    """What fresh.py prints, run in a new process."""
    command = [python, HERE / "fresh.py", *map(str, words)]
    return subprocess.run(command, env=surroundings(source), stdout=subprocess.PIPE, text=True, check=True).stdout


def contender(python, target, *names, threads=0, source=SOURCE, cpus=None):
    """A process of turns.py with these contenders, connected and warm."""
    own = source if "predecessor" not in names else None  # 0.1.7 has our name: ours must not be found first
    options = ["--threads", threads] if threads else []
    command = [python, HERE / "turns.py", *options, json.dumps(target), *names]
    process = Process(command, surroundings(own), cpus)
    process.line()
    return process
