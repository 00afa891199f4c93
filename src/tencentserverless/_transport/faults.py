"""The boundary to the outside: the errors of sockets, TLS, resolver and event loop become a `Fault` here.

Some exceptions only pass through, and are for the caller: those of a signal handler (see `_signals`), and those that
are of none of the families below (time limits that other threads raise, `gevent.Timeout`, cancellation).
"""

from tencentserverless._protocol.effects import Fault, Open, Sleep, Write
from tencentserverless._signals import pass_on

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from tencentserverless._protocol.effects import Effect

# With these, Python and its libraries report that something failed, or that an environment does not have it.
FAMILIES = (
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    MemoryError,
    AttributeError,
    LookupError,
    ImportError,
    AssertionError,
    EOFError,
)
_MAY_PASS = (OSError, RuntimeError, MemoryError)  # another attempt may succeed


def fault_of(phase: str, error: BaseException) -> Fault:
    """The Fault of an `error` of `FAMILIES` that a call outside the package raised. Raises what is for the caller."""
    try:
        pass_on(error)
        text = str(error)
        reason = text if text and isinstance(error, OSError) else f"{type(error).__name__} {text}".rstrip()
        fault = Fault(phase, reason, final=not isinstance(error, _MAY_PASS))
        fault.is_ours = not isinstance(error, ConnectionError) and type(error).__module__ != "ssl"
        fault.__cause__ = error
        return fault
    finally:
        del error  # see `pass_on`


def fault_of_effect(effect: "Effect", error: BaseException) -> Fault:
    """The Fault of an effect that could not be performed. A `Sleep` raises what the caller's `credentials` raised."""
    try:
        if type(effect) is Sleep:
            raise error
        return fault_of("connect" if type(effect) is Open else "write" if type(effect) is Write else "read", error)
    finally:
        del error  # see `pass_on`


def quietly(call: "Callable[..., Any]", *arguments: "Any") -> None:
    """Call something whose failure changes nothing, such as closing a socket."""
    try:
        call(*arguments)
    except FAMILIES as error:
        pass_on(error)
