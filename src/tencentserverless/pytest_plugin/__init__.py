"""The pytest plugin: fixtures that run functions on a local endpoint and answer invocations from the test.

It imports pytest and the standard library only. The local endpoint is loaded when a test uses the first fixture.
"""

import inspect
import os
from contextlib import contextmanager

import pytest

from tencentserverless.pytest_plugin import faults
from tencentserverless.pytest_plugin.guard import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

    from tencentserverless.aio import AsyncClient
    from tencentserverless.local import LocalSCF
    from tencentserverless.local.doubles.faults import FaultRun
    from tencentserverless.scf import Client

    Paths = Union[str, "os.PathLike[str]", List[Any], Tuple[Any, ...]]

_MARKER = (
    "scf_local(functions=, strict=, in_process=, allow_hosts=): settings of the fixture scf_local; functions is below "
    "rootdir, allow_hosts are host names of SCF in the cloud that the test may reach"
)
_FAULTS_MARKER = (
    "scf_faults(name, only=, times=): run the test once as it is, and once with each fault of this function, as in "
    "LocalSCF.faults; with a fault it must not pass, unless it takes the fixture scf_fault"
)
_SETTINGS = ("functions", "strict", "in_process", "allow_hosts")
_SECTION = "SCF invocations"
_LEFT_OUT = ("build", "dist", "node_modules", "site-packages", "__pycache__")


def pytest_addoption(parser: "Any") -> None:
    text = "whether unused stubs and invocations of unknown functions fail a test (default: true)"
    parser.addini("tencentserverless_strict", text, type="bool", default=True)
    text = "let breakpoint() and pdb in functions use the terminal; give -s too"
    parser.getgroup("tencentserverless").addoption("--scf-debug", action="store_true", help=text)


def pytest_configure(config: "Any") -> None:
    config.addinivalue_line("markers", _MARKER)
    config.addinivalue_line("markers", _FAULTS_MARKER)


def pytest_generate_tests(metafunc: "Any") -> None:
    """Run a test with the marker scf_faults once for each fault of each function that has such a marker."""
    faults.parametrize(metafunc)


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: "Any") -> "Iterator[None]":
    """Judge a test that ran with a fault. It passes if its program noticed the fault."""
    outcome = yield  # type: Any
    test = getattr(pyfuncitem, "_scf_test", None)
    if test is not None and test.fault_run is not None:
        test.judge(pyfuncitem, outcome)


def pytest_terminal_summary(terminalreporter: "Any") -> None:
    """Say how the programs of all tests coped with faults."""
    lines = list(faults.summary(terminalreporter.stats, terminalreporter.config.option.verbose > 0))
    if lines:
        terminalreporter.write_sep("=", "SCF faults")
    for line in lines:
        terminalreporter.write_line(line)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: "Any", call: "Any") -> "Iterator[None]":
    """Add the invocations of a failing test to its report, and what was not as expected."""
    outcome = yield  # type: Any
    test = getattr(item, "_scf_test", None)
    if test is None or call.when != "call":
        return
    report = outcome.get_result()
    if report.failed:
        report.sections.append((_SECTION, test.report()))
    elif call.excinfo is not None and call.excinfo.errisinstance(pytest.skip.Exception):
        test.is_reported = True  # it has not come to its end, so nothing is missing


