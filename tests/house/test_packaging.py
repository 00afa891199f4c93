"""What a user gets from the package: its metadata, and a client that works however it was installed."""

import configparser
import re
import sys
import tarfile
import zipfile
from email.parser import Parser

import pytest

from tests import environments
from tests.environments import CONSTRAINTS, ROOT, environment, find_interpreter, pins_for, unpack
from tests.loopback import Server, answering, http, result

VERSION = "1.0.0.dev0"
INVOKE = """
import sys, tencentserverless
from tencentserverless import scf
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
assert tencentserverless.__file__.startswith(sys.prefix), tencentserverless.__file__
assert scf.TencentCloudSDKException is TencentCloudSDKException
print(tencentserverless.__version__)
print(scf.Client("ap-guangzhou", "AKIDEXAMPLE", "example", endpoint=sys.argv[1]).FuncInvoked(data={"a": "b"}))
"""


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    return environments.distributions(tmp_path_factory)


@pytest.fixture
def invoked():
    """A function that runs the invoking program with an installed client and returns what it printed."""

    def invoke(python, folder):
        with Server(answering(http(result('"Hello World from the function being invoked"')))) as server:
            code, output, errors = environments.run(python, "-W", "error", "-c", INVOKE, server.endpoint, cwd=folder)
        assert (code, errors) == (0, ""), output + errors
        return output

    return invoke


PRINTED = VERSION + '\n"Hello World from the function being invoked"\n'


@pytest.mark.parametrize("version", ["3.6"])
def test_setup_py_install(version, tmp_path, invoked):
    """`python setup.py install`, with the setuptools that this Python brings along, installs a client that invokes."""
    interpreter = find_interpreter(version)
    if interpreter is None:
        pytest.skip(f"no Python {version} on PATH or among pyenv's versions")
    assert environments.run(interpreter, "-m", "venv", tmp_path / "venv")[0] == 0
    python = tmp_path / "venv" / "bin" / "python"
    # The official SDK has thousands of releases, which setup.py would compare for minutes.
    pins = pins_for(version)
    environments.uv("pip", "install", "-q", "-p", str(python), "-c", str(pins), "tencentcloud-sdk-python-common")
    source = unpack(tmp_path / "source")
    code, output, errors = environments.run(python, "setup.py", "install", cwd=source)
    assert code == 0, output + errors
    assert invoked(python, tmp_path) == PRINTED
    shown = environments.run(python, "-W", "ignore", "-m", "pip", "show", "tencentserverless", cwd=tmp_path)[1]
    assert "Name: tencentserverless\n" in shown
    assert f"Version: {VERSION}\n" in shown


@pytest.mark.parametrize("version", ["3.7", "3.11", "3.13"])
def test_wheel_installs(version, distributions, tmp_path, invoked):
    """The wheel brings a client that invokes, and what it needs, into an empty environment."""
    if find_interpreter(version) is None:
        pytest.skip(f"no Python {version} on PATH or among pyenv's versions")
    (wheel,) = distributions.glob("*.whl")
    home = tmp_path / "venv"
    environments.uv("venv", "-q", "-p", find_interpreter(version), str(home))
    python = home / "bin" / "python"
    environments.uv("pip", "install", "-q", "-p", str(python), "-c", str(pins_for(version)), str(wheel), "pip")
    assert invoked(python, tmp_path) == PRINTED
    shown = environments.run(python, "-m", "pip", "show", "tencentserverless", cwd=tmp_path)[1]
    assert "Name: tencentserverless\n" in shown
    assert f"Version: {VERSION}\n" in shown
    assert "Requires: tencentcloud-sdk-python-common\n" in shown


def test_wheel_metadata(distributions):
    """The wheel says which Pythons it runs on, under what licence, and which extras and commands it has."""
    (wheel,) = distributions.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        info = f"tencentserverless-{VERSION}.dist-info"
        told = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        commands = configparser.ConfigParser()
        commands.read_string(archive.read(f"{info}/entry_points.txt").decode())
    assert (told["Name"], told["Version"], told["Requires-Python"]) == ("tencentserverless", VERSION, ">=3.6")
    assert told["License-Expression"] == "Apache-2.0" or told["License"] == "Apache-2.0"
    assert told.get_all("Provides-Extra") == ["local", "otel"]
    extra = [need for need in told.get_all("Requires-Dist") if re.search("""extra == ['"]local""", need)]
    assert len(extra) == 5
    assert all(re.search("""python_version >= ['"]3.10""", need) for need in extra)
    always = [need for need in told.get_all("Requires-Dist") if "extra" not in need]
    assert [re.match(r"[\w-]+", need)[0] for need in always] == ["tencentcloud-sdk-python-common"]
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in range(6, 14)} <= set(told.get_all("Classifier"))
    assert dict(commands["console_scripts"]) == {"tencentserverless": "tencentserverless._cli:main"}
    assert dict(commands["pytest11"]) == {"tencentserverless": "tencentserverless.pytest_plugin"}
    assert "tencentserverless/py.typed" in names
    assert "tencentserverless/_cli/output.schema.json" in names
    assert "tencentserverless/local/worker/bootstrap.py" in names
    assert not [name for name in names if not name.startswith(("tencentserverless/", info))]


def test_source_distribution(distributions):
    """The source distribution has what `python setup.py install` needs."""
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"} <= names
    assert "src/tencentserverless/_version.py" in names


def test_setup_py_is_one_line():
    """All metadata stands in setup.cfg, so that setup.py is one line."""
    assert len((ROOT / "setup.py").read_text().splitlines()) == 1


def test_pins_cover_the_extra():
    """constraints/local.in names what the extra `local` of setup.cfg names, and every one of them is pinned."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    extra = settings["options.extras_require"]["local"].split("\n")
    named = {re.match(r"[\w-]+", line)[0] for line in extra if line}
    listed = (CONSTRAINTS / "local.in").read_text().splitlines()
    pinned = (CONSTRAINTS / "py3.txt").read_text().lower()
    assert named == {line for line in listed if line and not line.startswith("#")}
    assert not [name for name in named if f"{name.lower()}==" not in pinned]


def test_pins_name_no_address():
    """No file of pins says where packages are downloaded from: that is the user's own choice."""
    for path in CONSTRAINTS.iterdir():
        assert not re.search(r"://|^ *--", path.read_text(), re.MULTILINE), path.name


@pytest.mark.parametrize("script", ["demo", "test", "lint", "bench", "soak", "docs"])
def test_make_targets(script):
    """The Makefile has every command that the project's pages name."""
    assert re.search(rf"^{script}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_environments_are_kept():
    """An environment with the same contents is made once: the second time its path comes back at once."""
    version = "{}.{}".format(*sys.version_info[:2])
    first = environment(version, "kept", "-c", pins_for(version), "idna")
    assert environment(version, "kept", "-c", pins_for(version), "idna") == first
