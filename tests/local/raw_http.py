"""A site that answers with what it was asked, and clients that talk to it byte by byte."""

import asyncio

from tencentserverless.local.http.connection import READ_BYTES, HttpConnection
from tencentserverless.local.http.request import Reply

GET = b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n"


class Site:
    """Answers with method, path, query and body. hold: an event that answers wait for. answered: those that have."""

    def __init__(self):
        self.connections = set()
        self.incoming = memoryview(bytearray(READ_BYTES))
        self.held_bytes = 0
        self.asked, self.answered = [], []
        self.hold = None

    def soon(self, work):
        asyncio.get_running_loop().call_soon(work)

    def refused(self, path, headers):
        return Reply(b"refused", status=403, closing=True) if "origin" in headers else None

    def serve(self, request, port, answer):
        self.asked.append(request)
        if self.hold is None:
            answer(self.reply(request))
            return

        def go_on(_):
            answer(self.reply(request))
            self.answered.append(request)

        asyncio.get_running_loop().create_task(self.hold.wait()).add_done_callback(go_on)

    def reply(self, request):
        if request.path == "/fails":
            raise ValueError
        text = f"{request.method} {request.path} {request.query} {request.body.decode()}"
        return Reply(text.encode(), closing=request.path == "/last")

    def too_large(self, size):
        return Reply(f"too large: {size}".encode(), closing=True)

    def too_busy(self):
        return Reply(b"too busy", closing=True)


def talk(act, site=None):
    """Run `act(reader, writer, site)` as a client of a site."""
    site = site or Site()

    async def main():
        server = await asyncio.get_running_loop().create_server(lambda: HttpConnection(site), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            await asyncio.wait_for(act(reader, writer, site), 20)
        finally:
            writer.close()
            server.close()
            for open_one in list(site.connections):
                open_one.abort()
            await asyncio.sleep(0)

    asyncio.run(main())


async def answer(reader):
    """Status, headers and body of the next answer."""
    found = await either(reader)
    assert found[0] >= 200
    return found


async def either(reader):
    """The next answer, or the next permission to go on."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:-2])
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers.get("Content-Length", 0)))
