"""What a trace is told, and the spans that are made of it."""

import asyncio
import os
import signal

import pytest

from tencentserverless import exception as errors
from tests.clients import KINDS, client_of
from tests.loopback import Server, answering, failure, http, read_request, refusal, result


@pytest.fixture(params=KINDS)
def open_client(request):
    """Makes clients of both kinds."""
    return lambda server, **settings: client_of(request.param, server.endpoint, **settings)


def test_every_effect_is_told_in_its_order_with_timings(open_client):
    """A first invocation opens, writes, reads and keeps; each step says what it took and how many bytes."""
    steps = []
    with Server(answering(http(result()))) as server, open_client(server, trace=steps.append) as client:
        client.invoke("f", namespace="ns", qualifier="3")
    assert [step.name for step in steps] == ["begin", "open", "write", "read", "keep", "end"]
    assert len({id(step.about) for step in steps}) == 1
    about = steps[0].about
    assert (about.function_name, about.namespace, about.qualifier) == ("f", "ns", "3")
    assert (about.action, about.region, about.endpoint) == ("Invoke", "ap-guangzhou", server.endpoint)
    assert all(step.seconds >= 0 for step in steps)
    assert steps[-1].seconds >= sum(step.seconds for step in steps[1:-1])
    assert steps[2].size > 400
    assert steps[3].size == len(http(result()))
    assert steps[-1].result.request_id == "r" * 36


def test_a_second_attempt_is_seen(open_client):
    """A throttled invocation shows its pause and its second attempt."""
    steps, answers = [], [http(refusal("RequestLimitExceeded")), http(result())]
    with Server(answering(lambda head, body: answers.pop(0))) as server:
        with open_client(server, trace=steps.append) as client:
            client.invoke("f")
    attempt = ["open", "write", "read", "keep"]
    assert [step.name for step in steps] == ["begin", *attempt, "sleep", *attempt, "end"]


def test_a_failure_is_told_with_its_error(open_client):
    """The last step of a failed invocation carries the error that is raised; a fault says what went wrong."""
    steps = []
    with Server(answering(http(failure(430)))) as server, open_client(server, trace=steps.append) as client:
        with pytest.raises(errors.FunctionError) as caught:
            client.invoke("f")
        assert steps[-1].error is caught.value
    steps.clear()
    with open_client(server, trace=steps.append) as client:
        with pytest.raises(errors.ConnectError):
            client.invoke("f", timeout=20)
    assert (steps[1].name, "Errno" in steps[1].error) == ("open", True)


def test_a_trace_that_fails_does_not_fail_the_invocation(open_client):
    """What a trace raises is a warning: the function ran, and its result is returned."""

    def trace(step):
        raise LookupError("broken trace")

    with Server(answering(http(result()))) as server, open_client(server, trace=trace) as client:
        with pytest.warns(RuntimeWarning, match="broken trace"):
            assert client.invoke("f").value == "Hello World"


def test_an_invocation_becomes_a_span(open_client):
    """spans() makes one client span for an invocation, with the FaaS attributes and the request id."""
    trace_sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    exporter = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    from tencentserverless.otel import spans

    provider = trace_sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    answers = [http(result()), http(failure(433))]
    with Server(answering(lambda head, body: answers.pop(0))) as server:
        with open_client(server, trace=spans(provider.get_tracer("test"))) as client:
            client.invoke("f", region="ap-chengdu")
            with pytest.raises(errors.InvocationError):
                client.invoke("f")
    good, bad = exporter.get_finished_spans()
    assert (good.name, good.kind.name, good.status.status_code.name) == ("f", "CLIENT", "UNSET")
    assert good.attributes["faas.invoked_name"] == "f"
    assert good.attributes["faas.invoked_provider"] == "tencent_cloud"
    assert good.attributes["faas.invoked_region"] == "ap-chengdu"
    assert good.attributes["tencentserverless.request_id"] == "r" * 36
    assert [event.name for event in good.events] == ["open"]
    assert bad.status.status_code.name == "ERROR"
    assert (bad.attributes["error.type"], bad.attributes["tencentserverless.executed"]) == ("InvocationError", "yes")
    provider.shutdown()


def silent(connection, number):
    """Read requests and never answer. The first one interrupts this process."""
    read_request(connection)
    os.kill(os.getpid(), signal.SIGUSR1)
    read_request(connection)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has such signals")
def test_a_trace_ends_if_the_invocation_is_broken_off(request):
    """KeyboardInterrupt passes through as it is, and is the last thing that the trace is told."""
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGUSR1, before))
    steps = []
    with Server(silent) as server, client_of("blocking", server.endpoint, trace=steps.append) as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.invoke("f")
    assert [step.name for step in steps if step.name in ("begin", "end")] == ["begin", "end"]
    assert steps[-1].error is caught.value


def test_a_cancelled_invocation_ends_its_span():
    """The span of a task that is cancelled ends with the cancellation as its error, before the task does."""
    spans = pytest.importorskip("tencentserverless.otel").spans
    trace_sdk = pytest.importorskip("opentelemetry.sdk.trace")
    ended = []

    class Processor(trace_sdk.SpanProcessor):
        def on_end(self, span):
            ended.append(span)

    def answer_nothing(connection, number):
        read_request(connection)
        loop.call_soon_threadsafe(task.cancel)
        read_request(connection)

    provider = trace_sdk.TracerProvider()
    provider.add_span_processor(Processor())
    tracer = provider.get_tracer("test")
    with Server(answer_nothing) as server, client_of("asyncio", server.endpoint, trace=spans(tracer)) as driven:
        loop = driven.loop
        task = loop.create_task(driven.client.invoke("f"))
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        (span,) = ended
    assert span.status.status_code.name == "ERROR"
    assert span.attributes["error.type"] == "CancelledError"
    assert "tencentserverless.executed" not in span.attributes
    provider.shutdown()
