"""``pack``."""

import subprocess
import sys
import zipfile

import pytest

from tencentserverless._cli.project import pack
from tencentserverless.local.model import function

HANDLER = "import greeting\n\ndef main_handler(event, context):\n    return greeting.TEXT\n"


@pytest.fixture
def project(tmp_path):
    """A function that requires the package `greeting`, which stands beside it as a wheel."""
    folder = tmp_path / "Greet"
    folder.mkdir()
    (folder / "index.py").write_text(HANDLER)
    (folder / "serverless.yml").write_text(
        "component: scf\nname: Greet\ninputs:\n  runtime: Python3.9\n"
        "  src: {src: ., exclude: [notes.md], include: [../shared]}\n"
    )
    (folder / "notes.md").touch()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "tool.py").touch()
    (folder / "requirements.txt").write_text("--no-index\n--find-links ../wheels\ngreeting\n")
    (folder / ".env").write_text("KEY=secret")
    (tmp_path / "wheels").mkdir()
    with zipfile.ZipFile(tmp_path / "wheels" / "greeting-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("greeting.py", "TEXT = 'hello'\n")
        wheel.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        wheel.writestr("greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("greeting-1.0.dist-info/RECORD", "")
    return tmp_path


def test_a_function_with_its_packages(command, project):
    """The zip runs by itself, has no key and no excluded file, is the same a second time, and is not in itself."""
    output = project / "Greet" / "x.zip"
    found = []
    for _ in range(2):
        done = command("pack", str(project / "Greet"), "-o", str(output))
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == str(output)
        assert "for Python3.9" in done.stderr
        found.append(output.read_bytes())
    assert found[0] == found[1]
    with zipfile.ZipFile(output) as archive:
        names = archive.namelist()
    assert {"index.py", "greeting.py", "serverless.yml", "shared/tool.py"} <= set(names)
    assert not {".env", "x.zip", "notes.md", "greeting-1.0.dist-info/RECORD"} & set(names)
    program = f"import sys; sys.path.insert(0, {str(output)!r}); import index; print(index.main_handler(1, 2))"
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "hello\n"


def test_a_package_that_pip_cannot_get(command, project):
    """pip's own error is shown with the file and the runtime; nothing is written."""
    (project / "Greet" / "requirements.txt").write_text("--no-index\nno-such-package\n")
    done = command("pack", str(project / "Greet"), "-o", str(project / "x.zip"))
    assert (done.returncode, done.stdout) == (5, "")
    assert "No matching distribution found for no-such-package" in done.stderr
    assert "requirements.txt: pip could not get the packages for Python3.9 on Linux" in done.stderr
    assert not (project / "x.zip").exists()


def test_the_runtimes_to_choose_from():
    """`--runtime` takes the runtimes of the platform."""
    assert pack.RUNTIMES == function.RUNTIMES
