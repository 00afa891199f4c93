"""What an instance sees of the disk, and what it can do to it."""

import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.processes import fork_client, process
from tencentserverless.local.worker import cgroups
from tests.local.api_client import Api
from tests.local.namespaces_here import flags_here
from tests.local.process_table import below, until

pytestmark = pytest.mark.skipif(not fork_client.is_supported(), reason="this system has no fork servers")

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
    return {"tmp": sorted(os.listdir("/tmp")), "default": tempfile.gettempdir(),
            "here": os.path.samefile(os.getcwd(), here)}
"""


@pytest.fixture(params=["below /tmp", "elsewhere"])
def api(request, possible):
    """Two functions whose code lies below /tmp, or does not."""
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
        assert "tencentserverless-endpoint-" not in file.read()


OWN = """\
import errno, os

def tried(action, *arguments):
    try:
        return action(*arguments) and None
    except OSError as error:
        return errno.errorcode[error.errno]

def main_handler(event, context):
    home = os.environ["HOME"]
    own = os.path.dirname(home)
    before = os.listdir(home)
    open(os.path.join(home, "written"), "w").close()
    bundle = os.environ["SSL_CERT_FILE"]
    return {
        "own": sorted(os.listdir(own)),
        "before": before,
        "sdk": tried(os.unlink, os.path.join(own, "sdk", "tencentserverless")),
        "moved": tried(os.rename, os.path.join(own, "sdk"), os.path.join(own, "old")),
        "trust": tried(os.unlink, bundle),
        "bundle": os.path.exists(bundle),
        "home": home,
        "seen": [name for name in os.listdir(event["folder"]) if os.listdir(os.path.join(event["folder"], name))],
    }
"""


@pytest.fixture(params=["below /tmp", "elsewhere", "in what is kept"])
def owned(request, possible, monkeypatch):
    """Two functions of an endpoint whose own folder lies below /tmp, or does not, or in a folder that one needs."""
    where = "/var/tmp" if request.param == "elsewhere" else "/tmp"
    with tempfile.TemporaryDirectory(dir=where) as own, tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        for name in ("one", "two"):
            (Path(place) / name).mkdir()
            (Path(place) / name / "index.py").write_text(OWN)
        if request.param == "in what is kept":
            (Path(place) / "two" / "linked").symlink_to(own)
        monkeypatch.setattr(tempfile, "tempdir", own)
        with LocalSCF(place) as scf, Api(scf) as signed:
            signed.own = Path(own)
            yield signed


@pytest.mark.parametrize("name", ["one", "two"])
def test_the_endpoints_folder_is_not_seen(owned, name):
    """Of the endpoint's own folder an instance sees the SDK and the trusted certificates, and cannot change them; the
    records of others are not there."""
    found = told(owned, name, {"folder": str(owned.own)} if owned.own.parent != Path("/tmp") else {"folder": "/run"})
    assert found["seen"] == []
    assert found["own"] == ["home", "sdk", "terminal", "terminal.lock", "trust"]
    assert (found["sdk"], found["moved"], found["trust"], found["bundle"]) == ("EROFS", "EROFS", "EROFS", True)
    (own,) = owned.own.iterdir()
    assert (own / "sdk" / "tencentserverless").exists()
    until((own / "records.db").exists)


def test_each_instance_has_a_home_of_its_own(owned):
    """Home is empty at first and can be written to; nobody else sees what is there, nor this machine."""
    first, folder = told(owned, "one", {"folder": "/run"}), {"folder": "/run"}
    assert first["before"] == []
    assert told(owned, "one", folder)["before"] == ["written"]
    assert told(owned, "two", folder)["before"] == []
    assert not os.path.exists(first["home"])


ESCAPES = """\
import ctypes, errno, os

