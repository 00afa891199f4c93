"""The least that an HTTP server of aiohttp.web is: answers every POST with what it brought.

python echo.py     the first line on stdout is its port; it ends when stdin does
"""

import asyncio
import sys

from aiohttp import web


async def echo(request):
    return web.Response(body=await request.read(), content_type="application/json")


async def serve():
    app = web.Application()
    app.router.add_post("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


asyncio.run(serve())
