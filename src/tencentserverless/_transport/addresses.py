"""The order in which the addresses of a host are tried, as in RFC 8305 ("Happy Eyeballs"). No I/O."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    Address = Any  # an entry of `socket.getaddrinfo`: family, kind, protocol, canonical name, socket address

DELAY = 0.25  # seconds that an address gets before the next one is tried beside it


def in_order(found: "List[Address]", answered: "Any" = None) -> "List[Address]":
    """The entries with the one whose address `answered` the last time first, then the families in turns."""
    first = found[0][0] if found else None
    preferred = [entry for entry in found if entry[0] == first]
    others = [entry for entry in found if entry[0] != first]
    mixed = []
    while preferred or others:
        mixed += preferred[:1] + others[:1]
        del preferred[:1], others[:1]
    return sorted(mixed, key=lambda entry: entry[4] != answered)
