"""The client's own tests, run by every Python that it promises to run on."""

import pytest

from tests import environments
from tests.environments import CONSTRAINTS, OLD_RING, ROOT, environment, find_interpreter, pins_for

# A cut after every byte takes as long as all the others together: the oldest, the newest and .venv's Python do it.
LONG = ("tests/transport/test_cuts.py",)


@pytest.mark.timeout(800)
@pytest.mark.parametrize("version", ["3.6", "3.13", "3.7", "3.9", "3.10"])
def test_client_tests_pass(version):
    """The client's tests pass on this Python with the standard library and the official exception class alone."""
    if find_interpreter(version) is None:
        pytest.skip(f"no Python {version} on PATH or among pyenv's versions")
    python = environment(version, "client", "-r", CONSTRAINTS / "test.in", "-c", pins_for(version))
    folders = [f"tests/{name}" for name in OLD_RING]
    left_out = [] if version in ("3.6", "3.13") else [f"--ignore={name}" for name in LONG]
    arguments = ["-m", "pytest", "-q", "--light", "-p", "no:cacheprovider", *left_out, *folders]
    code, output, errors = environments.run(python, *arguments, cwd=ROOT, timeout=780)
    assert code == 0, output + errors
    print(f"Python {version}: {output.strip().splitlines()[-1]}")
