"""Traces: the caller's `trace` gets a `Step` with timings for everything that happens in an exchange."""

from tencentserverless._protocol.effects import READ, Fault, Signal, Write
from tencentserverless.exception import ServerlessError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Optional

    from tencentserverless._protocol.effects import Effect
    from tencentserverless._protocol.invoke import Invocation

    Trace = Callable[["Step"], Any]


class About:
    """The invocation that a step belongs to.

    All steps of one invocation have the same object, so a trace may store things on it. function_name, namespace and
    qualifier are None for API actions that are not invocations.
    """

    def __init__(
        self,
        action: str,
        region: str,
        endpoint: str,
        function_name: "Optional[str]" = None,
        namespace: "Optional[str]" = None,
        qualifier: "Optional[str]" = None,
    ) -> None:
        self.action = action
        self.region = region
        self.endpoint = endpoint
        self.function_name = function_name
        self.namespace = namespace
        self.qualifier = qualifier

    def __repr__(self) -> str:
        return f"<{self.action} {self.region}/{self.namespace}/{self.function_name} at {self.endpoint}>"


class Step:
    """One thing that happened in an invocation.

    about: the invocation, an `About`.
    name: "begin", "open", "write", "read", "keep", "close", "sleep" or "end".
    seconds: how long it took; for "end", how long the whole invocation took.
    size: bytes written or read; None for other steps.
    error: what went wrong, as text; for "end" the exception that is raised: a ServerlessError, or another one
        if the invocation was broken off (`asyncio.CancelledError`, for example); None if nothing went wrong.
    result: for "end", the value that is returned (with `request_id`).
    """

    __slots__ = ("about", "error", "name", "result", "seconds", "size")

    def __init__(
        self,
        about: About,
        name: str,
        seconds: float,
        size: "Optional[int]" = None,
        error: "Any" = None,
        result: "Any" = None,
    ) -> None:
        self.about = about
        self.name = name
        self.seconds = seconds
        self.size = size
        self.error = error
        self.result = result

    def __repr__(self) -> str:
        error = "" if self.error is None else f", {self.error}"
        return f"<Step {self.name} {self.seconds:.6f} s{error}>"


def traced(
    steps: "Generator[Effect, Any, Any]", invocation: "Invocation", clock: "Callable[[], float]"
) -> "Generator[Effect, Any, Any]":
    """The same exchange; the invocation's trace is called for every effect."""
    assert invocation.trace is not None
    about, report = invocation.about, invocation.trace
    start = clock()
    report(Step(about, "begin", 0.0))
    try:
        effect = next(steps)
        while True:
            began = clock()
            try:
                answer = yield effect
            except (Fault, ServerlessError) as error:
                report(Step(about, _name(effect), clock() - began, error=getattr(error, "reason", None) or str(error)))
                effect = steps.throw(error)
            else:
                report(Step(about, _name(effect), clock() - began, _size(effect, answer)))
                effect = steps.send(answer)
    except StopIteration as end:
        report(Step(about, "end", clock() - start, result=end.value))
        return end.value
    except BaseException as error:
        answer = None  # a wrong server may have sent the request back, with the token in it
        report(Step(about, "end", clock() - start, error=error))
        raise


def _name(effect: "Effect") -> str:
    return effect.name.lower() if isinstance(effect, Signal) else type(effect).__name__.lower()


def _size(effect: "Effect", answer: "Any") -> "Optional[int]":
    if type(effect) is Write:
        return len(effect.data)
    return len(answer) if effect is READ else None
