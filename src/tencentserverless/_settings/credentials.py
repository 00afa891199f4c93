"""Credentials that are not in arguments or the environment: profiles in files, roles, and the caller's own source.

Read when a request is signed, so what is renewed meanwhile is used.
"""

import json
import os
import threading
from time import monotonic, time

from tencentserverless.exception import InvokeTimeoutError, SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple

    Triple = Tuple[Optional[str], Optional[str], Optional[str]]  # secret id, secret key, token

METADATA = ("metadata.tencentyun.com", 80)  # answers on a CVM, and there only
RENEW_BEFORE = 60.0  # seconds before a known end


class WouldWait(Exception):
    """The credentials are not at hand: asking for them takes time. Never reaches a user."""


class Source(object):
    """A callable that returns credentials, asked by one thread at a time.

    It returns (secret_id, secret_key, token), with the end of their life (Unix time) as a fourth value where it is
    known, or an object of the official SDK that has `get_credential_info`. With a known end the answer is kept until
    a minute before it; without, it is asked for each request, and requests that come while it is being asked share
    its answer.
    """

    def __init__(self, ask: "Callable[[], Any]") -> None:
        self.ask = ask
        self.answers = 0
        self._lock = threading.Lock()
        self._kept = (None, None, None)  # type: Triple
        self._end = 0.0

    def __reduce__(self) -> "Tuple[Any, ...]":
        return type(self), (self.ask,)

    def triple(self, deadline: "Optional[float]", may_wait: bool = True) -> "Triple":
        """The credentials of now. Raises what the callable raises; InvokeTimeoutError at `deadline` (monotonic);
        WouldWait where they have to be asked for and that is not wanted."""
        if self.is_fresh():
            return self._kept
        if not may_wait:
            raise WouldWait()
        seen = self.answers
        if not self._lock.acquire(True, -1 if deadline is None else max(0.0, deadline - monotonic())):
            raise too_late()
        try:
            # an answer that came while this thread waited is as good as one of its own
            return self._kept if self.answers != seen else self.keep(self.ask())
        finally:
            self._lock.release()

    def is_fresh(self) -> bool:
        return time() < self._end - RENEW_BEFORE

    def keep(self, answer: "Any") -> "Triple":
        """Take an answer of the callable. Raises SettingsError where it is none."""
        if hasattr(answer, "get_credential_info"):
            answer = answer.get_credential_info()
        if not isinstance(answer, (tuple, list)) or not 2 <= len(answer) <= 4:
            message = "credentials() returned %s, not (secret_id, secret_key, token) or these and the end of their life"
            raise SettingsError("InvalidCredential", message % type(answer).__name__)
        secret_id, secret_key, token, end = (tuple(answer) + (None, None))[:4]
        self._kept, self._end = (secret_id, secret_key, token), float(end or 0.0)
        self.answers += 1
        return self._kept


def too_late() -> InvokeTimeoutError:
    error = InvokeTimeoutError("ClientNetworkError", "the deadline passed while waiting for credentials")
    error.executed = "no"
    return error


def of_profile(name: str) -> "Optional[Triple]":
    """The credentials of a profile: of tccli (``~/.tccli/NAME.credential``), or a section of the official SDK's file
    (``~/.tencentcloud/credentials``). None where neither has it."""
    told = _json(_tccli(name, "credential"))
    if told.get("secretId") and told.get("secretKey"):
        return told["secretId"], told["secretKey"], told.get("token")
    return of_file(name)


def of_file(section: str) -> "Optional[Triple]":
    """The credentials of one section of ``~/.tencentcloud/credentials`` or ``/etc/tencentcloud/credentials``."""
    for path in (
        os.path.expanduser(os.path.join("~", ".tencentcloud", "credentials")),
        "/etc/tencentcloud/credentials",
    ):
        told = _read(path, _parse_ini).get(section, {})
        if told.get("secret_id") and told.get("secret_key"):
            return told["secret_id"], told["secret_key"], told.get("token")
    return None


def region_of_profile(name: str) -> "Optional[str]":
    """The region of a profile of tccli (``~/.tccli/NAME.configure``), or of a section of the official SDK's file."""
    told = _json(_tccli(name, "configure"))
    system = told.get("_sys_param")
    region = (system if isinstance(system, dict) else told).get("region")  # type: Optional[str]
    path = os.path.expanduser(os.path.join("~", ".tencentcloud", "credentials"))
    return region or _read(path, _parse_ini).get(name, {}).get("region")


def of_tke() -> "Source":
    """The role that a pod of TKE has by OIDC, asked for by the official package."""
    from tencentcloud.common.credential import DefaultTkeOIDCRoleArnProvider

    return Source(DefaultTkeOIDCRoleArnProvider().get_credentials().get_credential_info)


def of_cvm() -> "Optional[Source]":
    """The role of this CVM, asked for by the official package; None where this machine is none."""
    import socket

    try:
        # the official provider waits for ever where nobody answers
        socket.create_connection(METADATA, 1.0).close()
        from tencentcloud.common.credential import CVMRoleCredential
    except (OSError, ImportError):
        return None
    return Source(CVMRoleCredential().get_credential_info)


_files = {}  # type: Dict[str, Tuple[Tuple[int, int], Dict[str, Any]]]


def _tccli(name: str, kind: str) -> str:
    if os.path.basename(name) != name:
        raise SettingsError("ClientParamsError", "profile %r is not a name" % name)
    return os.path.expanduser(os.path.join("~", ".tccli", "%s.%s" % (name, kind)))


def _json(path: str) -> "Dict[str, Any]":
    return _read(path, json.loads)


def _parse_ini(text: str) -> "Dict[str, Any]":
    from configparser import ConfigParser

    parser = ConfigParser(interpolation=None)
    parser.read_string(text)
    return {name: {key: value.strip().strip("\"'") for key, value in parser.items(name)} for name in parser.sections()}


def _read(path: str, parse: "Callable[[str], Any]") -> "Dict[str, Any]":
    """A file, parsed again when it has changed; {} where there is none."""
    try:
        found = os.stat(path)
        version = (found.st_mtime_ns, found.st_size)
        kept = _files.get(path)
        if kept is None or kept[0] != version:
            with open(path, encoding="utf-8-sig") as file:
                kept = _files[path] = (version, parse(file.read()))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except Exception as error:  # whatever is wrong with it, its text may hold a secret and stays out of the message
        message = "%s cannot be read (%s)" % (path, type(error).__name__)
    else:
        told = kept[1]  # type: Any
        if isinstance(told, dict):
            return told
        message = "%s holds no settings" % path
    raise SettingsError("InvalidCredential", message)
