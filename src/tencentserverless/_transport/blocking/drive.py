"""Runs a generator and performs whatever it yields: the driver of blocking code."""

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator


def drive(steps: "Generator[Any, Any, Any]", perform: "Callable[[Any], Any]") -> "Any":
    """Run `steps` to its end and return its value.

    `perform` is called with everything that `steps` yields. Its result is sent into the generator, and its exception is
    thrown into it.
    """
    try:
        wanted = next(steps)
        while True:
            try:
                answer = perform(wanted)
            except Exception as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(answer)
    except StopIteration as end:
        return end.value
