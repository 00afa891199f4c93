"""The certificate authority of one endpoint.

Functions trust it for SCF's host names. Clients trust it if the endpoint uses TLS. It is created at the first use,
because most endpoints do not need it. Its private key is dropped after it has signed its only certificate.
"""

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tencentserverless.local.eventloop.in_thread import in_thread
from tencentserverless.local.model.errors import AuthorityError
from tencentserverless.local.model.regions import SCF_HOSTS

if TYPE_CHECKING:
    from trustme import CA, LeafCert

NAMES = (*SCF_HOSTS, "localhost", "127.0.0.1")


class Authority:
    """The certificate authority of one endpoint, and the certificate that it signs.

    folder: returns the folder for its files, which are written at the first use.
    names: more names for which the certificate is valid, those of an endpoint that does not listen on loopback.
    """

    def __init__(self, folder: Callable[[], Path], names: Sequence[str] = ()) -> None:
        self._folder = folder
        self._names = names
        self._context: asyncio.Future[ssl.SSLContext] | None = None

    @property
    def ca_file(self) -> Path:
        """The path of the authority's own certificate."""
        return self._folder() / "ca.pem"

    @property
    def folder(self) -> Path:
        """The folder of `ca_file` and `bundle`."""
        return self.bundle.parent

    @cached_property
    def bundle(self) -> Path:
        """The path of a file with the authorities that the system trusts. After `context` it contains ours, too."""
        bundle, system = self._folder() / "trust.pem", system_bundle()
        if system is None:
            bundle.write_bytes(b"")
        else:
            _link(system, bundle)
        return bundle

    async def context(self) -> ssl.SSLContext:
        """Return the TLS context for a server. After that all files are complete. Raises `AuthorityError`."""
        if self._context is None:
            self._context = asyncio.ensure_future(in_thread(self._create))
        return await asyncio.shield(self._context)

    def _create(self) -> ssl.SSLContext:
        authority, certificate = _signed((*NAMES, *self._names))
        own = authority.cert_pem.bytes()
        self.ca_file.write_bytes(own)
        complete = self.bundle.with_suffix(".new")
        complete.write_bytes(self.bundle.read_bytes().rstrip(b"\n") + b"\n" + own)
        os.replace(complete, self.bundle)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate.configure_cert(context)
        return context


def _signed(names: Sequence[str]) -> "tuple[CA, LeafCert]":
    try:
        from trustme import CA
    except ImportError as error:
        raise AuthorityError('certificates need an extra: pip install "tencentserverless[local]"') from error
    authority = CA(organization_name="tencentserverless local endpoint")
    return authority, authority.issue_cert(*names, common_name=NAMES[0])


def system_bundle() -> str | None:
    """The path of the file with the authorities that programs on this machine trust, None if there is no such file."""
    files = [os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile]
    try:
        import certifi

        files.append(certifi.where())
    except ImportError:
        pass
    return next((file for file in files if file and os.path.isfile(file)), None)


def _link(target: str, link: Path) -> None:
    try:
        link.symlink_to(os.path.abspath(target))
    except OSError:  # Windows, if this user may not create links
        link.write_bytes(Path(target).read_bytes())
