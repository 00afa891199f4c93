"""Invoke Tencent Cloud SCF (Serverless Cloud Function) functions, and run them on your own machine.

The client is `tencentserverless.scf`, the one for asyncio `tencentserverless.aio`, the errors
`tencentserverless.exception`, the local endpoint `tencentserverless.local`. `Client`, `invoke` and `AsyncClient` can be
imported from here too. Each of these is loaded when it is used for the first time.
"""

import sys
from types import ModuleType

from tencentserverless._version import __version__ as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    from tencentserverless import aio as aio
    from tencentserverless import exception as exception
    from tencentserverless import scf as scf
    from tencentserverless.aio import AsyncClient as AsyncClient
    from tencentserverless.scf import Client as Client
    from tencentserverless.scf import invoke as invoke

__all__ = ("AsyncClient", "Client", "__version__", "invoke")

_HOMES = {"AsyncClient": "aio", "Client": "scf", "invoke": "scf"}
_CLIENT = ("aio", "exception", "scf")
_MODULES = (*_CLIENT, "local", "otel")  # the last two need what an installation may not have


class _Package(ModuleType):
    """A module with names that are loaded at their first use. Python 3.6 has no `__getattr__` in modules."""

    def __getattr__(self, name: str) -> "Any":
        if name in _MODULES:
            __import__("tencentserverless." + name)
            return sys.modules["tencentserverless." + name]
        if name not in _HOMES:
            raise AttributeError(f"module 'tencentserverless' has no attribute {name!r}")
        value = getattr(self.__getattr__(_HOMES[name]), name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> "List[str]":
        # Tools such as help() and freezegun get every name that is listed.
        return sorted({*super().__dir__(), *_HOMES, *_CLIENT})


sys.modules[__name__].__class__ = _Package
