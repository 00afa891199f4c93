"""The bytes that a client has not received yet."""

import asyncio
import socket
import sys

import pytest

from tencentserverless.local.http.unsent import unsent_bytes

SIZE = 8 << 20


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="the system does not tell it")
def test_the_kernel_s_bytes_count():
    """What the kernel holds is unsent until the client reads, and a closed connection has nothing left."""

    async def main():
        with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(listening.getsockname())
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            accepted, _ = listening.accept()
            transport, _ = await loop.create_connection(asyncio.Protocol, sock=accepted)
            transport.write(b"x" * SIZE)
            in_loop, unsent = transport.get_write_buffer_size(), unsent_bytes(transport)
            assert in_loop < unsent <= SIZE
            got = 0
            while got < SIZE:
                got += len(await loop.sock_recv(client, 1 << 20))
            while unsent_bytes(transport):
                await asyncio.sleep(0)
            transport.abort()
            await asyncio.sleep(0)
            assert unsent_bytes(transport) == 0

    asyncio.run(main())
