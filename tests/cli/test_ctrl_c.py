"""Ctrl-C wherever it comes."""

import subprocess
import sys

PROGRAM = """
import time
from tencentserverless._cli.ctrl_c import raise_later
raise_later()

class Object:
    def __del__(self):
        raise {error}

Object()
time.sleep({seconds})
print("went on")
"""


def ran(**words):
    return subprocess.run([sys.executable, "-c", PROGRAM.format(**words)], capture_output=True, text=True, timeout=50)


def test_ctrl_c_in_a_callback():
    """Ctrl-C that comes where Python can raise nothing ends the program nevertheless."""
    run = ran(error="KeyboardInterrupt", seconds=60)
    assert (run.returncode, run.stdout) == (-2, "")
    assert "Exception ignored" not in run.stderr


def test_other_errors_in_a_callback():
    """Another error in a callback is told as Python does it."""
    run = ran(error="ValueError('no')", seconds=0)
    assert (run.returncode, run.stdout) == (0, "went on\n")
    assert "Exception ignored in" in run.stderr
    assert "ValueError: no" in run.stderr
