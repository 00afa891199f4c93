"""Which Host headers mean this endpoint. Pure."""

import re
import socket
from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from tencentserverless.local.model.options import ADDRESS


def host_names(host: str) -> Iterator[str]:
    """The values under which clients sign a Host header: as it is, without a scheme, without a port."""
    yield host
    bare = host.partition("://")[2] or host
    yield from dict.fromkeys(name for name in (bare, re.sub(r":\d+$", "", bare)) if name != host)


_OF_BROWSERS = frozenset(("origin", "referer", "sec-fetch-site"))  # an image has no Origin
_SCF_HOST = re.compile(r"scf(?:\.[a-z0-9-]+)?\.tencentcloudapi\.com")


def foreign(headers: Mapping[str, str], listens_on: str = ADDRESS) -> str:
    """Why a request is not ours to answer, or "". A page in a browser must not reach functions, by whatever name."""
    if not _OF_BROWSERS.isdisjoint(headers):
        return "Requests from pages in a browser are not served."
    if _is_ours(headers.get("host", ""), listens_on):
        return ""
    return "The Host header names neither this machine nor SCF."


@lru_cache(maxsize=64)
def _is_ours(host: str, listens_on: str) -> bool:
    name = re.sub(r":\d+$", "", host.partition("://")[2] or host).lower()
    if name == "localhost" or _SCF_HOST.fullmatch(name) or is_loopback(name.strip("[]")):
        return True
    # Beyond loopback addresses are ours too: a page leads a name to this machine, not an address.
    return not is_loopback(listens_on) and (_address(name.strip("[]")) is not None or name in own_names(listens_on))


def shown(host: str) -> str:
    """Where clients on this machine find what listens on `host`, as it stands in a URL."""
    address = ip_address(host)
    if address.version == 4:
        return ADDRESS if address.is_unspecified else host
    return "[::1]" if address.is_unspecified else f"[{host}]"


def is_loopback(name: str) -> bool:
    address = _address(name)
    return address is not None and address.is_loopback


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def own_names(host: str) -> list[str]:
    """The names by which this machine is known where `host` is listened on; none on loopback."""
    address = ip_address(host)
    if address.is_loopback:
        return []
    name = socket.gethostname().lower()
    return [name] if address.is_unspecified else [name, host]
