"""A process with a local endpoint, for options that the command line does not have.

    python endpoint.py FOLDER OPTIONS     OPTIONS is JSON: arguments of `Options`

The first line on stdout is a JSON object, as `tencentserverless local start` prints it. The process ends when stdin
ends.
"""

import asyncio
import json
import os
import sys

from tencentserverless.local.eventloop.delivery import to_stderr
from tencentserverless.local.model.options import Options
from tencentserverless.local.server import serve_endpoint


async def serve(folder, options):
    server = await serve_endpoint([folder], Options(**json.loads(options)), to_stderr, port=0)
    own = server.endpoint.credential
    print(
        json.dumps(
            {"endpoint": server.url, "secret_id": own.secret_id, "secret_key": own.secret_key, "pid": os.getpid()}
        ),
        flush=True,
    )
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


asyncio.run(serve(*sys.argv[1:]))
