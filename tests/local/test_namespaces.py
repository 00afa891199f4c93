"""What an instance sees of the disk, and the limits that the kernel keeps."""

import json
import os
import resource
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF, launcher
from tests.local.signed import Api

pytestmark = pytest.mark.skipif(not launcher.works(), reason="this system has no fork servers")
if launcher.works():
    from tencentserverless.local import namespaces

CODE = """\
import errno, os, tempfile

def main_handler(event, context):
    here = os.path.dirname(os.path.abspath(__file__))
    places = {"code": here, "/tmp": "/tmp"}
    if "write" in event:
        try:
            with open(os.path.join(places[event["write"]], "written"), "a") as file:
                file.write("x" * event.get("bytes", 1))
        except OSError as error:
            return errno.errorcode[error.errno]
        return os.path.getsize(os.path.join(places[event["write"]], "written"))
    return {"tmp": sorted(os.listdir("/tmp")), "default": tempfile.gettempdir(), "here": os.getcwd() == here}
"""


@cache
def in_namespaces():
    """Whether this system lets us make them, asked of a process that may end up in one."""
    code = "from tencentserverless.local import namespaces as it; print(it.possible_namespaces() is not None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip() == "True"


@pytest.fixture(scope="module")
def possible():
    if not in_namespaces():
        pytest.skip("this system allows no namespaces")


@pytest.fixture(params=["below /tmp", "elsewhere"])
def api(request, possible):
    """Two instances' worth of one function whose code lies below /tmp, or does not."""
    with tempfile.TemporaryDirectory(dir="/tmp" if request.param == "below /tmp" else "/var/tmp") as place:
        for name in ("one", "two"):
            folder = Path(place) / "functions" / name
            folder.mkdir(parents=True)
            (folder / "index.py").write_text(CODE)
        with LocalSCF(Path(place) / "functions") as scf, Api(scf) as signed:
            signed.place = Path(place)
            yield signed


def told(api, name, event):
    return json.loads(api.invoke(name, event)["RetMsg"])


def test_the_code_cannot_be_written_to(api):
    """Writing beside the code fails as on the platform, and the folder stays as it was."""
    assert told(api, "one", {"write": "code"}) == "EROFS"
    assert [path.name for path in (api.place / "functions" / "one").iterdir()] == ["index.py"]


def test_saved_code_is_seen_through_the_read_only_mount(api):
    """What is saved in the folder is live at the next invocation."""
    assert told(api, "one", {})["here"]
    (api.place / "functions" / "one" / "index.py").write_text("def main_handler(event, context):\n    return 'new'\n")
    assert told(api, "one", {}) == "new"


def test_each_instance_has_a_tmp_of_its_own(api):
    """/tmp holds what this instance wrote, also earlier; no other instance sees it, nor this machine."""
    assert told(api, "one", {"write": "/tmp"}) == 1
    assert told(api, "one", {"write": "/tmp"}) == 2
    seen = told(api, "one", {})
    assert "written" in seen["tmp"]
    assert seen["default"] == "/tmp"
    assert "written" not in told(api, "two", {})["tmp"]
    assert not os.path.exists("/tmp/written")


def test_nothing_else_of_tmp_is_seen(api):
    """Of this machine's /tmp an instance sees no more than what it needs to run."""
    with tempfile.NamedTemporaryFile(dir="/tmp", prefix="not-for-functions-") as file:
        assert Path(file.name).name not in told(api, "one", {})["tmp"]


def test_tmp_is_as_large_as_the_platforms(api):
    """512 MB fit into /tmp and no more."""
    assert told(api, "one", {"write": "/tmp", "bytes": 40 * 2**20}) == 40 * 2**20
    for number in range(2, 13):
        assert told(api, "one", {"write": "/tmp", "bytes": 40 * 2**20}) == number * 40 * 2**20
    assert told(api, "one", {"write": "/tmp", "bytes": 40 * 2**20}) == "ENOSPC"


def test_no_mount_is_left(api):
    """Mounts are seen by the instance alone."""
    assert told(api, "one", {})["here"]
    with open("/proc/self/mountinfo") as file:
        assert "tencentserverless-local-" not in file.read()


def test_limits_are_never_raised():
    """`lowered` stays under the hard limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert namespaces.lowered(resource.RLIMIT_NOFILE, 5) == (5, 5)
    if hard != resource.RLIM_INFINITY:
        assert namespaces.lowered(resource.RLIMIT_NOFILE, hard + 1) == (hard, hard)


def test_the_kernel_has_a_version():
    """The release is read as two numbers."""
    assert len(namespaces.kernel()) == 2
