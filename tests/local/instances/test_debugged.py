"""The endpoint's part of debugging: terminals, and time that stands still."""

import os
from types import SimpleNamespace

import pytest

from tencentserverless.local.instances import debugged
from tencentserverless.local.model.invocation import Invocation
from tests.local.debuggers import Terminal
from tests.local.factories import function


def test_who_waits_for_an_invocation():
    """Those wait that have called it, directly or through others, up to the first Event invocation."""

    def invocation(request_id, parent, invocation_type="RequestResponse"):
        return Invocation(request_id, function(), b"", invocation_type, parent=parent)

    chain = [invocation("a", None), invocation("b", "a", "Event"), invocation("c", "b"), invocation("d", "c")]
    instances = [SimpleNamespace(running=running) for running in [*chain[:3], None]]
    found = [instance.running.request_id for instance in debugged.callers(chain[3], instances)]
    assert found == ["c", "b"]
    assert list(debugged.callers(chain[0], instances)) == []


def test_a_terminal_by_its_path(tmp_path):
    """A path that leads to a terminal is taken; any other is an error that names it."""
    with Terminal() as terminal:
        assert debugged.terminal(terminal.path) == terminal.path
    for wrong in (os.devnull, tmp_path / "nothing"):
        with pytest.raises(ValueError, match=f"{wrong} is not a terminal"):
            debugged.terminal(wrong)
