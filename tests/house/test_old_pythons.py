"""The client's own tests, run by every Python that it promises to run on.

The oldest and the newest Python run all tests; those that make many tries make fewer (`--light`), others each time. The
Pythons between these two run the tests of what differs from one Python to the next, which are named here, and nothing
else: what the oldest and the newest take, a Python between them takes too, unless it is about one of these.
"""

import pytest

from tests import environments
from tests.environments import CONSTRAINTS, OLD_RING, ROOT, environment, find_interpreter, pins_for

OLDEST, NEWEST, BETWEEN = "3.6", "3.13", ("3.7", "3.9", "3.10")
ALL = [f"tests/{name}" for name in OLD_RING]
DIFFERS = {
    "asyncio": (
        "tests/client/test_aio.py",
        "tests/functions/test_functions.py",
        "tests/settings/test_async_credentials.py",
        "tests/transport/asyncio",
    ),
    "ssl": (
        "tests/transport/test_proxy.py",
        "tests/transport/test_tls_context.py",
        "tests/transport/test_tls_layer.py",
    ),
    "sockets, threads and signals": (
        "tests/client/test_scf_connections.py",
        "tests/client/test_signals.py",
        "tests/transport/blocking",
        "tests/transport/test_addresses.py",
        "tests/transport/test_resolve.py",
        "tests/transport/test_transports.py",
    ),
    "imports": ("tests/client/test_forks.py", "tests/client/test_package.py"),
    "signatures, pickles and exceptions": (
        "tests/client/test_exception.py",
        "tests/client/test_scf.py",
    ),
}


@pytest.mark.timeout(800)
@pytest.mark.parametrize("version", [OLDEST, NEWEST, *BETWEEN])
def test_client_tests_pass(version):
    """The client's tests pass on this Python with the standard library and the official exception class alone."""
    if find_interpreter(version) is None:
        pytest.skip(f"no Python {version} on PATH or among pyenv's versions")
    python = environment(version, "client", "-r", CONSTRAINTS / "test.in", "-c", pins_for(version))
    chosen = [name for names in DIFFERS.values() for name in names] if version in BETWEEN else ALL
    arguments = ["-m", "pytest", "-q", "--light", "-p", "no:cacheprovider", *chosen]
    code, output, errors = environments.run(python, *arguments, cwd=ROOT, timeout=780)
    assert code == 0, output + errors
    print(f"Python {version}: {output.strip().splitlines()[-1]}")
