"""GetFunctionLogs and GetRequestStatus."""

import pytest

from tencentserverless.local.api import past
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.invocation import Outcome
from tests.local.factories import REQUEST_ID, record

RAN = record(Outcome(200, "3", duration_ms=12.5, memory_bytes=3 << 20, output="printed\n"))
FAILED = record(Outcome(430, '{"errorCode": -1}', "no", duration_ms=99.0))
RUNNING = record(None)


def test_the_fields_of_the_platform():
    """Both actions have the platform's fields, each with codes and units of its own."""
    logged = past.logged(RAN)
    assert (logged["RetCode"], logged["InvokeFinished"], logged["MemUsage"], logged["BillDuration"]) == (
        0,
        1,
        3 << 20,
        13,
    )
    assert "printed" in logged["Log"]
    assert logged["StartTime"] == "1970-01-01 08:00:00"  # in China
    status = past.status(RAN)
    assert (status["RetCode"], status["RequestId"], status["MemUsage"], status["Duration"]) == (
        0,
        REQUEST_ID,
        3.0,
        12.5,
    )
    assert [past.logged(each)["RetCode"] for each in (FAILED, RUNNING)] == [1, 2]
    assert [past.status(each)["RetCode"] for each in (FAILED, RUNNING)] == [-1, 1]


def test_pages():
    """A page is cut out of the order that was asked for; the usual order needs only the newest records."""
    assert past.Page.of({}).needed == 20
    page = past.Page.of({"OrderBy": "duration", "Order": "asc", "Limit": 1, "Offset": 1})
    assert (page.needed, page.cut([FAILED, RAN])) == (past.MOST, [FAILED])


@pytest.mark.parametrize("wrong", [{"OrderBy": "x"}, {"Order": "up"}, {"Offset": 9_990, "Limit": 20}])
def test_wrong_pages(wrong):
    """What the platform refuses is refused."""
    with pytest.raises(Refusal):
        past.Page.of(wrong)


def test_times_are_those_of_china():
    """A time parameter is a time of China; another text is refused."""
    assert past.time_of({"StartTime": "1970-01-01 08:00:01"}, "StartTime") == 1.0
    assert past.time_of({}, "StartTime", 5.0) == 5.0
    with pytest.raises(Refusal):
        past.time_of({"StartTime": "today"}, "StartTime")
