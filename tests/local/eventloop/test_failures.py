"""The log of failures."""

import logging

import pytest

from tencentserverless.local.eventloop.failures import log_internal_error


class Raising(logging.Handler):
    """A handler of a user who has made a mistake."""

    def emit(self, record):
        raise OSError("the log is full")


def test_a_handler_that_raises(caplog):
    """A failure is logged with its traceback, and a handler of the user that raises disturbs nobody."""
    root = logging.getLogger()
    root.addHandler(handler := Raising())
    try:
        log_internal_error(LookupError("lost"))
    finally:
        root.removeHandler(handler)
    (record,) = caplog.records
    assert record.getMessage() == "internal error of the local endpoint: LookupError('lost')"
    assert record.exc_info[0] is LookupError
    with pytest.raises(OSError, match="full"):
        Raising().handle(record)
