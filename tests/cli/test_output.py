"""Standard output and standard error."""

import json
import subprocess
import sys

import pytest

from tests.cli.conftest import environment

PROGRAM = """
from tencentserverless._cli import output
output.tell("提示 ✓")
output.write_json({"name": "你好 ✓ ü"})
output.write("表格 ✓")
"""


def run(program=PROGRAM, **more):
    variables = {"PYTHONIOENCODING": more.pop("encoding", "utf-8")}
    return subprocess.run([sys.executable, "-c", program], env=environment(**variables), check=False, **more)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "ascii", "cp1252"])
def test_json_stays_json_in_every_encoding(encoding):
    """A line of JSON can be parsed whatever the encoding of a pipe is; other text loses nothing either."""
    done = run(encoding=encoding, capture_output=True)
    data, table, end = done.stdout.split(b"\n")
    assert (json.loads(data), end) == ({"name": "你好 ✓ ü"}, b"")
    assert json.loads(f'"{table.decode(encoding)}"') == "表格 ✓"
    assert json.loads(f'"{done.stderr.decode(encoding).strip()}"') == "提示 ✓"


def test_what_cannot_be_written():
    """A full disk and a closed pipe raise one error that says so; for notices they do not matter."""
    program = "from tencentserverless._cli import output\noutput.tell('x')\ntry:\n    output.write('x' * 100)\n"
    program += "except output.NotWrittenError as error:\n    import sys; sys.exit(6)"
    with open("/dev/full", "w") as full:
        assert run(program, stdout=full, stderr=full).returncode == 6
    assert run(program + "\n", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
