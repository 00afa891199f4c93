"""The log of failures. Handlers of the logging module are the user's, so they may raise. That must not do any harm."""

import logging
from contextlib import suppress

_log = logging.getLogger("tencentserverless.local")


def log_failure(text: str, error: BaseException | None) -> None:
    """Log a failure with its traceback."""
    with suppress(Exception):
        _log.error("%s", text, exc_info=error)


def log_internal_error(error: BaseException) -> None:
    """Log a mistake of ours."""
    log_failure(f"internal error of the local endpoint: {error!r}", error)
