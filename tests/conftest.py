"""For all tests, on every Python."""

import atexit
import os
import random
import shutil
import signal
import tempfile

import pytest

# Endpoints that these tests start leave their files in a folder of this process: nobody else may find them.
for folder in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
    os.environ[folder] = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, os.environ[folder], ignore_errors=True)
for name in ("SIGINT", "SIGHUP"):  # jobs in the background and `nohup` ignore them, and so would processes of tests
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, name), signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
for name in ("LC_ALL", "LC_MESSAGES", "LANG"):  # tests read the English messages of the command line
    if os.environ.get(name, "").startswith("zh"):
        os.environ[name] = "en_US.UTF-8"

try:
    from hypothesis import HealthCheck, settings
except ImportError:  # where only what a peer needs is installed
    pass
else:
    # How long an example takes, and how many are drawn in vain, says something of the machine and of chance.
    by_chance = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    settings.register_profile("any machine", deadline=None, suppress_health_check=by_chance)
    settings.load_profile("any machine")


def pytest_addoption(parser):
    parser.addoption("--light", action="store_true", help="fewer tries of tests that make many")
    parser.addoption("--examples", type=int, help="so many examples of each test with the marker `fuzz`")


@pytest.fixture
def tries(request):
    """``tries(count)``: the numbers of the tries that a test makes, all of them, or some and the last with --light."""
    stride = 12 if request.config.getoption("--light") else 1
    return lambda count: sorted({*range(random.randrange(stride), count, stride), count - 1})


@pytest.fixture(autouse=True)
def without_delay(monkeypatch):
    """Attempts follow each other at once, so that no test waits for the pauses between them."""
    monkeypatch.setattr("random.random", lambda: 0.0)
    monkeypatch.setattr("tencentserverless._transport.asyncio.transport.random", lambda: 0.0)


def pytest_collection_modifyitems(config, items):
    """The longest tests first, so that no test process is left with one of them at the end."""
    items.sort(key=lambda item: "test_old_pythons" not in item.nodeid)
    examples = config.getoption("--examples")
    for item in items:
        if examples and item.get_closest_marker("fuzz"):
            _try_examples(item.obj, examples)
        elif config.getoption("--light"):  # the first Python has tried hundreds; the others need not repeat them all
            _try_examples(getattr(item, "obj", None), 10, only_fewer=True)


def _try_examples(test, count, only_fewer=False):
    settings = getattr(test, "_hypothesis_internal_use_settings", None)
    if settings is not None and not (only_fewer and settings.max_examples <= count):
        test._hypothesis_internal_use_settings = type(settings)(settings, max_examples=count)
