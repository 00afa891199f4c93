"""Stubs: answers that a test gives in the place of functions."""

import inspect
import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tencentserverless.local.doubles.status_codes import STATUS_CODES
from tencentserverless.local.doubles.ways import WAYS, Way
from tencentserverless.local.functions.catalog import Lookup
from tencentserverless.local.instances.ticket import Done
from tencentserverless.local.invocations.lifecycle import Runner
from tencentserverless.local.model import event_json
from tencentserverless.local.model.api_errors import Refusal
from tencentserverless.local.model.function import FUNCTION_NAME, Function, Key
from tencentserverless.local.model.invocation import Invocation, Outcome

Times = int | range | None
Answer = Callable[[Any, dict[str, Any]], Any]

_THIS_FILE = __file__


@dataclass(eq=False)
class Stub:
    """An answer in the place of a function.

    answer: returns the result of an event. None if `status` is the answer.
    way: a fault of the way. The invocation is answered by what is behind this stub: another stub, or the function.
    region, namespace: where the stub is; None for everywhere.
    times: how often it may be used; None for at least once.
    optional: whether it may stay unused.
    raises: whether the test wants `answer` to raise.
    is_first: whether it comes before all others, and once it is used up no longer counts.
    made_at: the line of the test that made it.
    request_ids: of the invocations that it has answered.
    """

    name: str
    answer: Answer | None
    status: int | None = None
    way: Way | None = None
    region: str | None = None
    namespace: str | None = None
    times: Times = None
    optional: bool = False
    raises: bool = False
    is_first: bool = False
    made_at: str = ""
    request_ids: list[str] = field(default_factory=list)

    @property
    def least(self) -> int:
        """The smallest number of uses."""
        least = 1 if self.times is None else self.times if isinstance(self.times, int) else self.times.start
        return 0 if self.optional else least

    @property
    def most(self) -> int | None:
        """The largest number of uses. None if there is no limit."""
        return self.times if self.times is None or isinstance(self.times, int) else self.times.stop - 1

    @property
    def is_used_up(self) -> bool:
        return self.most is not None and len(self.request_ids) >= self.most

    def is_for(self, key: Key) -> bool:
        region, namespace, name = key
        return name == self.name and self.region in (None, region) and self.namespace in (None, namespace)

    def outcome(self, invocation: Invocation) -> Outcome:
        """The outcome of a stub with a status. Raises `Refusal` for an error of the API."""
        event_json.check_event(invocation.event)
        assert self.status is not None
        return STATUS_CODES[self.status].outcome(invocation)


def new_stub(name: str, answers: dict[str, Any], times: Times = None, **settings: Any) -> Stub:
    """Make a stub. answers: the one of `returns`, `raises`, `status`, `fault` and `calls` that the test gave.

    Raises ValueError or TypeError, with a text that says how to call `stub`.
    """
    if not FUNCTION_NAME.fullmatch(name):
        raise ValueError(f"stub: `{name}` cannot be the name of a function")
    if len(answers) != 1:
        raise TypeError(f"stub({name!r}) takes one of returns=, raises=, status=, fault= and calls=")
    if times is not None and not isinstance(times, (int, range)):
        raise TypeError(f"stub({name!r}): times is a number or a range, not {type(times).__name__}")
    if times is not None and not (times >= 0 if isinstance(times, int) else times and times.start >= 0):
        raise ValueError(f"stub({name!r}): times is 0 or more, or a range such as range(1, 4), not {times}")
    ((kind, value),) = answers.items()
    settings.update(times=times, made_at=_calling_line())
    if kind == "status":
        _check_choice(name, kind, value, STATUS_CODES)
        return Stub(name, None, value, **settings)
    if kind == "fault":
        _check_choice(name, kind, value, WAYS)
        return Stub(name, _returning(None), way=WAYS[value], **settings)
    answer = {"returns": _returning, "raises": _raising, "calls": _calling}[kind](value)
    return Stub(name, answer, raises=kind == "raises", **settings)


def _check_choice(name: str, kind: str, value: Any, choices: Collection[Any]) -> None:
    if value not in choices:
        raise ValueError(f"stub({name!r}): {kind} is one of {', '.join(map(str, choices))}, not {value!r}")