class _Test:
    """One test with its endpoint."""

    def __init__(self, local: "LocalSCF", strict: bool) -> None:
        self.local = local
        self.strict = strict
        self.is_reported = False
        self.fault_run: "Optional[FaultRun]" = None
        self._complaint = ""

    def report(self) -> str:
        """The report of a test that has failed."""
        self.is_reported = True
        return self._with_chain(self.account()) or "none"

    def _with_chain(self, account: str) -> str:
        from tencentserverless.local.doubles.expectations import chain_text

        return "\n\n".join(filter(None, (account, chain_text(self.local.invocations(), told=account))))

    def account(self) -> str:
        """What was not as expected. A program that meets a fault may leave functions and stubs aside."""
        account = self.local.account(strict=self.strict and self.fault_run is None)
        return "\n\n".join(filter(None, (self._complaint, account)))

    @contextmanager
    def fault(self, fault: "Optional[faults.Fault]") -> "Iterator[None]":
        """Within this block its function has this fault."""
        if fault is None:
            yield
            return
        self.fault_run = self.local._fault_run(fault.function, str(fault), fault.times)  # pyright: ignore[reportPrivateUsage]
        with self.fault_run.active():
            yield

    def judge(self, item: "Any", outcome: "Any") -> None:
        """Judge how the program coped with the fault. The result of the test becomes a success if it noticed it."""
        assert self.fault_run is not None
        error = outcome.excinfo[1] if outcome.excinfo else None
        is_own_judge = "scf_fault" in inspect.signature(item.obj).parameters
        if error is not None and (is_own_judge or not _is_failure(error)):
            return
        detail = "passed" if error is None else "%s: %s" % (type(error).__name__, error)
        is_same = error is None and not is_own_judge
        coped = self.local._coped(self.fault_run, error, detail, is_same=is_same)  # pyright: ignore[reportPrivateUsage]
        item.user_properties.append((faults.PROPERTY, [self.fault_run.name, *coped]))
        self._complaint = self.fault_run.complaint(coped)
        if coped.is_right:
            outcome.force_result(True)

    def end(self) -> None:
        """Refuse new work, wait for the rest, then reset the endpoint. Fails the test if something is not right."""
        try:
            self.local.refuse()
            account = "" if self.is_reported else self.account()
            text = account and self._with_chain(account)
        finally:
            self.local.reset()
        if text:
            pytest.fail(text, pytrace=False)


def _is_failure(error: BaseException) -> bool:
    """Whether a test that raises this has failed: it is not skipped, for one."""
    if type(error).__name__ == "SkipTest":  # of unittest, which takes 20 ms to import
        return False
    return isinstance(error, (Exception, pytest.fail.Exception)) and not isinstance(error, pytest.exit.Exception)


class _Endpoints:
    """The endpoints of this process, one for each configuration that tests ask for."""

    def __init__(self) -> None:
        self._running = {}  # type: Dict[Tuple[Any, ...], LocalSCF]

    def get(self, paths: "List[str]", address: "Tuple[str, int]", options: "Dict[str, Any]") -> "LocalSCF":
        """A running endpoint. If its port is a fixed one, the others are stopped: they may have the same port."""
        key = (tuple(paths), address, repr(sorted(options.items())))
        if key not in self._running:
            if address[1]:
                self.stop()
            self._running[key] = _started(paths, address, options)
        return self._running[key]

    def stop(self) -> None:
        while self._running:
            self._running.popitem()[1].stop()


def _started(paths: "List[str]", address: "Tuple[str, int]", options: "Dict[str, Any]") -> "LocalSCF":
    try:
        return _start(paths, address, options)
    except (ImportError, OSError, ValueError) as error:
        reason = str(error)
    pytest.fail("scf_local: " + reason, pytrace=False)  # outside of the block, so that no other error is shown


def _start(paths: "List[str]", address: "Tuple[str, int]", options: "Dict[str, Any]") -> "LocalSCF":
    from tencentserverless.local import FunctionFolderError, LocalSCF

    host, port = address
    try:
        return LocalSCF(*paths, host=host, port=port, **options).start()
    except FunctionFolderError as error:
        raise ValueError("%s. The fixture scf_functions names the folders" % error)
    except OSError as error:
        text = "cannot listen on %s, port %s: %s. Override the fixture scf_local_address; port 0 is any free port"
        raise OSError(text % (host, port, error.strerror or error))


@pytest.fixture
def scf_guard(request: "Any") -> "Iterator[None]":
    """Fails a test that wants to reach SCF in the cloud. The fixture scf_local uses it.

    For all tests of a project: ``usefixtures = scf_guard`` in pytest.ini.
    """
    if not hasattr(pytest, "MonkeyPatch"):
        pytest.fail("the fixtures of tencentserverless need pytest 6.2 or later, this is " + pytest.__version__)
    allowed = _settings(request.node).get("allow_hosts", ())
    with guarded([allowed] if isinstance(allowed, str) else allowed) as guard:
        yield
    if guard.reached:
        pytest.fail("\n".join(guard.reached.values()), pytrace=False)


@pytest.fixture(scope="session")
def scf_local_address() -> "Tuple[str, int]":
    """Address and port of the endpoint. Override it to choose them; port 0 is any free port."""
    return "127.0.0.1", 0


