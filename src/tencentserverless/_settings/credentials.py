"""Credentials that have to be asked for: a callable is called when a request is signed, and its answer is kept."""

import os
import threading
from time import monotonic, time

from tencentserverless._settings.found import Found, end_of
from tencentserverless._signals import pass_on
from tencentserverless.exception import SettingsError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple

    from tencentserverless._protocol.identity import Identity

RENEW_BEFORE = 60.0  # seconds before the credentials expire
_PLACES = tuple(f"the {name} that credentials() returned" for name in ("secret_id", "secret_key", "token"))


class WouldWait(Exception):
    """The credentials are not here yet, and getting them takes time. Users never see it."""


class TooLate(Exception):
    """The deadline passed before the credentials came. Users never see it: clients raise their InvokeTimeoutError."""


class Source:
    """A callable that returns credentials, called by one thread at a time.

    It returns (secret_id, secret_key, token), if possible with their end as a fourth value, or an object of the
    official SDK that has `get_credential_info`. Credentials with an end are kept until a minute before it, by the
    clock of the server as far as that is known, or until the platform refuses them. Without an end, the callable is
    called for each request; requests that come during a call share its answer or its failure.
    """

    def __init__(self, ask: "Callable[[], Any]") -> None:
        self.ask: "Any" = ask
        self.answers = 0
        self._asker: "Optional[int]" = None  # the thread that calls the callable
        self._locks: "Dict[int, Any]" = {}  # by process: a forked child must not wait for a thread that it lacks
        self._kept: "Optional[Tuple[Identity, float]]" = None
        self._failure: "Optional[SettingsError]" = None

    def __reduce__(self) -> "Tuple[Any, ...]":
        return type(self), (self.ask,)

    def identity(self, deadline: "Optional[float]", may_wait: bool = True) -> "Identity":
        """The present credentials. Raises SettingsError if the callable fails, and TooLate at `deadline` (monotonic).

        may_wait: False to raise WouldWait if the callable has to be called.
        """
        kept = self._kept
        if kept is not None and is_fresh(*kept):
            return kept[0]
        if not may_wait:
            raise WouldWait()
        if self._asker == threading.get_ident():
            raise asked_itself()
        seen, is_mine = self.answers, False
        lock = self._locks.setdefault(os.getpid(), threading.Lock())
        try:
            is_mine = lock.acquire(True, -1 if deadline is None else max(0.0, deadline - monotonic()))
            if not is_mine:
                raise TooLate()
            # An answer that came while this thread waited for the lock is fresh enough.
            return self._answer() if self.answers != seen else self._ask()
        finally:
            if is_mine:
                lock.release()

    def _asked(self) -> "Any":
        """What the callable returns. An object of the official SDK may also be given itself."""
        if callable(self.ask):
            return self.ask()
        if hasattr(self.ask, "get_credential_info"):
            return self.ask
        kind = type(self.ask).__name__
        message = f"credentials is {kind}, not a callable that returns (secret_id, secret_key, token)"
        raise SettingsError("InvalidCredential", message)

    def keep(self, answer: "Any") -> "Identity":
        """Keep an answer of the callable. Raises SettingsError if it does not hold credentials."""
        try:
            found, end = read(answer)
            identity = found.identity()
        finally:
            del answer  # a traceback with variables would show it
        if self._kept is not None:
            identity.clock_offset = self._kept[0].clock_offset
        self._kept = (identity, end)
        return identity

    def failed(self, error: Exception) -> SettingsError:
        """The error to raise if the callable raised this one. Its cause has no frames of ours, which see the answer."""
        frames = error.__traceback__
        while frames is not None and str(frames.tb_frame.f_globals.get("__name__")).startswith("tencentserverless."):
            frames = frames.tb_next
        failure = SettingsError("InvalidCredential", f"credentials() raised {type(error).__name__}")
        failure.__cause__ = error.with_traceback(frames)
        return failure

    def _ask(self) -> "Identity":
        """Call the callable. If it is broken off, that is not an answer: the next thread that waits calls it again."""
        self._failure, self._asker = None, threading.get_ident()
        try:
            self.keep(self._asked())
        except SettingsError as error:
            self._failure = error
        except Exception as error:
            pass_on(error)
            self._failure = self.failed(error)
        finally:
            self._asker = None
        self.answers += 1
        return self._answer()

    def _answer(self) -> "Identity":
        """The last answer, or a copy of the last failure: each thread raises an error of its own."""
        if self._failure is not None:
            raise type(self._failure)(*self._failure.args) from self._failure.__cause__
        assert self._kept is not None
        return self._kept[0]


def asked_itself() -> SettingsError:
    message = "credentials() invoked its own client, which needs the credentials for that: use another client in it"
    return SettingsError("InvalidCredential", message)


def is_fresh(identity: "Identity", end: float) -> bool:
    return not identity.is_refused and time() + identity.clock_offset < end - RENEW_BEFORE


def read(answer: "Any") -> "Tuple[Found, float]":
    """The credentials in an answer of a callable, and their end as Unix time, 0 if it tells none."""
    if hasattr(answer, "get_credential_info"):
        answer = answer.get_credential_info()
    if hasattr(answer, "__await__"):
        getattr(answer, "close", str)()  # Python warns of a coroutine that nobody awaits
        message = "credentials() returned a coroutine: give the coroutine function itself, and to an AsyncClient"
        raise SettingsError("InvalidCredential", message)
    if not isinstance(answer, (tuple, list)) or not 2 <= len(answer) <= 4:
        message = (
            f"credentials() returned {type(answer).__name__}, not (secret_id, secret_key, token), "
            "or these and the time when they expire"
        )
        raise SettingsError("InvalidCredential", message)
    secret_id, secret_key, token, end = (tuple(answer) + (None, None))[:4]
    found = Found(secret_id, secret_key, token, _PLACES)  # type: ignore[arg-type]
    return found, 0.0 if end is None else end_of(end, "the end that credentials() returned")
