"""Asks the resolver for the addresses of a host, and does not wait for the answer longer than there is time.

The resolver of the system takes no time limit, and Python runs no signal handler while it works. So a thread asks it.
"""

import encodings.idna  # the resolver would import it  # noqa: F401
import os
import socket
import threading

from tencentserverless._signals import pass_on
from tencentserverless._transport.faults import FAMILIES

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Tuple

    from tencentserverless._transport.addresses import Address

_asking: "Dict[Tuple[int, str, int], _Question]" = {}  # by process too: a forked child does not have these threads


def resolve(host: str, port: int, seconds: float) -> "Optional[List[Address]]":
    """The addresses of `host`; None if they do not come within `seconds`. Raises what the resolver raises."""
    try:
        return _addresses(host, port, socket.AI_NUMERICHOST)  # an address needs no resolver
    except socket.gaierror:
        pass
    question = _asking.get((os.getpid(), host, port)) or _begin(host, port)
    return question.answer(seconds)


def _begin(host: str, port: int) -> "_Question":
    question = _Question(host, port)
    try:
        threading.Thread(target=question.ask, name="tencentserverless-resolve", daemon=True).start()
    except FAMILIES as error:  # no more threads can be started
        pass_on(error)
        question.ask()
    return question


class _Question:
    """A question to the resolver. Threads that have the same one meanwhile share its answer."""

    def __init__(self, host: str, port: int) -> None:
        self._key = (os.getpid(), host, port)
        self._addresses: "List[Address]" = []
        self._failure: "Optional[BaseException]" = None
        self._is_answered = threading.Event()

    def ask(self) -> None:
        """Run by a thread that no signal breaks off. So it is the thread that says for how long there is a question."""
        _asking[self._key] = self
        try:
            self._addresses = _addresses(*self._key[1:], 0)
        except BaseException as error:  # for those who wait
            self._failure = error
        finally:
            _asking.pop(self._key, None)
            self._is_answered.set()

    def answer(self, seconds: float) -> "Optional[List[Address]]":
        if not self._is_answered.wait(seconds):
            return None
        if self._failure is not None:
            raise self._failure
        return self._addresses


def _addresses(host: str, port: int, flags: int) -> "List[Address]":
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, flags)
