"""Runs a generator and awaits whatever it yields: the driver of coroutines."""

from asyncio import CancelledError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Awaitable, Callable, Generator


async def drive(steps: "Generator[Any, Any, Any]", perform: "Callable[[Any], Awaitable[Any]]") -> "Any":
    """Run `steps` to its end and return its value; as `blocking.drive`, with `perform` awaited."""
    try:
        wanted = next(steps)
        while True:
            try:
                answer = await perform(wanted)
            except CancelledError:  # before Python 3.8 it is an Exception, and the generator must not catch it
                raise
            except Exception as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(answer)
    except StopIteration as end:
        return end.value
