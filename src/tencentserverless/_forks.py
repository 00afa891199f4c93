"""Moments at which a child must not be forked: while another thread imports a module, or works on a TLS handshake.

Python has a lock for each module that is being imported, and OpenSSL has locks of its own. In the child nobody releases
them, so that it would wait for them without end. A thread says with ``with no_fork`` that it is at such a moment. Forks
of other threads wait for it, as it waits for forks that have begun.
"""

import os
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Set

LONGEST_WAIT = 2.0  # seconds, in case that a thread was broken off before it could say that it is done

_busy: "Set[int]" = set()  # threads that are at such a moment. Sets and not locks, which could stay locked
_forking: "Set[int]" = set()  # threads that fork


class _NoFork:
    """Each side says first what it is about to do, and then looks at the other side. So one of them waits."""

    def __enter__(self) -> None:
        me = threading.get_ident()
        _busy.add(me)
        while _forking:
            _busy.discard(me)
            time.sleep(0.001)
            _busy.add(me)

    def __exit__(self, *raised: "Any") -> None:
        _busy.discard(threading.get_ident())


no_fork = _NoFork()


def _before() -> None:
    me = threading.get_ident()
    _forking.add(me)
    until = time.monotonic() + LONGEST_WAIT
    while _busy - {me} and time.monotonic() < until:
        time.sleep(0.001)
    _busy.intersection_update({me})


def _after() -> None:
    _forking.discard(threading.get_ident())


def _register(**calls: "Callable[[], object]") -> None:
    register = getattr(os, "register_at_fork", None)
    if register is not None:  # from Python 3.7 on
        register(**calls)


def in_each_child(call: "Callable[[], object]") -> None:
    """Call `call` in each child process, before its own code. Python 3.6 does not."""
    _register(after_in_child=call)


_register(before=_before, after_in_parent=_after, after_in_child=_forking.clear)
