"""The caller's context variables (its span, its request id) go with its callables to other threads and tasks."""

from functools import partial

try:
    from contextvars import copy_context  # novm
except ImportError:  # Python 3.6
    copy_context = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_UNSET = object()


def with_context(call: "Callable[..., Any]") -> "Callable[..., Any]":
    """`call`, to be made on another thread. There it sees the context variables that are set here now."""
    return call if copy_context is None else partial(copy_context().run, call)


class Context:
    """A copy of the present context, in which tasks call an iterator of the caller by turns.

    An iterator may set a variable before it gives an event, and reset it afterwards, which Python allows in the same
    context only.
    """

    def __init__(self) -> None:
        self._context: "Any" = None if copy_context is None else copy_context()

    def run(self, call: "Callable[..., Any]", *arguments: "Any") -> "Any":
        """Call in this context. Afterwards its variables are set in the caller's own context, too."""
        if self._context is None:
            return call(*arguments)
        answer = self._context.run(call, *arguments)
        for variable, value in self._context.items():
            if variable.get(_UNSET) is not value:
                variable.set(value)
        return answer