@pytest.fixture(scope="session")
def scf_local_options() -> "Dict[str, Any]":
    """More arguments of `LocalSCF`. Override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def scf_functions(pytestconfig: "Any") -> "Paths":
    """The folders of the functions. By default all below rootdir. Override it to name a folder, or several.

    A folder is a function if it has a serverless.yml, or an index.py with main_handler.
    """
    try:
        from tencentserverless.local.functions.folders import is_function
    except ImportError:  # the fixture scf_local fails with the text of this error
        return []
    from pathlib import Path

    found = []
    for folder, inner, _ in os.walk(str(pytestconfig.rootpath)):
        if is_function(Path(folder)):
            found.append(folder)
            inner.clear()  # they are its code
        inner[:] = sorted(name for name in inner if not _is_left_out(folder, name))
    return found


def _is_left_out(folder: str, name: str) -> bool:
    """Whether no functions of the project are in this folder."""
    return name[0] == "." or name in _LEFT_OUT or os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))


@pytest.fixture(scope="session")
def _scf_endpoints() -> "Iterator[_Endpoints]":
    endpoints = _Endpoints()
    try:
        yield endpoints
    finally:
        endpoints.stop()


@pytest.fixture
def scf_fault(request: "Any") -> "Optional[faults.Fault]":
    """The fault with which the marker scf_faults runs the test, such as "433" or "silence". None if there is none.

    It is text, and `function` is the name of the function that has the fault.
    """
    return getattr(request, "param", None)


@pytest.fixture
def scf_local(
    request: "Any",
    scf_fault: "Optional[faults.Fault]",
    scf_guard: None,  # noqa: ARG001  it guards the test
    scf_functions: "Paths",
    scf_local_address: "Tuple[str, int]",
    scf_local_options: "Dict[str, Any]",
    _scf_endpoints: _Endpoints,
) -> "Iterator[LocalSCF]":
    """A local endpoint, a `LocalSCF`. The client in the program under test uses it. After the test it is reset."""
    settings = _settings(request.node)
    options = dict(scf_local_options)
    strict = settings.get("strict", options.pop("strict", request.config.getini("tencentserverless_strict")))
    options["in_process"] = settings.get("in_process", options.get("in_process", False))
    if request.config.getoption("--scf-debug"):
        options["debug"] = "pdb"
    paths = _paths(settings.get("functions", scf_functions), str(request.config.rootpath))
    local = _scf_endpoints.get(paths, scf_local_address, options)
    test = request.node._scf_test = _Test(local, strict)
    with pytest.MonkeyPatch.context() as patch:
        _point_to(local, patch)
        try:
            with test.fault(scf_fault):
                yield local
        finally:
            request.node._scf_test = None
            test.end()


@pytest.fixture
def scf_client(scf_local: "LocalSCF") -> "Client":
    """A client for the endpoint of the fixture scf_local."""
    return scf_local.client()


@pytest.fixture
def scf_async_client(scf_local: "LocalSCF") -> "AsyncClient":
    """A client for asyncio, for the endpoint of the fixture scf_local."""
    return scf_local.async_client()


def _settings(item: "Any") -> "Dict[str, Any]":
    """The arguments of the nearest marker."""
    marker = item.get_closest_marker("scf_local")
    if marker is None:
        return {}
    unknown = [repr(value) for value in marker.args] + sorted(set(marker.kwargs) - set(_SETTINGS))
    if unknown:
        text = "the marker scf_local does not take %s. It takes, by name: %s"
        pytest.fail(text % (", ".join(unknown), ", ".join(_SETTINGS)), pytrace=False)
    return dict(marker.kwargs)


def _paths(functions: "Paths", root: str) -> "List[str]":
    several = functions if isinstance(functions, (list, tuple)) else [functions]
    return [os.path.join(root, os.fspath(path)) for path in several]


def _point_to(local: "LocalSCF", patch: "Any") -> None:
    """Let the client use this endpoint. Keys and profiles of the developer are hidden."""
    from tencentserverless._settings import profiles

    for name, value in local.environ.items():
        patch.setenv(name, value)
    patch.setattr(profiles, "_home", lambda *_: "")
    patch.setattr(profiles, "SYSTEM_FILE", "")
