"""The way of Windows, walked here: an endpoint and its workers that have nothing which POSIX alone has."""

import json

from tests.local.windows import on_windows

ENDPOINT = """
import sys, json, threading
from tencentserverless.local import LocalSCF
from tests.local.scenarios.conftest import FUNCTIONS
from tests.local.process_table import alive, below, marked, until
from tests.local.api_client import Api

threads = threading.active_count()
with LocalSCF(FUNCTIONS, notify=lambda text: print(text, file=sys.stderr)) as scf, Api(scf) as api:
    def told(name, event):
        result = api.invoke(name, event, "ap-chengdu" if name == "calls_sibling" else "ap-guangzhou")
        value = json.loads(result["RetMsg"])
        platform = ("START ", "Event ", "ERROR ", "END ", "Report ")
        log = [line for line in result["Log"].split("\\n") if line and not line.startswith(platform)]
        return value["statusCode"] if result["InvokeResult"] else value, log
    print(json.dumps([told(name, event) for name, event in json.loads(sys.argv[1])]))
    print(len(api.scf.records), max(record.outcome.memory_bytes for record in scf.records))
assert not below(windows.os.getpid()), "a process is left"
assert not windows.kernel32.handles, "a handle is left"
until(lambda: threading.active_count() == threads)
"""


def test_every_module_can_be_imported():
    """No module of the endpoint and of the command line needs what POSIX alone has, but those of the fork server."""
    program = """
import importlib, pkgutil
import tencentserverless.local, tencentserverless._cli
for package in (tencentserverless.local, tencentserverless._cli):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if module.name.rpartition(".")[2] not in ("fork_server", "namespaces", "overlay"):
            importlib.import_module(module.name)
"""
    assert on_windows(program) == []


ASKED = [
    ("echo", {"ü": 1}, {"ü": 1}, []),
    ("writes_to_descriptor", {}, None, ["by descriptor", "by a child", "by stderr"]),
    ("reads_stdin", {}, "", []),
    ("prints_at_import", {}, "ok", ["imported", "handled"]),
    ("closes_stdout", {"close": True}, "still here", None),
    ("closes_stdout", {}, "still here", ["before"]),
    ("calls_sibling", {"a": 1}, '{"a": 1}', []),
    ("exits_at_once", {}, 439, None),
    ("sleeps", {}, 433, None),
    ("allocates", {"mb": 200, "seconds": 10}, 434, None),
    ("allocates_in_child", {}, 434, None),
    ("import_fails", {}, 443, None),
    ("starts_child", {}, None, None),
]


def test_functions_run():
    """Functions answer, print, time out, take too much, exit and fail as elsewhere, and nothing of them is left."""
    answers, counted = on_windows(ENDPOINT, json.dumps([asked[:2] for asked in ASKED]))
    for (name, _, value, log), answer in zip(ASKED, json.loads(answers), strict=True):
        assert value is None or answer[0] == value, (name, answer)
        assert log is None or answer[1] == log, (name, answer)
    invocations, most_bytes = map(int, counted.split())
    assert invocations >= len(ASKED)
    assert most_bytes > 64 * 1024 * 1024


def test_pdb_is_refused():
    """pdb, which needs a terminal that has a path, is refused with what to do instead."""
    program = """
from tencentserverless.local import LocalSCF
for terminal in (None, "CON"):
    try:
        LocalSCF(debug="pdb", terminal=terminal)
    except ValueError as error:
        print(error)
"""
    assert on_windows(program) == ["pdb needs a terminal, which this system does not have. Use debugpy"] * 2
