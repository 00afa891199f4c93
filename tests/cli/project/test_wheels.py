"""`wheels`: how pip is called, and what is said of its errors."""

from pathlib import Path

import pytest

from tencentserverless._cli.project.wheels import arguments, last_words


@pytest.mark.parametrize(
    ("version", "abi"), [((2, 7), "cp27mu"), ((3, 6), "cp36m"), ((3, 7), "cp37m"), ((3, 9), "cp39"), ((3, 10), "cp310")]
)
def test_the_interpreter_of_the_runtime(version, abi):
    """pip is asked for wheels of the runtime's Python on Linux, whatever Python runs it."""
    words = arguments(Path("r.txt"), Path("out"), version)
    assert f"--abi={abi}" in words
    assert "--platform=manylinux2014_x86_64" in words
    assert "--python-version={}.{}".format(*version) in words


def test_last_words():
    """pip's errors are kept, its advice is not."""
    output = "Looking\nERROR: No matching distribution found for x\n[notice] A new release of pip is available\n"
    assert last_words(output) == "ERROR: No matching distribution found for x"
    assert last_words("one\ntwo\nthree\nfour\nWARNING: five") == "two\nthree\nfour"
    assert last_words("") == "pip has failed"
