"""The certificate authority of one run: what makes SCF's host names trusted inside functions, and ``--tls`` by clients.

Made at the first need, because most runs have none. Its key is forgotten as soon as the one certificate is signed.
"""

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tencentserverless.local.model.errors import AuthorityError
from tencentserverless.local.model.regions import REGIONS

if TYPE_CHECKING:
    from trustme import CA, LeafCert

NAMES = (
    "scf.tencentcloudapi.com",
    *(f"scf.{place}.tencentcloudapi.com" for place in ("internal", "intl", *sorted(REGIONS))),
    "localhost",
    "127.0.0.1",
)


class Authority:
    """The certificate authority of one endpoint, and the certificate that it has signed.

    folder: returns the folder for its files, which are written at the first need.
    names: those of this endpoint beyond loopback, for which the certificate is valid too.
    """

    def __init__(self, folder: Callable[[], Path], names: Sequence[str] = ()) -> None:
        self._folder = folder
        self._names = names
        self._context: asyncio.Future[ssl.SSLContext] | None = None

    @property
    def ca_file(self) -> Path:
        """The authority's own certificate."""
        return self._folder() / "ca.pem"

    @cached_property
    def bundle(self) -> Path:
        """The authorities that the system trusts; with ours, once `context` has returned."""
        bundle, system = self._folder() / "trust.pem", system_bundle()
        if system is None:
            bundle.write_bytes(b"")
        else:
            _link(system, bundle)
        return bundle

    async def context(self) -> ssl.SSLContext:
        """What a server's side of TLS needs; the files are complete then. Raises `AuthorityError`."""
        if self._context is None:
            self._context = asyncio.ensure_future(asyncio.to_thread(self._made))
        return await asyncio.shield(self._context)

    def _made(self) -> ssl.SSLContext:
        authority, certificate = _signed((*NAMES, *self._names))
        own = authority.cert_pem.bytes()
        self.ca_file.write_bytes(own)
        whole = self.bundle.with_suffix(".new")
        whole.write_bytes(self.bundle.read_bytes().rstrip(b"\n") + b"\n" + own)
        os.replace(whole, self.bundle)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate.configure_cert(context)
        return context


def _signed(names: Sequence[str]) -> "tuple[CA, LeafCert]":
    try:
        from trustme import CA
    except ImportError as error:
        raise AuthorityError('certificates need the extra: pip install "tencentserverless[local]"') from error
    authority = CA(organization_name="tencentserverless local endpoint")
    return authority, authority.issue_cert(*names, common_name=NAMES[0])


def system_bundle() -> str | None:
    """The file of authorities that programs on this machine trust; None where nothing like it is found."""
    files = [os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile]
    try:
        import certifi

        files.append(certifi.where())
    except ImportError:
        pass
    return next((file for file in files if file and os.path.isfile(file)), None)


def _link(target: str, place: Path) -> None:
    try:
        place.symlink_to(os.path.abspath(target))
    except OSError:  # Windows, without the right to make links
        place.write_bytes(Path(target).read_bytes())
