"""Credentials from other places than arguments and environment: the caller's callable, profiles in files, and roles.

They are read when a request is signed, so renewed credentials are used at once.
"""

import json
import os
import threading
from time import monotonic, time

from tencentserverless.exception import SettingsError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple

    Triple = Tuple[Optional[str], Optional[str], Optional[str]]  # secret id, secret key, token

METADATA = ("metadata.tencentyun.com", 80)  # answers on a CVM only
RENEW_BEFORE = 60.0  # seconds before the credentials expire


class WouldWait(Exception):
    """The credentials are not here yet, and getting them takes time. Users never see it."""


class TooLate(Exception):
    """The deadline passed before the credentials came. Users never see it: clients raise their InvokeTimeoutError."""


class Source:
    """A callable that returns credentials, called by one thread at a time.

    It returns (secret_id, secret_key, token), if possible with the time when they expire (Unix time) as a fourth value,
    or an object of the official SDK that has `get_credential_info`. Credentials with an expiry are kept until a minute
    before it. Without one, the callable is called for each request; requests that come during a call share its answer.
    """

    def __init__(self, ask: "Callable[[], Any]") -> None:
        self.ask = ask
        self.answers = 0
        self._lock = threading.Lock()
        self._kept: "Triple" = (None, None, None)
        self._end = 0.0

    def __reduce__(self) -> "Tuple[Any, ...]":
        return type(self), (self.ask,)

    def triple(self, deadline: "Optional[float]", may_wait: bool = True) -> "Triple":
        """The present credentials. Raises the callable's exceptions, and TooLate at `deadline` (monotonic).

        may_wait: False to raise WouldWait if the callable has to be called.
        """
        if self.is_fresh():
            return self._kept
        if not may_wait:
            raise WouldWait()
        seen = self.answers
        if not self._lock.acquire(True, -1 if deadline is None else max(0.0, deadline - monotonic())):
            raise TooLate()
        try:
            # An answer that came while this thread waited for the lock is fresh enough.
            return self._kept if self.answers != seen else self.keep(self.ask())
        finally:
            self._lock.release()

    def is_fresh(self) -> bool:
        return time() < self._end - RENEW_BEFORE

    def keep(self, answer: "Any") -> "Triple":
        """Keep an answer of the callable. Raises SettingsError if it does not hold credentials."""
        if hasattr(answer, "get_credential_info"):
            answer = answer.get_credential_info()
        if not isinstance(answer, (tuple, list)) or not 2 <= len(answer) <= 4:
            message = (
                f"credentials() returned {type(answer).__name__}, not (secret_id, secret_key, token), "
                "or these and the time when they expire"
            )
            raise SettingsError("InvalidCredential", message)
        secret_id, secret_key, token, end = (tuple(answer) + (None, None))[:4]
        self._kept, self._end = (secret_id, secret_key, token), float(end or 0.0)
        self.answers += 1
        return self._kept


def of_profile(name: str) -> "Optional[Triple]":
    """The credentials of a profile: of tccli (``~/.tccli/NAME.credential``), or a section of the official SDK's file
    (``~/.tencentcloud/credentials``). None if neither has it."""
    fields = _json(_tccli(name, "credential"))
    if fields.get("secretId") and fields.get("secretKey"):
        return fields["secretId"], fields["secretKey"], fields.get("token")
    return of_file(name)


def of_file(section: str) -> "Optional[Triple]":
    """The credentials of one section of ``~/.tencentcloud/credentials`` or ``/etc/tencentcloud/credentials``."""
    for path in (
        os.path.expanduser(os.path.join("~", ".tencentcloud", "credentials")),
        "/etc/tencentcloud/credentials",
    ):
        fields = _read(path, _parse_ini).get(section, {})
        if fields.get("secret_id") and fields.get("secret_key"):
            return fields["secret_id"], fields["secret_key"], fields.get("token")
    return None


def region_of_profile(name: str) -> "Optional[str]":
    """The region of a profile of tccli (``~/.tccli/NAME.configure``), or of a section of the official SDK's file."""
    fields = _json(_tccli(name, "configure"))
    system = fields.get("_sys_param")  # newer versions of tccli keep the region in there
    region: "Optional[str]" = (system if isinstance(system, dict) else fields).get("region")
    path = os.path.expanduser(os.path.join("~", ".tencentcloud", "credentials"))
    return region or _read(path, _parse_ini).get(name, {}).get("region")


def of_tke() -> "Source":
    """The role of a TKE pod, by OIDC. The official package fetches its credentials."""
    from tencentcloud.common.credential import DefaultTkeOIDCRoleArnProvider

    return Source(DefaultTkeOIDCRoleArnProvider().get_credentials().get_credential_info)


def of_cvm() -> "Optional[Source]":
    """The role of this CVM; None if this machine is not a CVM. The official package fetches its credentials."""
    import socket

    try:
        # The official provider waits without limit if no metadata server answers, so look for one first.
        socket.create_connection(METADATA, 1.0).close()
        from tencentcloud.common.credential import CVMRoleCredential
    except (OSError, ImportError):
        return None
    return Source(CVMRoleCredential().get_credential_info)


_files: "Dict[str, Tuple[Tuple[int, int], Dict[str, Any]]]" = {}


def _tccli(name: str, kind: str) -> str:
    if os.path.basename(name) != name:
        raise SettingsError("ClientParamsError", f"profile {name!r} is not a name")
    return os.path.expanduser(os.path.join("~", ".tccli", f"{name}.{kind}"))


def _json(path: str) -> "Dict[str, Any]":
    return _read(path, json.loads)


def _parse_ini(text: str) -> "Dict[str, Any]":
    from configparser import ConfigParser

    parser = ConfigParser(interpolation=None)
    parser.read_string(text)
    return {name: {key: value.strip().strip("\"'") for key, value in parser.items(name)} for name in parser.sections()}


def _read(path: str, parse: "Callable[[str], Any]") -> "Dict[str, Any]":
    """The contents of a file, parsed again after it has changed; {} if it does not exist."""
    try:
        found = os.stat(path)
        version = (found.st_mtime_ns, found.st_size)
        kept = _files.get(path)
        if kept is None or kept[0] != version:
            with open(path, encoding="utf-8-sig") as file:
                kept = _files[path] = (version, parse(file.read()))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except Exception as error:  # its message may quote the file, which may hold a secret, so only its type is shown
        message = f"{path} cannot be read ({type(error).__name__})"
    else:
        contents: "Any" = kept[1]
        if isinstance(contents, dict):
            return contents
        message = f"{path} holds no settings"
    raise SettingsError("InvalidCredential", message)
