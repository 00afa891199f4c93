"""Credentials as they were found somewhere, and the check that turns them into an `Identity`."""

import re
from time import time

from tencentserverless._protocol.identity import Identity
from tencentserverless._settings.environment import bare
from tencentserverless.exception import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Tuple, TypeVar

    E = TypeVar("E", bound=Exception)
    Places = Tuple[str, str, str]

ADVICE = (
    "give secret_id and secret_key, or set TENCENTCLOUD_SECRETID and TENCENTCLOUD_SECRETKEY; inside SCF, give the "
    "function an execution role"
)
_OTHER = re.compile(r"[^\x21-\x7e]")
_MILLISECONDS = 1e11
_UNIX = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?"
    r"\s*(?:(Z|z)|([+-])([0-9]{2}):?([0-9]{2}))?\Z"
)


class Found:
    """Credentials that are not checked yet, and the place of each, for messages: an argument, a variable, a line.

    Its repr shows none of them. places: of secret id, secret key and token.
    """

    __slots__ = ("secret_id", "secret_key", "token", "places")

    def __init__(self, secret_id: "Any", secret_key: "Any", token: "Any", places: "Places") -> None:
        self.secret_id = secret_id
        self.secret_key = secret_key
        self.token = token
        self.places = places

    def __repr__(self) -> str:
        return f"<Found {', '.join(self.places)}>"

    def identity(self) -> Identity:
        """The credentials as `bare` texts.

        Raises SettingsError for other characters that do not belong into a header. It names the place, not the value.
        """
        secret_id, secret_key = _needed(self.secret_id, self.places[0]), _needed(self.secret_key, self.places[1])
        # A blank one is the documented way to say that there is no token.
        token = None if self.token is None else _checked(self.token, self.places[2]) or None
        return Identity(secret_id, secret_key, token)


def _needed(value: "Any", place: str) -> str:
    text = _checked(value, place)
    if not text:
        raise no_credentials(f"{place} is blank")
    return text


def _checked(value: "Any", place: str) -> str:
    """The `bare` text of a value."""
    if not isinstance(value, str):
        raise no_credentials(f"{place} is not text but {type(value).__name__}")
    text = bare(value)
    other = _OTHER.search(text)
    if other is not None:
        character = f"U+{ord(other.group()):04X}"
        raise no_credentials(f"{place} holds the character {character}, which a request cannot have there")
    return text


def no_credentials(what: str, advice: str = ADVICE) -> SettingsError:
    return SettingsError("InvalidCredential", f"{what}: {advice}" if advice else what)


def without_frames(error: "E") -> "E":
    """The same error, to be raised again. The frames that read the settings are left out, because tools that show the
    variables of a traceback would show keys and passwords."""
    return error.with_traceback(None)


def end_of(value: "Any", place: str) -> float:
    """The end of credentials as Unix time, from a number of seconds, ISO 8601 text or a datetime.

    A number that would be after the year 5000 is one of milliseconds. Text and datetimes without a time zone are local
    time, as everywhere in Python. Raises SettingsError.
    """
    try:
        if isinstance(value, str):
            end = float(value) if _UNIX.match(value.strip()) else _end_of_text(value.strip())
        else:
            end = float(value.timestamp() if hasattr(value, "timestamp") else value.__float__())
        return end if end < _MILLISECONDS else end / 1000
    except (AttributeError, TypeError, ValueError, OverflowError, OSError):
        pass
    message = f"{place} is not a time: Unix seconds, ISO 8601 text or a datetime"
    raise SettingsError("InvalidCredential", message)


def _end_of_text(text: str) -> float:
    from datetime import datetime, timedelta, timezone  # before Python 3.11, fromisoformat does not take all of ISO

    match = _ISO.match(text)
    if match is None:
        raise ValueError("no time")
    moment = datetime(*(int(part or 0) for part in match.groups()[:6]))  # type: ignore[arg-type]
    zulu, sign, hours, minutes = match.groups()[6:]
    if zulu or sign:
        offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        moment = moment.replace(tzinfo=timezone(-offset if sign == "-" else offset))
    return moment.timestamp()


def has_ended(end: float) -> bool:
    return time() >= end
