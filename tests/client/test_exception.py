"""The errors: their tree, their attributes, their text, and that copies keep all of it."""

import copy
import os
import pickle
import subprocess
import sys

import pytest

from tencentserverless import exception as errors

ALL = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error") or "Serverless" in name]
OURS = sorted(set(ALL), key=lambda family: family.__name__)
TRACEBACK = 'Traceback (most recent call last):\n  File "/var/user/index.py", line 4\nValueError: x'

TREE = {  # class: direct bases
    "ServerlessError": ["Exception"],
    "TencentServerlessSDKException": ["ServerlessError"],
    "FunctionError": ["TencentServerlessSDKException"],
    "InvocationError": ["TencentServerlessSDKException"],
    "CloudError": ["ServerlessError", "TencentCloudSDKException"],
    "APIError": ["CloudError"],
    "AuthError": ["APIError"],
    "NotFoundError": ["APIError"],
    "ParameterError": ["APIError"],
    "ThrottledError": ["APIError"],
    "TransportError": ["CloudError"],
    "ConnectError": ["TransportError"],
    "InvokeTimeoutError": ["TransportError", "TimeoutError"],
    "ProtocolError": ["TransportError"],
    "SettingsError": ["CloudError", "ValueError"],
    "EventError": ["ServerlessError", "ValueError", "TypeError"],
}


def full(family):
    """An error of this class with every attribute set."""
    error = family("the.code", "the message", "the-request-id", {"Response": {"a": [1, None]}}, TRACEBACK)
    error.status_code = 430
    error.executed = "yes"
    error.log_tail = "START\nEND"
    error.phase = "tls"
    error.index = 17
    error.function_name, error.region, error.namespace = "Prices", "ap-guangzhou", "default"
    return error


def test_the_tree():
    """The tree is the documented one, and holds every public error."""
    for name, bases in TREE.items():
        assert [base.__name__ for base in getattr(errors, name).__bases__] == bases, name
    assert {family.__name__ for family in OURS} == set(TREE)
    assert set(errors.__all__) == set(TREE) | {"TencentCloudSDKException", "TencentserverlessSDKException"}


def test_what_old_programs_catch():
    """Errors of the function are the historic class; those of the cloud are the official SDK's, and never both."""
    official = pytest.importorskip("tencentcloud.common.exception.tencent_cloud_sdk_exception")
    for family in OURS:
        is_historic = issubclass(family, errors.TencentServerlessSDKException)
        is_official = issubclass(family, official.TencentCloudSDKException)
        assert not (is_historic and is_official)
        assert is_historic == (family.__name__ in ("TencentServerlessSDKException", "FunctionError", "InvocationError"))
        assert is_official == issubclass(family, errors.CloudError)
    assert errors.TencentserverlessSDKException is errors.TencentServerlessSDKException


def test_what_python_programs_catch():
    """A time-out is a TimeoutError, a wrong setting a ValueError, a wrong event a ValueError and a TypeError."""
    for family, also in [
        (errors.InvokeTimeoutError, TimeoutError),
        (errors.SettingsError, ValueError),
        (errors.EventError, ValueError),
        (errors.EventError, TypeError),
    ]:
        with pytest.raises(also) as caught:
            raise full(family)
        assert caught.value.code == "the.code"


@pytest.mark.parametrize("family", OURS)
def test_the_documented_constructor(family):
    """Every error is made of code, message, request id, response and stack trace, in this order or by name."""
    by_order = family(430, "message", "id", {"a": 1}, "trace")
    by_name = family(code=430, message="message", request_id="id", response={"a": 1}, stack_trace="trace")
    for error in (by_order, by_name):
        assert (error.code, error.message, error.request_id) == (430, "message", "id")
        assert (error.response, error.stack_trace) == ({"a": 1}, "trace")
        assert (error.get_code(), error.get_message(), error.get_request_id()) == (430, "message", "id")
        assert (error.get_response(), error.get_stack_trace()) == ({"a": 1}, "trace")
        assert error.args == (430, "message", "id", {"a": 1}, "trace")


@pytest.mark.parametrize("family", OURS)
def test_an_error_of_nothing(family):
    """Every argument has a default."""
    error = family()
    assert (error.code, error.message, error.request_id, error.response) == (None, None, None, None)
    assert (error.stack_trace, error.status_code, error.log_tail) == ("", None, "")
    assert (error.function_name, error.region, error.namespace) == (None, None, None)
    assert str(error) == "no message"


COPIES = [lambda error, number=number: pickle.loads(pickle.dumps(error, number)) for number in range(5)]


@pytest.mark.parametrize("copied", [*COPIES[: pickle.HIGHEST_PROTOCOL + 1], copy.copy, copy.deepcopy])
@pytest.mark.parametrize("family", OURS)
def test_copies_keep_everything(family, copied):
    """Pickle, by every protocol, and copy keep the class, the text and every attribute."""
    error = full(family)
    twin = copied(error)
    assert type(twin) is family
    assert vars(twin) == vars(error)
    assert (twin.args, str(twin)) == (error.args, str(error))
    assert (twin.executed, twin.status_code, twin.phase, twin.index) == ("yes", 430, "tls", 17)


