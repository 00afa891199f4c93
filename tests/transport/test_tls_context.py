"""Which certificates are believed; what that means for a connection stands in test_transports."""

import os
import shutil
import ssl
import sys
import threading

import pytest

from tencentserverless._protocol.effects import Fault
from tencentserverless._transport import tls_context
from tests.loopback import AUTHORITY


@pytest.fixture
def authority(tmp_path):
    """A file of CA certificates that no context was made from yet."""
    return shutil.copy(AUTHORITY, str(tmp_path / "ca.pem"))


@pytest.fixture
def quick_switching():
    """Threads take turns so often that they meet wherever they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("quick_switching")
def test_one_context_for_threads_that_ask_at_once(authority):
    """Threads that connect first at the same time share one context: a session resumes with no other."""
    found, together = [], threading.Barrier(32)

    def ask():
        together.wait(10)
        found.append(tls_context.context(authority))

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 32
    assert len(set(map(id, found))) == 1


def test_a_lock_that_nobody_opens(authority, monkeypatch):
    """A process that was forked while its parent loaded the certificates loads them itself."""
    held = threading.Lock()
    held.acquire()
    monkeypatch.setattr(tls_context, "_loading", {os.getppid(): held})
    assert tls_context.context(authority) is tls_context.context(authority)
    assert held.locked()


def test_a_file_that_cannot_be_read(tmp_path):
    """The Fault names the file, is final, and the next connection looks again."""
    path = str(tmp_path / "none.pem")
    for _ in range(2):
        with pytest.raises(Fault, match=r"none\.pem") as caught:
            tls_context.context(path)
        assert caught.value.final
    shutil.copy(AUTHORITY, path)
    assert tls_context.context(path) is tls_context.context(path)


def test_a_file_that_goes_away(authority):
    """While the file of certificates is missing, those that were read from it are trusted on."""
    found = tls_context.context(authority)
    os.remove(authority)
    assert tls_context.context(authority) is found


@pytest.mark.skipif(not hasattr(ssl.SSLContext, "keylog_filename"), reason="this Python writes no key log")
def test_a_key_log_that_cannot_be_written(authority, monkeypatch, tmp_path):
    """The Fault names the variable SSLKEYLOGFILE, and does not send the reader to the certificates."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "none" / "keys.log"))
    with pytest.raises(Fault, match="SSLKEYLOGFILE") as caught:
        tls_context.context(authority)
    assert "certificates" not in caught.value.reason
    assert caught.value.final


def test_a_python_without_ciphers(authority, monkeypatch):
    """Where OpenSSL's own configuration forbids what is needed, the Fault does not blame the certificates."""

    def fail(**arguments):
        raise ssl.SSLError("No cipher can be selected.")

    monkeypatch.setattr(ssl, "create_default_context", fail)
    with pytest.raises(Fault, match=r"No cipher can be selected.*OPENSSL_CONF") as caught:
        tls_context.context(authority)
    assert "certificates" not in caught.value.reason


def test_a_store_that_does_not_count(monkeypatch):
    """A context that does not count its certificates, as truststore's, is taken as it is."""

    def not_here(self):
        raise NotImplementedError()

    monkeypatch.setattr(ssl.SSLContext, "cert_store_stats", not_here)
    assert tls_context._has_store(ssl.create_default_context())


def test_a_python_without_ssl(monkeypatch):
    """Where the module ssl cannot be imported, the Fault says so and is final."""
    monkeypatch.setitem(sys.modules, "ssl", None)
    monkeypatch.setattr(tls_context, "_contexts", {})
    with pytest.raises(Fault, match="no ssl module") as caught:
        tls_context.context(None)
    assert caught.value.final
