"""Raises an exception at one moment of an invocation: at a call that leaves the package, or at a line of ours."""

import inspect
import linecache
import os
import sys

import tencentserverless._transport

FOLDER = os.path.dirname(os.path.abspath(tencentserverless._transport.__file__)) + os.sep
OUTSIDE = ("socket", "_socket", "select", "ssl", "_ssl", "selectors", "asyncio", "random", "threading")
FUTURES = ("asyncio.futures", "asyncio.events")
WAKING = ("call_soon",)  # a future calls it in a callback of the event loop, which is not an exchange's


class Moments:
    """Counts moments, and raises `error` at number `at`. The error raised is `raised`; `names` are those passed."""

    def __init__(self, at=None, error=None):
        self.at = at
        self.error = error
        self.raised = None
        self.names = []
        self.callers = []

    def meet(self, name, caller=None):
        self.callers.append(caller)
        self.names.append(name)
        if len(self.names) - 1 == self.at:
            self.raised = self.error()
            raise self.raised


def _is_ours(frame):
    return frame is not None and frame.f_code.co_filename.startswith(FOLDER)


def _is_callback(frame):
    """Whether an event loop calls a connection, which is not a part of an exchange."""
    while _is_ours(frame.f_back):
        frame = frame.f_back
    return frame.f_code.co_filename.endswith("connection.py") and frame.f_back is not None


def _is_coroutine(frame):
    """Whether a profile function must not raise in this frame: CPython 3.11 confuses its stack."""
    return bool(frame.f_code.co_flags & (inspect.CO_COROUTINE | inspect.CO_GENERATOR))


class Calls(Moments):
    """The calls from the transports into sockets, TLS, the resolver and the event loop, inside `with`."""

    def __enter__(self):
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *raised):
        sys.setprofile(None)

    def _profile(self, frame, event, callee):
        if frame.f_code.co_name == "__del__":  # a finalizer runs anywhere; what it raises confuses CPython 3.11's stack
            return
        if event == "c_call" and _is_ours(frame):
            owner = type(getattr(callee, "__self__", None))
            module = callee.__module__ or owner.__module__ or ""
            name, caller = callee.__name__, frame
        elif event == "call" and _is_ours(frame.f_back) and not _is_ours(frame) and not _is_coroutine(frame):
            module, name, caller = frame.f_globals.get("__name__", ""), frame.f_code.co_name, frame.f_back
        else:
            return
        if module.partition(".")[0] in OUTSIDE and module not in FUTURES and name not in WAKING:
            self.meet(name, caller.f_code.co_name)


class Lines(Moments):
    """The lines of the transports that an exchange runs through, inside `with`; not those that an event loop calls."""

    def __enter__(self):
        sys.settrace(self._trace)
        return self

    def __exit__(self, *raised):
        sys.settrace(None)

    def _trace(self, frame, event, argument):
        if not _is_ours(frame) or frame.f_code.co_name == "__del__" or _is_callback(frame):
            return None
        return self._line

    def _line(self, frame, event, argument):
        # No signal can arrive at a `try:`, and CPython does not count it to the block around it.
        if event == "line" and linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip() != "try:":
            self.meet("%s:%d" % (frame.f_code.co_name, frame.f_lineno))
        return self._line
