"""The entry: what it says where something is missing."""

import subprocess
import sys

import pytest

from tencentserverless import _cli
from tests.environments import ROOT, find_interpreter


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.9"])
def test_old_pythons_are_told(version):
    """On a Python that is too old for the command line one line says so."""
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from tencentserverless._cli import main; main()"
    done = subprocess.run([python, "-I", "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        f"tencentserverless: the command line needs Python 3.10 or later, not {version}"
    ]


@pytest.mark.parametrize("name", _cli.NEEDED)
def test_what_to_install(name, monkeypatch, capsys):
    """Where a library of the extra is missing one line says what to install."""
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda asked: None if asked == name else found(asked))
    with pytest.raises(SystemExit) as caught:
        _cli.main([])
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        'tencentserverless: the command line needs an extra. Install it with: pip install "tencentserverless[local]"\n'
    )


def test_it_runs_as_a_module(command):
    """`python -m tencentserverless` is the command line."""
    done = command("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1.0.0" in done.stdout


def test_ctrl_c_while_modules_are_loaded():
    """Ctrl-C that comes before the command line is loaded ends it with 130 and one line."""
    program = (
        "import signal, sys\nfrom tencentserverless._cli import main\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click' and 'tencentserverless._cli.commands' in sys.modules:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\nmain(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


def test_nothing_heavy_is_loaded_for_help():
    """Help loads neither the server nor the client."""
    program = (
        "import sys\nfrom tencentserverless._cli import main\n"
        "for arguments in (['--help'], ['local', '--help'], ['map', '--help'], ['invoke', '--help']):\n"
        "    try:\n        main(arguments)\n    except SystemExit:\n        pass\n"
        "heavy = {'asyncio', 'httptools', 'ssl', 'yaml', 'tencentserverless.local', 'tencentserverless.scf'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    from tests.cli.conftest import environment

    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
