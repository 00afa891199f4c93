"""The guard: no test reaches SCF in the cloud by accident."""

import re
import socket
from contextlib import contextmanager

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Iterator

_SCF_HOST = re.compile(r"scf\.(?:[a-z0-9-]+\.)*tencentcloudapi\.com\.?\Z", re.IGNORECASE)


class Guard:
    """Takes the place of `socket.getaddrinfo`, and refuses host names of SCF. Every SDK has to resolve them there."""

    def __init__(self, allowed: "Iterable[str]") -> None:
        self._allowed = [host.lower() for host in allowed]
        self._resolve = socket.getaddrinfo
        self.reached: "Dict[str, str]" = {}

    def __call__(self, host: "Any", *arguments: "Any", **options: "Any") -> "Any":
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if not isinstance(name, str) or not _SCF_HOST.match(name) or name.rstrip(".").lower() in self._allowed:
            return self._resolve(host, *arguments, **options)
        text = 'this test must not reach %s. To allow it: @pytest.mark.scf_local(allow_hosts=["%s"])' % (name, name)
        self.reached[name] = text
        raise socket.gaierror(socket.EAI_NONAME, text)


@contextmanager
def guarded(allowed: "Iterable[str]") -> "Iterator[Guard]":
    """Within this block, hosts of SCF that are not allowed are out of reach."""
    guard = Guard(allowed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", guard)
        for name in ("NO_PROXY", "no_proxy"):  # a proxy would resolve the names itself
            patch.setenv(name, ".tencentcloudapi.com", prepend=",")
        yield guard
