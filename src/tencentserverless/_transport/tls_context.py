"""TLS contexts: which certificates are trusted. Each is loaded at the first https connection that needs it, and again
when the file of the certificates has changed: authorities are replaced while programs run."""

import os
import threading

from tencentserverless._forks import no_fork
from tencentserverless._protocol.effects import Fault
from tencentserverless._signals import pass_on
from tencentserverless._transport.faults import FAMILIES, fault_of

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Dict, Optional, Tuple

    Version = Optional[Tuple[int, ...]]

LONGEST_LOAD = 2.0  # seconds; loading takes 30 ms

_contexts: "Dict[Optional[str], Tuple[Version, ssl.SSLContext]]" = {}
_loading: "Dict[int, threading.Lock]" = {}  # by process: a forked child must not wait for a thread that it lacks


def context(ca_file: "Optional[str]") -> "ssl.SSLContext":
    """The context that trusts the certificates in `ca_file` (PEM), or in the system's store if None. Raises Fault."""
    return _kept(ca_file) or _loaded(ca_file)


def _kept(ca_file: "Optional[str]") -> "Optional[ssl.SSLContext]":
    """The context that was loaded, if its file has not changed or cannot be found any more."""
    version, found = _contexts.get(ca_file, (None, None))
    now = None if found is None else _version(ca_file)
    return found if now in (None, version) else None


def _version(ca_file: "Optional[str]") -> "Version":
    try:
        found = None if ca_file is None else os.stat(ca_file)
    except (OSError, ValueError):
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)


def _loaded(ca_file: "Optional[str]") -> "ssl.SSLContext":
    """Load the context once, for all threads: a TLS session can only be resumed with the context it began with."""
    lock = _loading.setdefault(os.getpid(), threading.Lock())
    is_mine = lock.acquire(True, LONGEST_LOAD)
    try:
        with no_fork:
            found = _kept(ca_file)
            if found is None:
                version = _version(ca_file)
                found = _load(ca_file)
                _contexts[ca_file] = version, found
            return found
    except ImportError as error:
        raise Fault("tls", f"this Python has no ssl module, which https needs: {error}", final=True) from error
    except FAMILIES as error:
        pass_on(error)
        raise Fault("tls", _what_failed(ca_file, error), final=True) from error
    finally:
        if is_mine:
            lock.release()


def _what_failed(ca_file: "Optional[str]", error: BaseException) -> str:
    reason = str(error) or type(error).__name__
    if "cipher" in reason or (getattr(error, "library", None) == "SSL" and "PEM" not in reason):
        return f"cannot set up TLS: {reason} (a file that OPENSSL_CONF names may forbid what is needed)"
    what = f"the CA certificates {ca_file}" if ca_file else "the system's CA certificates"
    return f"cannot read {what}: {reason}"


def would_block() -> "Any":
    """The exceptions of a non-blocking TLS socket that has to wait."""
    import ssl

    return ssl.SSLWantReadError, ssl.SSLWantWriteError


def is_plain(made: "ssl.SSLContext") -> bool:
    """Whether a context is one of the `ssl` module, not something that stands in for it."""
    import ssl

    return type(made) is ssl.SSLContext


def handshake_fault(error: BaseException) -> Fault:
    """The Fault of a failed handshake. Before Python 3.7 the `ssl` module raises ValueError for a wrong host name."""
    fault = fault_of("tls", error)
    if "CERTIFICATE_VERIFY_FAILED" in fault.reason or type(error).__name__ == "CertificateError":
        fault.final = True
    return fault


def _load(ca_file: "Optional[str]") -> "ssl.SSLContext":
    if ca_file is not None and os.path.isdir(ca_file):
        return _create(capath=ca_file)
    made = _create(cafile=ca_file)
    if ca_file is None and not _has_store(made):
        _add_certifi(made)
    return made


def _create(cafile: "Optional[str]" = None, capath: "Optional[str]" = None) -> "ssl.SSLContext":
    """A context. Creating it also opens the file that SSLKEYLOGFILE names; that has nothing to do with certificates."""
    import ssl  # takes 10 ms, which a program that uses http does not pay

    try:
        return ssl.create_default_context(cafile=cafile, capath=capath)
    except OSError as error:
        if error.filename is None:  # certificates that cannot be loaded are told without a file name
            raise
        reason = f"the file that SSLKEYLOGFILE names cannot be written: {error.strerror}; unset it or name another"
        raise Fault("tls", reason, final=True) from error


def _has_store(made: "ssl.SSLContext") -> bool:
    import ssl

    try:
        if made.cert_store_stats()["x509_ca"]:
            return True
    except NotImplementedError:  # truststore, which asks the system itself
        return True
    # OpenSSL reads a directory of certificates only when it needs one, so they are not counted above.
    directory = ssl.get_default_verify_paths().capath
    try:
        return directory is not None and bool(os.listdir(directory))
    except OSError:  # it cannot be read, so it is of no use
        return False


def _add_certifi(made: "ssl.SSLContext") -> None:
    """Trust certifi's certificates, which the official package brings: python.org's builds for macOS have no store."""
    try:
        import certifi
    except ImportError:
        return
    made.load_verify_locations(certifi.where())
