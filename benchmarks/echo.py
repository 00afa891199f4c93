"""An HTTP server that answers every POST with the body of the request.

    python echo.py KIND     KIND is `aiohttp` for aiohttp.web, `uvicorn` for an ASGI application on uvicorn and
                            httptools, or `own` for the connections of the local endpoint

The first line on stdout is the port. The process ends when stdin ends.
"""

import asyncio
import socket
import sys


async def serve_aiohttp():
    from aiohttp import web

    async def echo(request):
        return web.Response(body=await request.read(), content_type="application/json")

    app = web.Application()
    app.router.add_post("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner.addresses[0][1]


async def serve_uvicorn():
    import uvicorn

    async def echo(_, receive, send):
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event["body"], event["more_body"]
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    listening = socket.socket(proto=socket.IPPROTO_TCP)  # named: else asyncio leaves Nagle's algorithm on
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(echo, loop="asyncio", http="httptools", lifespan="off", log_config=None, access_log=False)
    running.append(asyncio.create_task(uvicorn.Server(config).serve([listening])))
    return listening.getsockname()[1]


async def serve_own():
    from tencentserverless.local.http.connection import READ_BYTES, HttpConnection
    from tencentserverless.local.http.request import Reply

    class Site:
        def __init__(self):
            self.connections = set()
            self.incoming = memoryview(bytearray(READ_BYTES))
            self.held_bytes = 0

        def soon(self, work):
            work()

        def refused(self, *_):
            return None

        def serve(self, request, _, answer):
            answer(Reply(request.body))

    site = Site()
    server = await asyncio.get_running_loop().create_server(lambda: HttpConnection(site), "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]


KINDS = {"aiohttp": serve_aiohttp, "uvicorn": serve_uvicorn, "own": serve_own}
running = []


async def main(kind):
    print(await KINDS[kind](), flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main(sys.argv[1]))
