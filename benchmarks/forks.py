"""Children that are forked while other threads shake TLS hands: each gets through its own handshake.

``python benchmarks/forks.py [TIMES]``, 2,000 unless told otherwise. Exits with an error where a child hangs.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from processes import SOURCE

from tests.loopback import AUTHORITY, Server, answering, http, result

SHAKING = """
import os, signal, socket, sys, threading
from urllib.parse import urlsplit
from tencentserverless._transport import tls_context
from tencentserverless._transport.blocking.connect import _wrapped
address, authority, times = urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def shake():
    plain = socket.create_connection((address.hostname, address.port))
    _wrapped(plain, tls_context.context(authority), address.hostname, None, lambda: 10).close()

def shake_on():
    while True:
        shake()

for _ in range(3):
    threading.Thread(target=shake_on, daemon=True).start()
for _ in range(times):
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        shake()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        os._exit(1)
os._exit(0)
"""


def main(times: int) -> int:
    with Server(answering(http(result())), tls=True) as server:
        command = [sys.executable, "-W", "ignore", "-c", SHAKING, server.endpoint, AUTHORITY, str(times)]
        return subprocess.run(command, env=dict(os.environ, PYTHONPATH=str(SOURCE)), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
