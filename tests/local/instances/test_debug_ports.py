"""Ports for debuggers that stay the same."""

import asyncio

from tencentserverless.local.instances.debug_ports import DebugPorts
from tests.local.factories import function


def test_a_port_leads_to_the_newest_instance():
    """The port of a function stays, and a new connection leads to its newest instance; a dead one ends it."""

    async def main():
        first, second, ended = [await answering(text) for text in (b"first", b"second", b"")]
        ended[0].close()
        await ended[0].wait_closed()
        notices = []
        ports = DebugPorts(free_port(), notices.append)
        hello, other = function(), function("other")
        port = ports.lead(hello, first[1])
        assert await said(port) == b"first"
        assert ports.lead(hello, second[1]) == port
        assert await said(port) == b"second"
        assert ports.lead(hello, ended[1]) == port
        assert await said(port) == b""
        assert ports.lead(other, first[1]) != port
        taken = DebugPorts(port, notices.append)
        assert taken.lead(hello, first[1]) == first[1]
        assert "hello: debug port" in notices[-1]
        for each in (ports, taken):
            await each.stop()
        for server, _ in (first, second):
            server.close()

    asyncio.run(main())


async def answering(text):
    """A server that says a text to whoever says something, and its port."""

    async def answer(reader, writer):
        await reader.read(1)
        writer.write(text)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def said(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"?")
    try:
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def free_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]
