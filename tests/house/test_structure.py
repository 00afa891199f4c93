"""The shape of the source: what may stand where, how long it may be, and that each module has its tests."""

import ast
import re
from pathlib import Path

from tests.environments import OLD_RING, ROOT

PACKAGE = ROOT / "src" / "tencentserverless"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
TESTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.glob("tests/**/test_*.py")
    if not {"catalogue", "shop"} & set(path.parts)
)

NO_TEST_FILE = {
    "_cli/chinese.py": "words; tests/cli/test_language.py compares them with the code",
    "_cli/invoking/map.py": "tests/cli/invoking/test_fan_out.py, which runs it",
    "_cli/project/templates.py": "tests/cli/project/test_init.py, which runs each of them",
    "_cli/wrong_use.py": "tests/cli/test_language.py, of both languages",
    "_cli/names.py": "tests/cli/test_commands.py, which completes them",
    "_cli/verbs.py": "a table; tests/cli/test_commands.py reads it",
    "_version.py": "one line, which tests/house/test_packaging.py compares with the wheel's",
    "_protocol/effects.py": "the words of the exchange, without behaviour; tests/protocol/test_exchange.py speaks them",
    "__main__.py": "two lines, which tests/cli runs",
    "_client.py": "tests/client/test_scf.py, which calls it in every form",
    "_failures/wording.py": "words, without behaviour; tests/failures/test_first_line.py writes and reads them",
    "_functions/asyncio.py": "tests/functions/test_functions.py and test_event_handle.py, of both clients",
    "_functions/base.py": "tests/functions/test_functions.py, of both clients",
    "_functions/blocking.py": "tests/functions/test_functions.py and test_event_handle.py, of both clients",
    "__init__.py": "tests/client/test_package.py",
    "_cli/local_stop.py": "tests/cli/test_target.py, which stops an endpoint with it",
    "_cli/looking/cloud.py": "tests/cli/looking/test_logs.py and test_functions.py, which ask an endpoint",
    "_cli/looking/cloud_logs.py": "tests/cli/looking/test_logs.py, which asks an endpoint",
    "_cli/looking/local_logs.py": "tests/cli/looking/test_logs.py",
    "_cli/looking/show.py": "tests/cli/looking/test_functions.py",
    "_cli/looking/status.py": "tests/cli/looking/test_functions.py",
    "_cli/looking/sources.py": "tests/cli/looking/test_logs.py and test_trace.py, which look there",
    "otel.py": "tests/client/test_trace.py",
    "pytest_plugin/__init__.py": "tests/plugin, which runs it in the project of a user",
    "pytest_plugin/faults.py": "tests/plugin, whose texts have its runs and its summary",
    "pytest_plugin/guard.py": "tests/plugin/test_complaints.py, for which it refuses hosts",
    "_transport/asyncio/places.py": "tests/transport/test_interruptions.py, of both transports",
    "_transport/asyncio/pool.py": "tests/transport/test_interruptions.py, of both transports",
    "_transport/asyncio/race.py": "tests/transport/test_addresses.py, of both transports",
    "_transport/blocking/places.py": "tests/transport/test_interruptions.py, of both transports",
    "_transport/blocking/pool.py": "tests/transport/test_interruptions.py, of both transports",
    "_transport/blocking/race.py": "tests/transport/test_addresses.py, of both transports",
    "_transport/asyncio/resolve.py": "tests/transport/test_resolve.py, of both transports",
    "_transport/blocking/resolve.py": "tests/transport/test_resolve.py, of both transports",
    "_transport/asyncio/connect.py": "tests/transport/test_transports.py and test_proxy.py, of both transports",
    "_transport/blocking/connect.py": "tests/transport/test_transports.py and test_proxy.py, of both transports",
    "_transport/blocking/connection.py": "tests/transport/test_transports.py and test_stale.py, of both transports",
    "_transport/route.py": "tests/transport/test_addresses.py and test_proxy.py, which see what it remembers",
    "_transport/socket_options.py": "socket options, which nobody can see from outside",
    "_transport/tls_in_tls.py": "tests/transport/test_proxy.py",
    "local/doubles/ways.py": "a table; tests/local/scenarios/test_local_scf_in_tests_faults.py meets each of them",
    "local/environment/platform_packages.py": "a table",
    "local/functions/file_marks.py": "three numbers; tests/local/functions/test_live_catalog.py sees what they are for",
    "local/functions/forms/manifest_file.py": "the tests of each form beside it",
    "local/http/certificates.py": "tests/local/scenarios/test_instance_ports.py, which trusts it",
    "local/interpreters.py": "a name of what tests/local/processes/test_interpreters.py tests",
    "local/http/request.py": "two tuples, without behaviour",
    "local/model/counters.py": "three numbers, without behaviour",
}
SCENARIOS = "tests/local/scenarios"
STARTS_AN_ENDPOINT = re.compile(r"\b(LocalSCF|serve_endpoint|Endpoint)\(|\"local\", \"(start|exec)\"")
NAMED_SO = {PACKAGE / "_functions" / "base.py"}  # the base classes of the two files beside it, and nothing else
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

