"""OpenTelemetry spans for invocations, named by the semantic conventions for FaaS clients.

::

    from tencentserverless.otel import spans

    client = Client(trace=spans())

This module needs the extra ``tencentserverless[otel]``. https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/
"""

try:
    from opentelemetry.trace import SpanKind, StatusCode, get_tracer
except ModuleNotFoundError as _missing:
    if _missing.name not in ("opentelemetry", "opentelemetry.trace"):
        raise
    raise ModuleNotFoundError(
        f'tencentserverless.otel needs its extra ({_missing.name} is missing): pip install "tencentserverless[otel]"',
        name=_missing.name,
    ) from _missing

from tencentserverless._version import __version__
from tencentserverless.exception import ServerlessError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from opentelemetry.trace import Span, Tracer

    from tencentserverless._protocol.trace import Step

__all__ = ("spans",)


def spans(tracer: "Optional[Tracer]" = None) -> "Callable[[Step], None]":
    """Return a function for the argument `trace` of a client. It creates a span for each invocation.

    The span has an event for each attempt and for each failure.
    tracer: the tracer to use, None for the global one.
    """
    used = get_tracer("tencentserverless", __version__) if tracer is None else tracer

    def trace(step: "Step") -> None:
        about: "Any" = step.about
        if step.name == "begin":
            about.span = _begin(used, about)
        elif step.name == "end":
            _end(about.span, step)
        elif step.error is not None or step.name in ("open", "sleep"):
            _note(about.span, step)

    return trace


def _begin(tracer: "Tracer", about: "Any") -> "Span":
    attributes = {
        "faas.invoked_provider": "tencent_cloud",
        "faas.invoked_region": about.region,
        "rpc.system": "tencentcloud-api",
        "rpc.method": about.action,
        "server.address": about.endpoint,
    }
    if about.function_name is not None:
        attributes["faas.invoked_name"] = about.function_name
        attributes["tencentserverless.namespace"] = about.namespace
        attributes["tencentserverless.qualifier"] = about.qualifier
    return tracer.start_span(about.function_name or about.action, kind=SpanKind.CLIENT, attributes=attributes)


def _note(span: "Span", step: "Step") -> None:
    attributes: "Any" = {"seconds": step.seconds}
    if step.error is not None:
        attributes["error"] = str(step.error)
    span.add_event(step.name, attributes)


def _end(span: "Span", step: "Step") -> None:
    outcome = step.result if step.error is None else step.error
    request_id = getattr(outcome, "request_id", None)
    if request_id is not None:
        span.set_attribute("tencentserverless.request_id", request_id)
    if step.error is not None:
        span.set_attribute("error.type", type(step.error).__name__)
        if isinstance(step.error, ServerlessError):  # else it was broken off
            span.set_attribute("tencentserverless.executed", step.error.executed)
        span.set_status(StatusCode.ERROR, str(getattr(step.error, "message", step.error)))
    span.end()
