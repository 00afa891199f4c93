"""Checks of Host headers, and host names of the endpoint. Only `own_names` asks the system."""

import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from tencentserverless.local.model.options import ADDRESS


def host_names(host: str) -> Iterator[str]:
    """The forms in which clients sign a Host header: unchanged, without its scheme, without its port."""
    yield host
    bare = host.partition("://")[2] or host
    yield from dict.fromkeys(name for name in (bare, re.sub(r":\d*$", "", bare)) if name != host)


_OF_BROWSERS = frozenset(("origin", "referer", "sec-fetch-site"))  # requests for images have no Origin
HOST_CHARACTERS = 300  # of a host that is looked at; a name has at most 253
_SCF_HOST = re.compile(r"scf(?:\.[a-z0-9-]+)?\.tencentcloudapi\.com")
_ABSOLUTE = re.compile(r"https?://([^/]+)/?", re.IGNORECASE)  # the form of requests to proxies
_HOST = re.compile(r"(?:https?://)?(\[[0-9a-f:.]+\]|[^][@/,:\s]+)(?::\d*)?/?", re.IGNORECASE)
_MALFORMED, _FOREIGN = 400, 403
_REASONS = {
    _MALFORMED: "A request has one Host header, with a host name or an address.",
    _FOREIGN: "The Host header is not a name of this machine or of SCF. The option --host-name NAME accepts a name.",
}
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


def is_for_the_api(path: str) -> bool:
    """Whether this is the path of the API, also in the form of requests to proxies."""
    return path == "/" or _ABSOLUTE.fullmatch(path) is not None


def refusal(
    path: str, headers: Mapping[str, str], listens_on: str = ADDRESS, names: tuple[str, ...] = ()
) -> tuple[int, str] | None:
    """The HTTP status and the reason of a request that must not be served, None of others.

    Pages in a browser must not reach functions by any host name. A request in the form for proxies is for the host in
    its path; its Host header only has to be one (RFC 9112, 3.2).
    names: further host names of this machine, in lower case.
    """
    if not _OF_BROWSERS.isdisjoint(headers):
        return 403, "Requests from pages in a browser are not served."
    status = _status(headers.get("host", "")[:HOST_CHARACTERS], listens_on, names)
    absolute = _ABSOLUTE.fullmatch(path) if path != "/" else None
    if absolute and status != _MALFORMED:
        status = _status(absolute[1][:HOST_CHARACTERS], listens_on, names)
    return (status, _REASONS[status]) if status else None


def check_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return host names in lower case. Raises ValueError if one is not a host name."""
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a host name such as host.docker.internal")
    return tuple(name.lower() for name in names)


@lru_cache(maxsize=64)
def _status(host: str, listens_on: str, names: tuple[str, ...]) -> int:
    """The HTTP status for a host that must not be served, 0 for one of ours."""
    found = _HOST.fullmatch(host)
    if found is None:
        return _MALFORMED
    name = found[1].lower().removesuffix(".").strip("[]")
    if name in ("localhost", *names) or _SCF_HOST.fullmatch(name) or is_loopback(name):
        return 0
    if is_loopback(listens_on):
        return _FOREIGN
    # Then every address is accepted: a web page can make a name lead to this machine, but not an address.
    return 0 if _address(name) is not None or name in own_names(listens_on) else _FOREIGN


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
