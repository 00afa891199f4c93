"""A local endpoint in a process of its own, with options that the command line does not have.

    python endpoint.py FOLDER OPTIONS     OPTIONS is JSON: arguments of `Options`

The first line on stdout is a JSON object as `tencentserverless local start` prints it. It ends when stdin does.
"""

import asyncio
import json
import os
import sys

from tencentserverless.local.endpoint import Endpoint
from tencentserverless.local.local_scf import to_stderr
from tencentserverless.local.model.options import Options
from tencentserverless.local.server import Server


async def serve(folder, options):
    endpoint = Endpoint([folder], Options(**json.loads(options)), to_stderr)
    server = Server(endpoint)
    await server.start(0)
    keys = {"secret_id": endpoint.credential.secret_id, "secret_key": endpoint.credential.secret_key}
    print(json.dumps({"endpoint": server.url, **keys, "pid": os.getpid()}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


asyncio.run(serve(*sys.argv[1:]))
