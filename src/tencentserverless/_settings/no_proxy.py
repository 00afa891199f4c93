"""The rules of NO_PROXY: which hosts are reached without a proxy."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple


def bypasses(host: str, port: int, rules: str) -> bool:
    """Whether one of `rules` matches this host. Rules are separated by commas, semicolons or blanks.

    A rule is ``*``, a host, a domain (``example.com`` and ``.example.com`` also match its subdomains), an address, or a
    block of addresses (``10.0.0.0/8``). A host or address may have a port, which must then match too.
    """
    host = host.lower().rstrip(".")
    return any(_matches(host, port, rule) for rule in rules.lower().replace(",", " ").replace(";", " ").split())


def _matches(host: str, port: int, rule: str) -> bool:
    if rule == "*":
        return True
    if "/" in rule:
        return _is_in_block(host, rule)
    name, wanted_port = _split_port(rule)
    if wanted_port is not None and wanted_port != port:
        return False
    name = name.strip("[]").lstrip("*").strip(".")
    if not name or host == name:
        return bool(name)
    if host.replace(".", "").isdecimal():  # an address is not in a domain
        return False
    return host.endswith("." + name) or (":" in host and _is_same(host, name))


def _split_port(rule: str) -> "Tuple[str, Optional[int]]":
    name, colon, port = rule.rpartition(":")
    if colon and port.isdecimal() and (":" not in name or name.endswith("]")):
        return name, int(port)
    return rule, None


def _is_in_block(host: str, rule: str) -> bool:
    import ipaddress  # takes 3 ms, and only such a rule needs it

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False


def _is_same(host: str, name: str) -> bool:
    """Whether two IPv6 addresses are one, which can be written in many ways."""
    import ipaddress

    try:
        return ipaddress.ip_address(host) == ipaddress.ip_address(name)
    except ValueError:
        return False
