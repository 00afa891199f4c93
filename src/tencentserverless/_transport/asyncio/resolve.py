"""Asks the resolver for the addresses of a host; the event loop does that in a thread."""

import asyncio
import socket

from tencentserverless._transport.asyncio.tasks import begun

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional

    from tencentserverless._transport.addresses import Address


async def resolve(loop: "asyncio.AbstractEventLoop", host: str, port: int, seconds: float) -> "Optional[List[Address]]":
    """The addresses of `host`; None if they do not come within `seconds`. Raises what the resolver raises."""
    try:
        return _addresses(host, port, socket.AI_NUMERICHOST)  # an address needs no resolver
    except socket.gaierror:
        pass
    try:
        return await _answer(loop, host, port, seconds)
    except RuntimeError:  # at the end of the interpreter no thread can be had any more
        return _addresses(host, port, 0)


async def _answer(loop: "asyncio.AbstractEventLoop", host: str, port: int, seconds: float) -> "Optional[List[Address]]":
    task = begun(loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    try:
        await asyncio.wait([task], timeout=seconds)
        return task.result() if task.done() else None
    finally:
        task.cancel()


def _addresses(host: str, port: int, flags: int) -> "List[Address]":
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, flags)
