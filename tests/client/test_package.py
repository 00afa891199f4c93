"""The names that the package itself has, and what is said where a part of it cannot be loaded."""

import os
import subprocess
import sys

import pytest


def run(program, *options):
    """What a program prints in a fresh process without the packages that are installed."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "src")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-S"] + list(options) + ["-c", program]
    environ["PYTHONPATH"] = source
    return subprocess.check_output(command, env=environ, universal_newlines=True).strip()


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        ("import tencentserverless; print(tencentserverless.scf.__name__)", "tencentserverless.scf"),
        ("import tencentserverless; print(tencentserverless.exception.EventError.__name__)", "EventError"),
        ("from tencentserverless import Client, scf; print(Client is scf.Client)", "True"),
        ("from tencentserverless import invoke, scf; print(invoke is scf.invoke)", "True"),
        ("from tencentserverless import AsyncClient, aio; print(AsyncClient is aio.AsyncClient)", "True"),
        ("from tencentserverless import *; print(Client.__name__, AsyncClient.__name__, invoke.__name__)", None),
        ("import pickle, tencentserverless as t; print(pickle.loads(pickle.dumps(t.Client('r'))).region)", "r"),
        ("import importlib, tencentserverless as t; print(importlib.reload(t).Client.__name__)", "Client"),
    ],
)
def test_names_of_the_package(program, printed):
    """The modules are attributes of the package, and so are Client, AsyncClient and invoke."""
    assert run(program) == (printed or "Client AsyncClient invoke")


def test_importing_the_package_loads_nothing_else():
    """`import tencentserverless` loads only the version; each of the other names is loaded at its first use."""
    program = (
        "import sys, tencentserverless; print(*sorted(n for n in sys.modules if n.startswith('tencentserverless')))"
    )
    assert run(program).split() == ["tencentserverless", "tencentserverless._version"]


def test_the_blocking_client_does_not_load_asyncio():
    """`from tencentserverless import Client` loads what `import tencentserverless.scf` loads."""
    program = "import sys; %s; print(*sorted(sys.modules))"
    assert run(program % "from tencentserverless import Client") == run(program % "import tencentserverless.scf")


def test_unknown_names_are_attribute_errors():
    """A name that the package does not have is an AttributeError, and an ImportError for `from`."""
    import tencentserverless

    with pytest.raises(AttributeError, match="'tencentserverless' has no attribute 'Klient'"):
        tencentserverless.Klient  # noqa: B018
    assert not hasattr(tencentserverless, "__wrapped__")
    with pytest.raises(ImportError):
        from tencentserverless import Klient  # noqa: F401
    assert {"scf", "aio", "Client", "AsyncClient", "invoke", "__version__"} <= set(dir(tencentserverless))


REPORT = """
try:
    import tencentserverless.%s
except ImportError as error:
    print(error)
"""


def test_the_local_endpoint_without_its_extra_names_the_command():
    """`import tencentserverless.local` says what to run: without the extra, and on a Python that is too old."""
    told = run(REPORT % "local")
    command = 'pip install "tencentserverless[local]"'
    if sys.version_info < (3, 10):
        version = sys.version_info[:2]
        assert told.endswith("needs Python 3.10 or later, this is %d.%d: python3.10 -m %s" % (*version, command))
    else:
        assert told.endswith("is missing): " + command)


def test_traces_without_their_extra_name_the_command():
    """`import tencentserverless.otel` without OpenTelemetry says what to run."""
    told = run(REPORT % "otel")
    assert "opentelemetry is missing" in told
    assert told.endswith('pip install "tencentserverless[otel]"')


def test_tools_that_get_every_name():
    """help(), freezegun and others get all names of the package; no name in `dir` needs what is not installed."""
    program = "import inspect, tencentserverless as t; print(dict(inspect.getmembers(t))['Client'].__name__)"
    assert run(program) == "Client"


def test_an_error_is_printed_at_the_end_of_the_interpreter():
    """Where nothing can be imported any more, an error that was not printed before still has its text."""
    program = (
        "import builtins\nfrom tencentserverless.exception import EventError\n"
        "class Late:\n    def __del__(self, text=str): text(self.error), print(self.error)\n"
        "builtins.late = Late()\nlate.error = EventError(1, 'too late')"
    )
    assert run(program) == "too late"
