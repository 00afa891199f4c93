"""Asks the resolver for the addresses of a host, and does not wait for the answer longer than there is time.

The resolver of the system takes no time limit, and Python runs no signal handler while it works. So a thread asks it.
"""

import _thread  # a `threading.Thread` is left broken if a signal handler raises while it is started
import encodings.idna  # noqa: F401  # the resolver imports it, see `_forks`
import socket
import sys

from tencentserverless._signals import pass_on
from tencentserverless._transport.faults import FAMILIES

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional

    from tencentserverless._transport.addresses import Address


def resolve(host: str, port: int, seconds: float) -> "Optional[List[Address]]":
    """The addresses of `host`; None if they do not come within `seconds`. Raises what the resolver raises."""
    try:
        return _addresses(host, port, socket.AI_NUMERICHOST)  # an address needs no resolver
    except socket.gaierror:
        pass
    question = _Question(host, port)
    if sys.is_finalizing() or not _is_asked_by_a_thread(question):
        question.ask()
    return question.answer(seconds)


def _is_asked_by_a_thread(question: "_Question") -> bool:
    """Start the thread. False if none can be had. While the interpreter ends, a thread can be started but not run."""
    try:
        _thread.start_new_thread(question.ask, ())
    except FAMILIES as error:
        pass_on(error)
        return False
    return True


class _Question:
    """A question to the resolver. One thread asks it, and one waits for the answer."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._addresses: "List[Address]" = []
        self._failure: "Optional[BaseException]" = None
        self._open = _thread.allocate_lock()
        self._open.acquire()

    def ask(self) -> None:
        try:
            self._addresses = _addresses(self._host, self._port, 0)
        except BaseException as error:  # it is raised where the answer is awaited
            self._failure = error
        finally:
            self._open.release()

    def answer(self, seconds: float) -> "Optional[List[Address]]":
        if not self._open.acquire(True, seconds):
            return None
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
            return self._addresses
        finally:
            del failure  # see `pass_on`


def _addresses(host: str, port: int, flags: int) -> "List[Address]":
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, flags)
