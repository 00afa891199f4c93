"""TLS contexts: which certificates are believed. Loaded once for each choice, at the first https connection."""

import os
from threading import Lock

from tencentserverless._protocol.effects import Fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Dict, Optional

LONGEST_LOAD = 2.0  # seconds; it takes 30 ms

_contexts = {}  # type: Dict[Optional[str], ssl.SSLContext]
_loading = Lock()


def context(ca_file: "Optional[str]") -> "ssl.SSLContext":
    """The context that trusts `ca_file` (PEM), or the system's store where it is None. Raises Fault."""
    found = _contexts.get(ca_file)
    return _loaded(ca_file) if found is None else found


def _loaded(ca_file: "Optional[str]") -> "ssl.SSLContext":
    """Load it once, whoever asks meanwhile: a TLS session resumes with the context that it began with, and no other.

    A process forked while it is being loaded inherits a lock that nobody opens; it waits, once, and loads its own.
    """
    is_mine = _loading.acquire(True, LONGEST_LOAD)
    try:
        return _contexts.get(ca_file) or _contexts.setdefault(ca_file, _load(ca_file))
    except OSError as error:
        reason = "cannot read the CA certificates %s: %s" % (ca_file, error)
        raise Fault("tls", reason, final=True) from error
    finally:
        if is_mine:
            _loading.release()


def not_yet() -> "Any":
    """What TLS on a socket that does not block raises where it has to wait."""
    import ssl

    return ssl.SSLWantReadError, ssl.SSLWantWriteError


def refused(error: Exception) -> Fault:
    """The Fault of a handshake that failed; before Python 3.7 a wrong host name is a ValueError."""
    text = str(error)
    is_certificate = "CERTIFICATE_VERIFY_FAILED" in text or type(error).__name__ == "CertificateError"
    fault = Fault("tls", text or type(error).__name__, final=is_certificate)
    fault.__cause__ = error
    return fault


def _load(ca_file: "Optional[str]") -> "ssl.SSLContext":
    import ssl  # 10 ms that a program on a plain endpoint does not pay

    if ca_file is not None and os.path.isdir(ca_file):
        return ssl.create_default_context(capath=ca_file)
    made = ssl.create_default_context(cafile=ca_file)
    if ca_file is None and not _has_store(made):
        _add_certifi(made)
    return made


def _has_store(made: "ssl.SSLContext") -> bool:
    import ssl

    if made.cert_store_stats()["x509_ca"]:
        return True
    directory = ssl.get_default_verify_paths().capath  # read by OpenSSL when it is needed, so not counted above
    return directory is not None and bool(os.listdir(directory))


def _add_certifi(made: "ssl.SSLContext") -> None:
    """Builds of Python from python.org for macOS come without a store; certifi arrives with the official package."""
    try:
        import certifi
    except ImportError:
        return
    made.load_verify_locations(certifi.where())
