"""The failures of stubs with a status, as the client understands them."""

import re

import pytest

from tencentserverless._protocol.failure import failure_of, of_refusal
from tencentserverless.local.doubles.status_codes import STATUS_CODES
from tencentserverless.local.doubles.ways import WAYS
from tencentserverless.local.model.api_errors import Refusal
from tests.environments import ROOT
from tests.local.factories import invocation


@pytest.mark.parametrize("status", STATUS_CODES)
def test_the_client_tells_whether_it_ran(status):
    """For each status code the client's error has the `executed` that the table names, or "maybe"."""
    code = STATUS_CODES[status]
    try:
        outcome = code.outcome(invocation())
    except Refusal as refusal:
        assert refusal.status_code == status
        error, _ = of_refusal({}, {"Error": {"Code": refusal.code, "Message": refusal.message}})
    else:
        error = failure_of(outcome.ret_msg, outcome.status_code, None)
        assert error.status_code == outcome.status_code == status
    assert error.executed in ("maybe", code.executed)


def test_the_page_names_them():
    """docs/testing.md names each status code and each fault of the way."""
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b[45]\d\d\b", page.partition("These are 400")[2].partition("532")[0])) | {"400", "532"}
    assert named == set(map(str, STATUS_CODES))
    assert not [name for name in WAYS if f"| `{name}` |" not in page]
