"""Raises an exception at one moment of an invocation: at a call that leaves the package, or at a line of a transport."""

import os
import sys

import tencentserverless._transport

FOLDER = os.path.dirname(os.path.abspath(tencentserverless._transport.__file__)) + os.sep
OUTSIDE = ("socket", "_socket", "select", "ssl", "_ssl", "selectors", "asyncio", "random")
FUTURES = ("asyncio.futures", "asyncio.events")  # what the callbacks of an event loop call is not an exchange's


class Moments:
    """Counts moments, and raises `error` at number `at`. The error raised is `raised`; `names` are those passed."""

    def __init__(self, at=None, error=None):
        self.at = at
        self.error = error
        self.raised = None
        self.names = []

    def meet(self, name):
        self.names.append(name)
        if len(self.names) - 1 == self.at:
            self.raised = self.error()
            raise self.raised


def _is_ours(frame):
    return frame is not None and frame.f_code.co_filename.startswith(FOLDER)


class Calls(Moments):
    """The calls from the transports into sockets, TLS, the resolver and the event loop, inside `with`."""

    def __enter__(self):
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *raised):
        sys.setprofile(None)

    def _profile(self, frame, event, callee):
        if event == "c_call" and _is_ours(frame):
            owner = type(getattr(callee, "__self__", None))
            module = callee.__module__ or owner.__module__ or ""
            name = callee.__name__
        elif event == "call" and _is_ours(frame.f_back) and not _is_ours(frame):
            module, name = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        else:
            return
        if module.partition(".")[0] in OUTSIDE and module not in FUTURES and not name.startswith("<"):
            self.meet(name)


class Lines(Moments):
    """The lines of the transports that an exchange runs through, inside `with`; not those that an event loop calls."""

    def __enter__(self):
        sys.settrace(self._trace)
        return self

    def __exit__(self, *raised):
        sys.settrace(None)

    def _trace(self, frame, event, argument):
        called_by_loop = frame.f_back is not None and "asyncio" in frame.f_back.f_globals.get("__name__", "")
        if not _is_ours(frame) or frame.f_code.co_name == "__del__":
            return None
        if called_by_loop and frame.f_code.co_filename.endswith("connection.py"):
            return None
        return self._line

    def _line(self, frame, event, argument):
        if event == "line":
            self.meet("%s:%d" % (frame.f_code.co_name, frame.f_lineno))
        return self._line
