"""Functions that look for their files as on the platform, and functions that damage what they find."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.instances.launch import SHARED_FILES
from tencentserverless.local.processes import fork_client
from tests.local.api_client import Api
from tests.local.process_table import until

HANDLER = """
import logging, os, shutil, sys, tempfile
import helper, linked

logging.basicConfig(level=logging.ERROR)

def tried(action, *arguments):
    try:
        action(*arguments)
        return "done"
    except OSError:
        return "refused"

def main_handler(event, context):
    logging.debug("to the log")
    places = {"prefix": sys.prefix, "linked": os.path.realpath(os.path.dirname(linked.__file__)), "code": "/var/user",
              "real": os.path.dirname(os.path.abspath(__file__))}
    found = {
        "var": [open("/var/user/data.txt").read(), open("data.txt").read(), os.getcwd(), os.environ["USER_CODE_ROOT"]],
        "temporary": [tried(open("../../tmp/file", "w").write, "x"), tempfile.gettempdir(), os.listdir("/tmp")],
        "marked": {name: tried(os.mkdir, os.path.join(path, "marker")) for name, path in places.items()},
        "disks": [name for name in os.listdir("/dev") if name.startswith(("sd", "vd", "nvme", "mem", "kmsg"))],
        "terminal": tried(os.openpty),
        "shared_memory": os.listdir("/dev/shm"),
        "chmod": tried(os.chmod, "data.txt", 0o777),
        "link": tried(os.link, "data.txt", "/tmp/link"),
        "process_1": [tried(os.listdir, "/proc/1/root"), tried(os.readlink, "/proc/1/cwd")],
        "kernel": tried(os.open, "/proc/sys/kernel/core_pattern", os.O_WRONLY),
    }
    # Only what was made for this test: if it fails, nothing else is damaged.
    for name in ("prefix", "linked", "code", "real"):
        shutil.rmtree(places[name], ignore_errors=True)
    return found
"""
MANIFEST = "component: scf\nname: x\ninputs:\n  name: one\n  src: ./\n  handler: app/main.main_handler\n  runtime: {}\n"


@pytest.fixture
def project():
    """A project below /tmp, with its virtual environment, a package that is linked and a handler in a subfolder."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        code = Path(place, "项目 1", "one")
        for folder in (code / "app", Path(place, "shared", "linked")):
            folder.mkdir(parents=True)
        (code / "app" / "main.py").write_text(HANDLER)
        (code / "app" / "helper.py").touch()
        (code / "data.txt").write_text("beside")
        (code / "linked").symlink_to("../../shared/linked")
        (code.parents[1] / "shared" / "linked" / "__init__.py").touch()
        (code / "serverless.yml").write_text(MANIFEST.format("Python%d.%d" % sys.version_info[:2]))
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", f"{place}/venv"], check=True)
        yield code


def files_in(folder):
    return sorted(str(path) for path in folder.rglob("*"))


def test_a_function_that_removes_everything(project, possible):
    """A function finds its files as on the platform, writes to its own folders only, and cannot remove its project, nor
    the virtual environment that runs it, also if that is named by a path with dots."""
    place = project.parents[1]
    before, records = files_in(place), []
    interpreter = {"Python%d.%d" % sys.version_info[:2]: f"{place}/shared/../venv/bin/python"}
    with LocalSCF(project, interpreters=interpreter, on_record=records.append) as scf, Api(scf) as api:
        first = json.loads(api.invoke("one")["RetMsg"])
        assert json.loads(api.invoke("one")["RetMsg"])["var"] == first["var"]
    assert files_in(place) == before
    assert first["var"] == ["beside", "beside", "/var/user", "/var/user/"]
    needed = {Path(sys.prefix).parts[2]} if sys.prefix.startswith("/tmp/") else set()  # of the tests' own interpreter
    assert (first["temporary"][:2], set(first["temporary"][2]) - needed) == (["done", "/tmp"], {"file", place.name})
    assert set(first["marked"].values()) == {"refused"}
    assert (first["disks"], first["terminal"], first["shared_memory"]) == ([], "done", [])
    assert (first["link"], first["chmod"], first["kernel"]) == ("refused",) * 3
    assert first["process_1"] == ["refused"] * 2
    assert "to the log\n" in records[0].as_data()["output"]


PLAIN = "import os, tempfile\ndef main_handler(event, context):\n    return [tempfile.mkdtemp(), os.environ['HOME']]\n"


def test_a_system_without_namespaces(folder, monkeypatch):
    """There temporary files go to a folder of each instance, which is removed with it; a line says what is shared."""
    monkeypatch.setattr(fork_client, "is_supported", lambda: False)
    for name in ("one", "two"):
        folder(name, PLAIN)
    notices = []
    with LocalSCF(folder.path, notify=notices.append) as scf, Api(scf) as api:
        until(lambda: SHARED_FILES in notices)
        found = [json.loads(api.invoke(name)["RetMsg"]) for name in ("one", "two")]
        assert all(os.path.isdir(path) for paths in found for path in paths)
        assert len({os.path.dirname(path) for paths in found for path in paths}) == 4
    assert not any(os.path.exists(path) for paths in found for path in paths)
    assert notices.count(SHARED_FILES) == 1