PURE = {  # what the protocol may import: no socket, clock, environment, chance or thread
    "calendar": {"timegm"},
    "collections": None,
    "hashlib": None,
    "ipaddress": None,
    "json": None,
    "math": None,
    "re": None,
    "time": {"gmtime", "strftime", "strptime"},  # arithmetic on a time that is handed in
    "typing": None,
}
OURS = tuple(f"tencentserverless.{name}" for name in ("_failures", "_protocol", "_version", "exception"))
PROTOCOL = [module for module in MODULES if module.startswith(("_protocol/", "_failures/"))]
CLIENT = [name for name in MODULES if name.split("/")[0] not in ("local", "_cli", "__main__.py")]
WORKER = "tencentserverless.local.worker"
REPLACED = {  # by gevent.monkey and eventlet.monkey_patch
    "os": {"fork", "read", "waitpid", "write"},
    "queue": {"SimpleQueue"},
    "select": {"poll", "select"},
    "socket": {"create_connection", "getaddrinfo", "socket"},
    "ssl": {"SSLContext", "SSLSocket", "create_default_context"},
    "threading": {"Condition", "Event", "Lock", "RLock", "Thread", "current_thread", "get_ident", "local"},
    "time": {"sleep"},
}
ENVIRONMENT = {"environ", "environb", "getenv", "putenv"}


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(parsed):
    """Each import as (module, name or None), those for type checkers included."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module, alias.name) for alias in node.names)


def has_code(path):
    """Whether a file holds more than a docstring and imports."""
    plain = (ast.Import, ast.ImportFrom, ast.Expr)
    return any(not isinstance(node, plain) for node in tree(path).body)


def files_of_tests(module):
    """The test files of a module: `tests/room/test_name.py` and `tests/room/test_name_....py` for `room/name.py`.

    Rooms are folders, one in the other, without the underscore that ours begin with; the top folder's is `client`.
    Modules of the local endpoint are also tested in the room of tests that start one.
    """
    path = Path(module)
    room = "/".join(part.strip("_") for part in path.parts[:-1]) or "client"
    name = path.parent.name if path.name == "__init__.py" else path.stem
    stem = f"test_{name.strip('_')}"
    rooms = [f"tests/{room}", SCENARIOS] if path.parts[0] == "local" else [f"tests/{room}"]
    patterns = [f"{room}/{stem}{ending}.py" for room in rooms for ending in ("", "_*")]
    return [found for pattern in patterns for found in ROOT.glob(pattern)]


def test_every_module_has_a_test_file():
    """Each module that holds code has a test file of its name in the tests' room of its name."""
    with_code = [module for module in MODULES if not module.endswith("__init__.py") or has_code(PACKAGE / module)]
    assert not [module for module in with_code if module not in NO_TEST_FILE and not files_of_tests(module)]


def test_exemptions_are_needed():
    """The modules that are exempt from having a test file have none."""
    assert not [module for module in NO_TEST_FILE if files_of_tests(module)]