def main_handler(event, context):
    here = os.path.dirname(os.path.abspath(__file__))
    libc = ctypes.CDLL(None, use_errno=True)
    found = {"undone": [], "written": None}
    for flags in (0, 2):
        libc.umount2(here.encode(), flags)
        found["undone"].append(errno.errorcode.get(ctypes.get_errno()))
    libc.mount(None, here.encode(), None, 4096 | 32, None)
    found["undone"].append(errno.errorcode.get(ctypes.get_errno()))
    try:
        open(os.path.join(here, "written"), "w").close()
    except OSError as error:
        found["written"] = errno.errorcode[error.errno]
    with open("/proc/self/status") as file:
        lines = [line.split() for line in file]
    found["sets"] = {line[0]: line[1] for line in lines if line[0].startswith("Cap")}
    return found
"""


@pytest.fixture(params=["by a fork", "by a fork and the start of an interpreter"])
def escapes(request, folder, possible, monkeypatch):
    """What a function finds that would like to write to its code, and its folder."""
    if request.param != "by a fork":
        monkeypatch.setattr(process.Workers, "_should_fork", lambda *_: False)
    place = folder("one", ESCAPES)
    with LocalSCF(folder.path) as scf, Api(scf) as signed:
        return told(signed, "one", {}), place


def test_the_mounts_cannot_be_undone(escapes):
    """A function, of root too, can neither unmount its code nor mount it otherwise to write there."""
    found, place = escapes
    assert (found["undone"], found["written"]) == (["EPERM"] * 3, "EROFS")
    assert [path.name for path in place.iterdir()] == ["index.py"]


def test_what_root_may_do(escapes):
    """A function of root has the capabilities that containers usually give, and cannot get more."""
    if os.geteuid() != 0 or flags_here() != 0:
        pytest.skip("this process cannot make mounts, so its instances have user namespaces")
    with open("/proc/self/status") as file:
        ours = {line.split()[0]: line.split()[1] for line in file if line.startswith("Cap")}
    assert escapes[0]["sets"] == {name: f"{int(value, 16) & 0xA00425FB:016x}" for name, value in ours.items()}


LIFTS = """\
import os, subprocess, sys

def group(name):
    for line in open("/proc/self/cgroup"):
        _, names, path = line.rstrip().split(":", 2)
        if name in names.split(",") or (not names and os.path.exists("/sys/fs/cgroup/cgroup.controllers")):
            return "/sys/fs/cgroup/" + names + path

def can_write(path):
    try:
        os.close(os.open(path, os.O_WRONLY))
        return True
    except OSError:
        return False

LIFTS = '''
mkdir /tmp/m
mount -t cgroup -o pids x /tmp/m || mount -t cgroup2 x /tmp/m
find /tmp/m -name pids.max | while read file; do echo max > $file; done
ls /tmp/m/cgroup.procs
'''

def main_handler(event, context):
    if event == "look":
        places = ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/kcore"]
        places += [os.path.join(group(name), file) for name in ("memory", "pids")
                   for file in ("cgroup.procs", "../cgroup.procs", "../../release_agent", "pids.max", "memory.max")]
        return [place for place in places if can_write(place)]
    return subprocess.call(["unshare", "-U", "-r", "-C", "-m", "sh", "-c", LIFTS])
"""


def test_the_bounds_cannot_be_lifted(folder, possible):
    """A function of root cannot lift the limits of its control groups, also not in namespaces that it makes."""
    parent = cgroups.usable_parents().get("pids")
    if parent is None or not shutil.which("unshare"):
        pytest.skip("no control group can be made here that limits processes")
    folder("lifts", LIFTS, "component: scf\nname: lifts\ninputs: {timeout: 30}\n")
    with LocalSCF(folder.path) as scf, Api(scf) as signed:
        assert told(signed, "lifts", '"look"') == []
        assert told(signed, "lifts", '"lift"') == 0
        until(lambda: limits(parent) == {"1024\n"})  # a group that is just made has none for a moment


def limits(parent):
    """The limits of processes of all groups of this process's fork servers."""
    found = set()
    for server in below(os.getpid()):
        for group in Path(parent).glob(f"tencentserverless-{server}-*"):
            with suppress(OSError):
                found.add((group / "pids.max").read_text())
    return found
