"""How a program is judged that has met a fault."""

import os

import pytest

from tencentserverless.exception import InvocationError, NotFoundError
from tencentserverless.local.doubles.faults import FAULTS, FaultRun, chosen
from tencentserverless.local.doubles.stubs import Stubs
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.invocation import Outcome
from tests.local.factories import invocation, record

FAILED = record(outcomes.failure(invocation(), 433, "late"), name="Pay", request_id="1")
ANSWERED = record(Outcome(200, '"paid"'), name="Pay", request_id="2")
TOLD_NOBODY = record(FAILED.outcome, name="Pay", request_id="1")
TOLD_NOBODY.invocation = TOLD_NOBODY.invocation._replace(invocation_type="Event")


def failing(executed, name="Pay", kind=InvocationError):
    error = kind(-1, "late")
    error.function_name, error.region, error.executed = name, "ap-guangzhou", executed
    return error


@pytest.mark.parametrize(
    ("how", "records", "error", "is_same"),
    [
        ("mistaken for a success", [FAILED], None, True),
        ("handled", [FAILED], None, False),
        ("handled", [FAILED], ValueError("not paid"), False),
        ("handled", [FAILED, ANSWERED], None, True),
        ("not told", [TOLD_NOBODY], None, True),
        ("passed on", [FAILED], failing("yes"), False),
        ("passed on", [FAILED], failing("maybe"), False),
        ("passed on with a wrong executed", [FAILED], failing("no"), False),
        ("passed on", [FAILED], failing("no", "Other", NotFoundError), False),
        ("not met", [], None, True),
    ],
)
def test_how_a_program_coped(how, records, error, is_same):
    """A program is right if it ends otherwise than without the fault, or the function answers it in the end."""
    run = FaultRun(Stubs(Catalog()), "Pay", "433")
    with run.active():
        run.made.request_ids += [found.request_id for found in records if found is not ANSWERED]
        coped = run.judge(records, error, "it ended", is_same=is_same)
    assert (coped.how, str(coped)) == (how, f"433: {how} (it ended)")
    assert coped.is_right is (run.complaint(coped) == "") is (how in ("handled", "passed on", "not told"))


def test_the_fault_is_there_within_the_block(monkeypatch):
    """After the block neither the fault nor the short timeout of silence is left."""
    stubs = Stubs(Catalog())
    for before in (None, "60"):
        if before:
            monkeypatch.setenv("TENCENTSERVERLESS_TIMEOUT", before)
        else:
            monkeypatch.delenv("TENCENTSERVERLESS_TIMEOUT", raising=False)
        with FaultRun(stubs, "Pay", "silence").active():
            assert os.environ.get("TENCENTSERVERLESS_TIMEOUT") == "1"
            assert len(stubs.all) == 1
        assert os.environ.get("TENCENTSERVERLESS_TIMEOUT") == before
        assert stubs.all == []


def test_some_faults_are_chosen():
    """One fault or several are named by number or text; one that does not exist is refused with those that do."""
    assert chosen(433) == ["433"]
    assert chosen(["silence", 429]) == ["silence", "429"]
    assert chosen() == list(FAULTS)
    with pytest.raises(ValueError, match=r"there is no fault 431\. There are: 400, 401"):
        chosen(431)
