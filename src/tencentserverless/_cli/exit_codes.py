"""The exit codes of all verbs, and the one place that decides them. `local exec` has those of its command."""

import click

from tencentserverless._cli import output
from tencentserverless._cli.language import text

OK = 0
FUNCTION_FAILED = 1  # or, for `doctor`, mistakes were found
WRONG_USE = 2
CLOUD_FAILED = 3  # the API refused, or the connection failed
NO_CREDENTIALS = 4  # they are missing, wrong, or not allowed to do this
NOT_RUN = 5  # any other failure after which no function has run
NOT_WRITTEN = 6  # the work is done, and its result could not be written
INTERRUPTED = 130


class Failure(click.ClickException):
    """Ends the program with one message and this exit code."""

    def __init__(self, message: str, code: int = NOT_RUN) -> None:
        super().__init__(message)
        self.code = code


class Interrupted(Failure):
    """Ctrl-C. message: whether an invocation may go on."""

    def __init__(self, message: str) -> None:
        super().__init__(message, INTERRUPTED)


def reported(error: Exception) -> int:
    """Tell an error on standard error, and return the exit code. Raises an error that is a mistake of this program."""
    code = code_of(error)
    if isinstance(error, click.Abort):
        output.tell(text("Interrupted."))
    elif isinstance(error, click.UsageError):
        from tencentserverless._cli import wrong_use

        output.tell("\n".join(wrong_use.lines(error)))
    else:
        output.tell(error.format_message() if isinstance(error, click.ClickException) else str(error))
    return code


def code_of(error: Exception) -> int:
    """The exit code for an error. Raises an error that is a mistake of this program."""
    if isinstance(error, click.Abort):
        return INTERRUPTED
    if isinstance(error, Failure):
        return error.code
    if isinstance(error, click.UsageError):
        return WRONG_USE
    if isinstance(error, click.ClickException):
        return NOT_RUN
    if isinstance(error, output.NotWrittenError):
        return NOT_WRITTEN
    from tencentserverless.exception import ServerlessError

    if isinstance(error, ServerlessError):
        return _code_of(error)
    raise error


def _code_of(error: Exception) -> int:
    """The exit code for an error of the client."""
    from tencentserverless import exception as errors

    is_about_credentials = getattr(error, "code", None) == "InvalidCredential"
    if isinstance(error, errors.AuthError) or is_about_credentials:
        return NO_CREDENTIALS
    if isinstance(error, (errors.APIError, errors.TransportError)):
        return CLOUD_FAILED
    return NOT_RUN if getattr(error, "executed", "no") == "no" else FUNCTION_FAILED
