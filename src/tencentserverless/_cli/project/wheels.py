"""Installs packages for a runtime of the platform, with pip. The packages are wheels for Linux on x86-64."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PIP_SECONDS = 900
# The runtimes have glibc 2.17 (CentOS 7). https://cloud.tencent.com/document/product/583/40323
_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64")
_ABOUT_PIP = re.compile(r"^(\[notice\]|WARNING:|DEPRECATION:)", re.I)
# Runs pip, and ends as soon as its standard input does: nobody waits for the packages any more.
_PIP = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


class PipError(Exception):
    """pip has failed. The message has its own last words."""


def install(requirements: Path, folder: Path, version: tuple[int, int]) -> None:
    """Install the packages of a `requirements.txt` into a folder, for this version of Python. Raises `PipError`."""
    command = [sys.executable, "-c", _PIP, *arguments(requirements.absolute(), folder, version)]
    end, life_line = os.pipe()  # the system closes the life line when this process ends, however it ends
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=PIP_SECONDS,
            check=False,
            stdin=end,
            cwd=requirements.parent,  # paths in the file begin there
        )
    except subprocess.TimeoutExpired:
        raise PipError(f"pip has not ended after {PIP_SECONDS} seconds") from None
    finally:
        os.close(end)
        os.close(life_line)
    if done.returncode:
        raise PipError(last_words((done.stderr or done.stdout).decode("utf-8", "replace")))


def arguments(requirements: Path, folder: Path, version: tuple[int, int]) -> Sequence[str]:
    """The arguments of pip. Pure."""
    digits = "{}{}".format(*version)
    abi = f"cp{digits}" + ("mu" if version == (2, 7) else "m" if version < (3, 8) else "")
    platforms = [f"--platform={name}" for name in _PLATFORMS]
    return [
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "--quiet",
        "--no-compile",
        "--only-binary=:all:",
        "--implementation=cp",
        "--python-version={}.{}".format(*version),
        *(f"--abi={name}" for name in (abi, "abi3", "none")),
        *platforms,
        f"--target={folder}",
        "--requirement",
        os.fspath(requirements),
    ]


def last_words(output: str) -> str:
    """The lines of pip's output that say what went wrong. Pure."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return "\n".join(errors or [line for line in lines if not _ABOUT_PIP.match(line)][-3:]) or "pip has failed"
