"""Endpoints that are asked to debug and cannot."""

import os

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.instances import debugged


def test_the_terminal_of_this_process(monkeypatch):
    """Without a path it is stdin's terminal, else that of stderr; without one the error says what to do."""
    names = {0: "/dev/one", 2: "/dev/two"}

    def ttyname(descriptor):
        if descriptor not in names:
            raise OSError
        return names[descriptor]

    monkeypatch.setattr(os, "ttyname", ttyname)
    assert debugged.terminal() == "/dev/one"
    del names[0]
    assert debugged.terminal() == "/dev/two"
    del names[2]
    with pytest.raises(ValueError, match="terminal=") as caught:
        LocalSCF("x", debug="pdb")
    assert "\n" not in str(caught.value)


def test_a_debugger_that_is_not_known():
    """An unknown one is an error that names those that there are."""
    with pytest.raises(ValueError, match="pdb or debugpy"):
        LocalSCF("x", debug="gdb")
