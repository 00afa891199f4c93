"""Exit codes: one matrix for all verbs."""

import click
import pytest

from tencentserverless import exception as errors
from tencentserverless._cli import exit_codes, output


def executed(error, value):
    error.executed = value
    return error


MATRIX = [
    (errors.FunctionError(430, "raised"), 1),
    (executed(errors.InvocationError(433, "timed out"), "yes"), 1),
    (executed(errors.InvocationError(443, "did not start"), "maybe"), 1),
    (executed(errors.InvocationError(432, "no capacity"), "no"), 5),
    (errors.AuthError("AuthFailure.SignatureFailure", "wrong key"), 4),
    (errors.AuthError("UnauthorizedOperation.CAM", "not allowed"), 4),
    (errors.SettingsError("InvalidCredential", "no credentials"), 4),
    (errors.SettingsError("ClientParamsError", "bad region"), 5),
    (errors.EventError("ClientParamsError", "too large"), 5),
    (errors.NotFoundError("ResourceNotFound.Function", "no function"), 3),
    (errors.ParameterError("InvalidParameter", "bad"), 3),
    (errors.ThrottledError("RequestLimitExceeded", "slower"), 3),
    (errors.APIError("InternalError", "broken"), 3),
    (errors.ConnectError("ClientNetworkError", "refused"), 3),
    (errors.InvokeTimeoutError("ClientNetworkError", "silence"), 3),
    (errors.ProtocolError("ClientNetworkError", "garbage"), 3),
    (click.UsageError("use"), 2),
    (click.BadParameter("use"), 2),
    (click.ClickException("the file cannot be written"), 5),
    (exit_codes.Failure("no endpoint", exit_codes.CLOUD_FAILED), 3),
    (output.NotWrittenError("full"), 6),
    (exit_codes.Interrupted("Interrupted."), 130),
    (click.Abort(), 130),
]


@pytest.mark.parametrize(("error", "code"), MATRIX, ids=lambda value: getattr(value, "message", None) or str(value))
def test_the_matrix(error, code, capsys):
    """Each kind of failure has its exit code; its message is on standard error, and nothing on standard output."""
    assert exit_codes.reported(error) == code
    shown = capsys.readouterr()
    assert (shown.out, bool(shown.err)) == ("", True)


def test_mistakes_of_the_program_are_not_hidden():
    """An error of another kind is raised."""
    with pytest.raises(ZeroDivisionError):
        exit_codes.reported(ZeroDivisionError())
