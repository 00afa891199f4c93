"""Exceptions of signal handlers: a time limit by SIGALRM, the soft limit of Celery. They are for the caller.

They can come anywhere and be of any class. So code that makes errors of ours out of others asks here first.
"""

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def pass_on(error: BaseException) -> None:
    """Raise `error` if a signal handler raised it. Its traceback then goes through the code of that handler.

    A frame in the traceback of an error must not refer to the error. They would keep each other alive, and with them a
    connection that was lost where the error came.
    """
    try:
        if _is_of_a_handler(error):
            raise error
    finally:
        del error


def _is_of_a_handler(error: BaseException) -> bool:
    try:
        import signal
    except ImportError:  # at the very end of the interpreter, where no handler runs any more
        return False
    codes = [_code(signal.getsignal(number)) for number in range(1, signal.NSIG)]
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code in codes:
            return True
        traceback = traceback.tb_next
    return False


def _code(handler: "Any") -> "Any":
    """The code of a signal handler: a function, a method, a `functools.partial` or an object that can be called."""
    handler = getattr(handler, "func", handler)
    handler = getattr(handler, "__func__", handler)
    called = handler if hasattr(handler, "__code__") else getattr(type(handler), "__call__", None)  # noqa: B004
    return getattr(called, "__code__", None)
