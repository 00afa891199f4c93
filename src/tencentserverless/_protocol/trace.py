"""What happens in an exchange, told to the caller's `trace` step by step, with timings."""

from tencentserverless._protocol.effects import READ, Fault, Signal, Write
from tencentserverless.exception import ServerlessError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Optional

    from tencentserverless._protocol.effects import Effect
    from tencentserverless._protocol.invoke import Invocation

    Trace = Callable[["Step"], Any]


class About(object):
    """What is invoked; the same object in every step of one invocation, so a trace may keep things on it.

    function_name, namespace, qualifier: None for actions that are no invocations.
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
        return "<%s %s/%s/%s at %s>" % (self.action, self.region, self.namespace, self.function_name, self.endpoint)


class Step(object):
    """name: "begin", "open", "write", "read", "keep", "close", "sleep" or "end".

    seconds: what it took; of "end", the whole invocation. size: bytes written or read, else None.
    error: what went wrong, else None: a text, and of "end" the ServerlessError that is raised.
    result: of "end", what is returned (with `request_id`).
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
        return "<Step %s %.6f s%s>" % (self.name, self.seconds, "" if self.error is None else ", %s" % (self.error,))


def traced(
    steps: "Generator[Effect, Any, Any]", invocation: "Invocation", clock: "Callable[[], float]"
) -> "Generator[Effect, Any, Any]":
    """The same exchange, with every effect told to the invocation's trace."""
    assert invocation.trace is not None
    about, tell = invocation.about, invocation.trace
    start = clock()
    tell(Step(about, "begin", 0.0))
    try:
        effect = next(steps)
        while True:
            began = clock()
            try:
                answer = yield effect
            except (Fault, ServerlessError) as error:
                tell(Step(about, _name(effect), clock() - began, error=getattr(error, "reason", None) or str(error)))
                effect = steps.throw(error)
            else:
                tell(Step(about, _name(effect), clock() - began, _size(effect, answer)))
                effect = steps.send(answer)
    except StopIteration as end:
        tell(Step(about, "end", clock() - start, result=end.value))
        return end.value
    except ServerlessError as error:
        tell(Step(about, "end", clock() - start, error=error))
        raise


def _name(effect: "Effect") -> str:
    return effect.name.lower() if isinstance(effect, Signal) else type(effect).__name__.lower()


def _size(effect: "Effect", answer: "Any") -> "Optional[int]":
    if type(effect) is Write:
        return len(effect.data)
    return len(answer) if effect is READ else None