def test_a_copy_is_not_the_same():
    """What is done to a copy is not done to the error."""
    error = full(errors.FunctionError)
    twin = copy.deepcopy(error)
    twin.response["Response"]["a"].append(2)
    twin.executed = "no"
    assert (error.response, error.executed) == ({"Response": {"a": [1, None]}}, "yes")


@pytest.mark.parametrize("family", OURS)
def test_the_text(family):
    """The first line names the function, its place and its fate; the remote traceback and the log tail follow."""
    error = full(family)
    first, *rest = str(error).splitlines()
    assert first.startswith("Prices (ap-guangzhou/default)")
    assert "; it ran [" in first
    assert "the message" in first or "ValueError: x" in first
    assert [line for line in rest if not line.startswith("Hint: ")] == [
        '  File "/var/user/index.py", line 4',
        *["The end of the log:", "  START", "  END"],
    ]
    error.stack_trace = error.log_tail = ""
    assert len([line for line in str(error).splitlines() if not line.startswith("Hint: ")]) == 1


@pytest.mark.parametrize("family", OURS)
def test_an_error_without_a_function(family):
    """An error that a program made shows its message, and a code that says something to people."""
    error = family("the.code", "the message", "id")
    assert str(error).startswith("the message")
    assert str(error).endswith("request id]")
    assert "None" not in str(family(-1, "the message"))
    assert "-1" not in str(family(-1, "the message"))
    assert error.chain == ()


def test_odd_values():
    """An error that a program made of other types than ours can be printed."""
    error = errors.FunctionError(430, ["a", 1], 5, {}, ["frame"])
    error.function_name, error.executed = "Prices", True
    assert str(error).startswith("Prices (default) raised ['frame']; it may have run [request 5]")


def test_the_log_without_a_traceback():
    """Where there is no remote traceback, the log tail follows at once."""
    error = errors.InvocationError(-1, "timed out", "id")
    error.log_tail = "END"
    assert str(error) == "timed out [request id]\nThe end of the log:\n  END"


@pytest.mark.parametrize("copied", [*COPIES[: pickle.HIGHEST_PROTOCOL + 1], copy.copy])
def test_copies_have_the_chain(copied):
    """The chain of a copy is that of the error."""
    error = full(errors.FunctionError)
    assert copied(error).chain == error.chain
    assert error.chain[0][:3] == ("Prices", "ap-guangzhou", "default")


@pytest.mark.parametrize(
    ("family", "executed"),
    [
        (errors.FunctionError, "yes"),
        (errors.ConnectError, "no"),
        (errors.SettingsError, "no"),
        (errors.EventError, "no"),
        (errors.InvocationError, "maybe"),
        (errors.InvokeTimeoutError, "maybe"),
        (errors.TransportError, "maybe"),
        (errors.APIError, "maybe"),
    ],
)
def test_what_a_class_says_of_the_handler(family, executed):
    """An error of which nothing else is known says of the handler what its class knows."""
    assert family().executed == executed
    assert family().safe_to_retry == (executed == "no")


@pytest.mark.parametrize(("executed", "is_safe"), [("no", True), ("maybe", False), ("yes", False)])
def test_when_it_is_safe_to_retry(executed, is_safe):
    """An invocation may be sent again without harm where the handler did not run, and nowhere else."""
    error = full(errors.APIError)
    error.executed = executed
    assert error.safe_to_retry is is_safe


def test_the_official_spelling():
    """Errors of the cloud have the request id under the official class's name too."""
    error = errors.AuthError("code", "message", "id")
    assert (error.requestId, error.get_request_id()) == ("id", "id")


def test_every_error_says_what_it_means():
    """Every class has a docstring of its own."""
    for family in OURS:
        assert (family.__doc__ or "").strip()
        assert all(family.__doc__ != base.__doc__ for base in family.__bases__)


PROGRAM = """
import sys
sys.modules["tencentcloud"] = None
from tencentserverless import exception as errors
error = errors.AuthError("code", "message", "id")
assert isinstance(error, errors.TencentCloudSDKException)
assert issubclass(errors.TencentCloudSDKException, Exception)
import pickle
twin = pickle.loads(pickle.dumps(error))
print(str(twin), type(twin).__mro__[-3].__module__)
"""


def test_without_the_official_sdk():
    """A deployment package without the official SDK has the same tree, on a stand-in for its class."""
    source = os.path.dirname(os.path.dirname(os.path.abspath(errors.__file__)))
    told = subprocess.check_output(
        [sys.executable, "-W", "error", "-c", PROGRAM], env=dict(os.environ, PYTHONPATH=source)
    )
    assert told.decode("ascii").strip().startswith("message [code, request id]")
