"""Checks of Host headers, and host names of the endpoint. Only `own_names` asks the system."""

import re
import socket
from collections.abc import Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from tencentserverless.local.model.options import ADDRESS


def host_names(host: str) -> Iterator[str]:
    """The forms in which clients sign a Host header: unchanged, without its scheme, without its port."""
    yield host
    bare = host.partition("://")[2] or host
    yield from dict.fromkeys(name for name in (bare, re.sub(r":\d+$", "", bare)) if name != host)


_OF_BROWSERS = frozenset(("origin", "referer", "sec-fetch-site"))  # requests for images have no Origin
HOST_CHARACTERS = 300  # a name has at most 253
_SCF_HOST = re.compile(r"scf(?:\.[a-z0-9-]+)?\.tencentcloudapi\.com")


def refusal_reason(headers: Mapping[str, str], listens_on: str = ADDRESS) -> str:
    """Return why a request must not be served, or "". Pages in a browser must not reach functions by any host name."""
    if not _OF_BROWSERS.isdisjoint(headers):
        return "Requests from pages in a browser are not served."
    host = headers.get("host", "")
    if len(host) <= HOST_CHARACTERS and _is_ours(host, listens_on):
        return ""
    return "The Host header is not a name of this machine or of SCF."


@lru_cache(maxsize=64)
def _is_ours(host: str, listens_on: str) -> bool:
    name = re.sub(r":\d+$", "", host.partition("://")[2] or host).lower()
    if name == "localhost" or _SCF_HOST.fullmatch(name) or is_loopback(name.strip("[]")):
        return True
    # Then every address is accepted: a web page can make a name lead to this machine, but not an address.
    return not is_loopback(listens_on) and (_address(name.strip("[]")) is not None or name in own_names(listens_on))


def url_host(host: str) -> str:
    """The host in the URL by which clients on this machine reach a server that listens on `host`."""
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
    """The host names of an endpoint that listens on `host`. The list is empty for loopback."""
    address = ip_address(host)
    if address.is_loopback:
        return []
    name = socket.gethostname().lower()
    return [name] if address.is_unspecified else [name, host]