class Stubs:
    """The stubs of an endpoint. They hide the functions of the same names.

    If several stubs are for one function, those with `times` are used first, in the order in which they were made.
    After that the newest one without `times` answers. If it is the turn of a fault of the way, the newest one without
    `times` is what runs behind it.

    served: the functions that the endpoint serves.
    """

    def __init__(self, served: Lookup) -> None:
        self.all: list[Stub] = []
        self.answered: dict[str, Stub] = {}  # by request id
        self._served = served
        self._functions: dict[Key, Function] = {}

    def add(self, stub: Stub) -> None:
        self.all.append(stub)

    def discard(self, stub: Stub) -> None:
        self.all = [other for other in self.all if other is not stub]

    def clear(self) -> None:
        for found in (self.all, self.answered, self._functions):
            found.clear()

    def stub_for(self, invocation: Invocation) -> Stub | None:
        """Choose the stub that answers this invocation, and count it. None if the function is not a stub."""
        if not isinstance(invocation.function.call, _Turn):
            return None
        stub = self.answered.get(invocation.request_id)
        if stub is None:
            stub = self.answered[invocation.request_id] = _turn(self._for(invocation.function.key, with_ways=False))
        if stub.way is None:
            stub.request_ids.append(invocation.request_id)
        return stub

    def way_of(self, key: Key, request_id: str) -> Way | None:
        """The fault of the way that the invocation with this id meets, if it is the turn of one. It is counted."""
        stubs = self._for(key) if self.all else []
        stub = _turn(stubs) if stubs else None
        if stub is None or stub.way is None or stub.is_used_up:
            return None
        stub.request_ids.append(request_id)
        behind = self._for(key, with_ways=False)
        self.answered[request_id] = ([other for other in behind if other.most is None] or behind)[-1]
        return stub.way

    def _for(self, key: Key, *, with_ways: bool = True) -> list[Stub]:
        """The stubs of a function. Without faults of the way, unless there is nothing else."""
        stubs = [stub for stub in self.all if stub.is_for(key)]
        return stubs if with_ways else [stub for stub in stubs if stub.way is None] or stubs

    # The methods of `Lookup`.

    def get(self, key: Key) -> Function | None:
        """The function with this key, with stubs in the place of functions. None if there is neither."""
        served = self._served.get(key)
        if not self._is_hidden(key, is_served=served is not None):
            return served
        if key not in self._functions:
            region, namespace, name = key
            hidden = served or Function(name, Path(), region, namespace, origin="a stub")
            self._functions[key] = replace(hidden, call=_Turn(self.answered))
        return self._functions[key]

    def _is_hidden(self, key: Key, *, is_served: bool) -> bool:
        """Whether stubs answer for this function. Over a function that is served a fault of the way does not."""
        stubs = [stub for stub in self.all if stub.is_for(key) and not (stub.is_first and stub.is_used_up)]
        return any(stub.way is None or not is_served for stub in stubs)

    def named(self, name: str) -> list[Function]:
        return self._served.named(name)

    def inside(self, region: str, namespace: str) -> list[Function]:
        return self._served.inside(region, namespace)

    def namespaces(self, region: str) -> list[str]:
        return self._served.namespaces(region)

    def refusal(self, name: str) -> str:
        return self._served.refusal(name)


def _turn(stubs: list[Stub]) -> Stub:
    """The one of these stubs that is used next."""
    limited = [stub for stub in stubs if stub.most is not None]
    free = [stub for stub in limited if not stub.is_used_up]
    endless = [stub for stub in stubs if stub.most is None]
    first = [stub for stub in stubs if stub.is_first and not stub.is_used_up]
    return (first or free or endless[-1:] or limited[-1:])[0]


class StubRunner:
    """Runs the invocations of handlers in this process, and lets stubs answer theirs.

    handlers: runs the code of handlers and stubs.
    """

    def __init__(self, stubs: Stubs, handlers: Runner) -> None:
        self._stubs = stubs
        self._handlers = handlers

    def run(self, invocation: Invocation, done: Done) -> None:
        stub = self._stubs.stub_for(invocation)
        if stub is None or stub.status is None:
            self._handlers.run(invocation, done)
            return
        try:
            done(stub.outcome(invocation))
        except Refusal as refusal:
            done(refusal)


class _Turn:
    """The handler of a function that has stubs. It calls the stub that was chosen for the request."""

    hidden_files = (__file__,)  # in tracebacks

    def __init__(self, answered: dict[str, Stub]) -> None:
        self._answered = answered

    def __call__(self, event: Any, context: dict[str, Any]) -> Any:
        answer = self._answered[context["request_id"]].answer
        assert answer is not None
        return answer(event, context)


def _returning(value: Any) -> Answer:
    return lambda _event, _context: value


def _raising(error: Any) -> Answer:
    if not (isinstance(error, BaseException) or (isinstance(error, type) and issubclass(error, BaseException))):
        raise TypeError(f"stub: raises is an exception, not {type(error).__name__}")

    def answer(_event: Any, _context: dict[str, Any]) -> Any:
        raise error

    return answer


def _calling(function: Any) -> Answer:
    """The answer of a function of the test, which takes the event, or the event and the context."""
    if not callable(function):
        raise TypeError(f"stub: calls is a function, not {type(function).__name__}")
    if inspect.iscoroutinefunction(function):
        raise TypeError("stub: calls is an ordinary function, not a coroutine function: nothing would await it")
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        return lambda event, _context: function(event)
    except ValueError:  # a function of C, which has no signature
        pass
    return function  # type: ignore[no-any-return]


def _calling_line() -> str:
    """File and line of the code that called `LocalSCF.stub`."""
    package = str(Path(_THIS_FILE).parent.parent)
    for file, line in _frames():
        if not file.startswith(package):
            path = Path(file)
            here = Path.cwd()
            return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{line}"
    return ""


def _frames() -> Iterator[tuple[str, int]]:
    for frame, line in traceback.walk_stack(None):
        yield frame.f_code.co_filename, line
