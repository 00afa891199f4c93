"""Event invocations and their handles, of both clients."""

import json

import pytest

from tencentserverless import exception as errors
from tencentserverless._functions import event_handle
from tests.clients import KINDS, Driven, client_of
from tests.loopback import Server, answering, header, http, refusal, result


class Platform:
    """Answers the actions on one event; `says` maps an action to its answers, the last of which is repeated."""

    def __init__(self, **says):
        self.says = says
        self.asked = []

    def __call__(self, head, body):
        action = header(head, "X-TC-Action")
        self.asked.append((action, json.loads(body.decode("ascii"))))
        if action == "Invoke":
            return http(result("", FunctionRequestId="event-1"))
        answers = self.says[action]
        return http(answers.pop(0) if len(answers) > 1 else answers[0])


def inner(**fields):
    """An answer of an action."""
    return {"Response": dict(fields, RequestId="r" * 36)}


def of_event(status, code=200):
    return inner(Result={"Status": status, "StatusCode": code, "InvokeRequestId": "event-1"})


def of_request(ret_code, ret_msg="", retry=0):
    return inner(TotalCount=1, Data=[{"RetCode": ret_code, "RetMsg": ret_msg, "RetryNum": retry}])


PLAIN = refusal("ResourceNotFound.AsyncEvent")


@pytest.fixture(params=KINDS)
def send(request, monkeypatch):
    """Sends an event to a platform and returns a way to call the methods of its handle."""
    monkeypatch.setattr(event_handle, "FIRST_INTERVAL", 0.01)
    opened = []

    def sending(platform):
        server = Server(answering(platform)).__enter__()
        client = client_of(request.param, server.endpoint).__enter__()
        opened.extend([client, server])
        if isinstance(client, Driven):
            handle = client.run(client.client.function("f", namespace="ns").send({"a": 1}))
            return handle, lambda name, *arguments: client.run(getattr(handle, name)(*arguments))
        handle = client.function("f", namespace="ns").send({"a": 1})
        return handle, lambda name, *arguments: getattr(handle, name)(*arguments)

    yield sending
    for one in opened:
        one.__exit__(None, None, None)


def test_sending_returns_at_once_with_the_request_id(send):
    """send invokes with type Event and returns a handle that knows the event's request id."""
    platform = Platform()
    handle, _ = send(platform)
    assert handle.request_id == "event-1"
    assert handle.result_of_sending.value is None
    action, told = platform.asked[0]
    assert (action, told["InvocationType"], told["Namespace"]) == ("Invoke", "Event", "ns")


def test_the_status_of_an_async_execution_function(send):
    """Of a function made for asynchronous execution, GetAsyncEventStatus tells."""
    _, call = send(Platform(GetAsyncEventStatus=[of_event("RUNNING"), of_event("FAILED", 430)]))
    assert (call("status").state, call("status").status_code) == ("RUNNING", 430)


def test_the_status_of_a_plain_function(send):
    """Of any other function GetRequestStatus tells, and the handle remembers that."""
    platform = Platform(GetAsyncEventStatus=[PLAIN], GetRequestStatus=[of_request(1), of_request(0, '"done"')])
    _, call = send(platform)
    running, done = call("status"), call("status")
    assert (running.state, running.is_final) == ("RUNNING", False)
    assert (done.state, done.is_final, done.ret_msg) == ("FINISHED", True, '"done"')
    assert [action for action, _ in platform.asked] == ["Invoke", "GetAsyncEventStatus"] + ["GetRequestStatus"] * 2


def test_a_failed_try_that_may_be_repeated_is_not_final(send):
    """The platform tries a failed event again, so its failure is final only after the last try."""
    platform = Platform(GetAsyncEventStatus=[PLAIN], GetRequestStatus=[of_request(-1), of_request(-1, retry=2)])
    _, call = send(platform)
    assert [call("status").is_final for _ in range(2)] == [False, True]


def test_no_record_is_unknown(send):
    """Where the platform has no record the state is UNKNOWN, and not final."""
    _, call = send(Platform(GetAsyncEventStatus=[PLAIN], GetRequestStatus=[inner(TotalCount=0, Data=[])]))
    assert (call("status").state, call("status").is_final) == ("UNKNOWN", False)


def test_the_result_is_waited_for_and_decoded(send):
    """result() looks until the event is finished, and returns the decoded value."""
    answers = [inner(TotalCount=0, Data=[]), of_request(1), of_request(0, '{"done": true}')]
    _, call = send(Platform(GetAsyncEventStatus=[PLAIN], GetRequestStatus=answers))
    assert call("result") == {"done": True}


def test_a_failure_of_the_event_is_raised_by_result(send):
    """result() raises the error that the function ended with."""
    told = {"errorCode": -1, "errorMessage": "user code exception caught", "stackTrace": "T", "statusCode": 430}
    _, call = send(Platform(GetAsyncEventStatus=[PLAIN], GetRequestStatus=[of_request(-1, json.dumps(told), 2)]))
    with pytest.raises(errors.FunctionError) as caught:
        call("result")
    assert (caught.value.status_code, caught.value.stack_trace, caught.value.request_id) == (430, "T", "event-1")


def test_an_aborted_event_is_an_error(send):
    """result() of an event that was terminated raises an InvocationError with status code 499."""
    says = {"GetAsyncEventStatus": [of_event("ABORTED", 499)], "GetRequestStatus": [inner(TotalCount=0, Data=[])]}
    _, call = send(Platform(**says))
    with pytest.raises(errors.InvocationError) as caught:
        call("result")
    assert caught.value.status_code == 499


def test_waiting_ends_in_time(send):
    """wait(timeout) returns what is known at its end; result(timeout) raises InvokeTimeoutError."""
    _, call = send(Platform(GetAsyncEventStatus=[of_event("RUNNING")]))
    assert call("wait", 0.05).state == "RUNNING"
    with pytest.raises(errors.InvokeTimeoutError, match=r"f .*gave no result; it may have run: the event is RUNNING"):
        call("result", 0.05)
    assert call("wait", 0).state == "RUNNING"
    for wrong in ("5", float("nan"), -1):
        with pytest.raises(errors.SettingsError, match="timeout is a positive number of seconds"):
            call("wait", wrong)


def test_cancelling(send):
    """cancel() terminates the event; where the platform refuses, its error is raised."""
    platform = Platform(TerminateAsyncEvent=[inner(), refusal("ResourceNotFound.AsyncEvent")])
    _, call = send(platform)
    assert call("cancel") is None
    with pytest.raises(errors.NotFoundError):
        call("cancel")
    told = {"FunctionName": "f", "InvokeRequestId": "event-1", "Namespace": "ns"}
    assert platform.asked[1] == ("TerminateAsyncEvent", told)


def test_an_event_is_found_again_by_its_request_id():
    """client.invocation makes a handle in another process."""
    platform = Platform(GetAsyncEventStatus=[of_event("FINISHED")])
    with Server(answering(platform)) as server, client_of("blocking", server.endpoint) as client:
        handle = client.invocation("event-1", "f", namespace="ns", region="ap-chengdu")
        assert handle.status().state == "FINISHED"
        assert handle.result_of_sending is None