def test_endpoints_are_started_in_one_room():
    """In tests/local only the scenarios start an endpoint."""
    files = [ROOT / path for path in TESTS if path.startswith("tests/local/")]
    files += ROOT.glob("tests/local/**/conftest.py")
    outside = [file for file in files if not file.is_relative_to(ROOT / SCENARIOS)]
    assert not [file for file in outside if STARTS_AN_ENDPOINT.search(file.read_text(encoding="utf-8"))]


def test_every_test_states_its_fact():
    """Each test has a docstring that is a sentence: the fact it proves."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    silent = []
    for path in TESTS:
        found = [node for node in ast.walk(tree(ROOT / path)) if isinstance(node, functions)]
        for test in (node for node in found if node.name.startswith("test_")):
            if not (ast.get_docstring(test) or "").strip().endswith((".", '."', ".)")):
                silent.append(f"{path}:{test.lineno} {test.name}")
    assert not silent


def test_files_are_short_and_well_named():
    """No file but the worker, one by design, is longer than 400 lines, nor called what any file could be called."""
    files = [PACKAGE / module for module in MODULES] + sorted(ROOT.glob("tests/**/*.py"))
    long = [file for file in files if len(file.read_text(encoding="utf-8").splitlines()) > 400]
    assert not [file for file in long if file != PACKAGE / "local" / "worker" / "bootstrap.py"]
    assert not [file for file in files if file.stem.strip("_") in NO_NAMES and file not in NAMED_SO]


def test_the_protocol_is_pure():
    """The protocol and the texts of errors import only code without I/O, and of `time` only what computes."""
    stray = []
    for module in PROTOCOL:
        for name, member in imports(tree(PACKAGE / module)):
            if name.startswith(OURS) or (name, member) == ("tencentserverless", "exception"):
                continue
            allowed = PURE.get(name.partition(".")[0], set())
            if allowed is not None and member not in allowed:
                stray.append(f"{module}: {name} {member}")
    assert not stray


def test_the_protocol_never_asks_for_the_time():
    """The protocol's uses of `gmtime` and `strftime` name the time they are about."""
    needed = {"gmtime": 1, "strftime": 2}
    for module in PROTOCOL:
        for node in ast.walk(tree(PACKAGE / module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert len(node.args) >= needed.get(node.func.id, 0), f"{module}:{node.lineno}"


def test_only_settings_read_the_environment():
    """In the client no module but `_settings/environment.py` touches the environment variables."""
    readers = set()
    for module in CLIENT:
        for node in ast.walk(tree(PACKAGE / module)):
            is_of_os = getattr(getattr(node, "value", None), "id", None) == "os"  # `LocalSCF` has an `environ` too
            if (is_of_os and getattr(node, "attr", None) in ENVIRONMENT) or getattr(node, "id", None) in ENVIRONMENT:
                readers.add(module)
    assert readers == {"_settings/environment.py"}


def test_what_greenlets_replace_is_looked_up_when_it_is_used():
    """No module of the client keeps a name that gevent and eventlet replace, since they may come after its import."""
    kept = []
    for module in CLIENT:
        for node in tree(PACKAGE / module).body:
            if isinstance(node, ast.ImportFrom):
                names = {alias.name for alias in node.names}
                if node.module in REPLACED and names & REPLACED[node.module]:
                    kept.append(f"{module}: {node.module}")
    assert not kept


def test_nobody_imports_the_worker():
    """No module imports the worker or its debugger: they are files that another process runs."""
    for module in MODULES:
        if not module.startswith("local/worker/"):
            names = {f"{name}.{member}" for name, member in imports(tree(PACKAGE / module))}
            assert not [name for name in names if name.startswith(WORKER)], module


def test_the_worker_stands_on_the_standard_library():
    """The worker imports nothing of ours: it runs where the package is not installed."""
    for file in ("bootstrap.py", "debugger.py", "python27.py", "redirect.py", "python_path/sitecustomize.py"):
        for name, _ in imports(tree(PACKAGE / "local" / "worker" / file)):
            assert name.split(".")[0] not in {"tencentserverless", "tencentcloud"}


def test_the_old_ring_is_tested_everywhere():
    """The folders of tests that every Python runs are there and hold tests."""
    for name in OLD_RING:
        assert list((ROOT / "tests" / name).glob("test_*.py")), name
