"""SCF's host names lead to an endpoint, on every kind of resolver. A test plays the endpoint."""

import os
import socket
import subprocess
import sys
import threading

import pytest

from tencentserverless.local.processes.worker_file import BOOTSTRAP
from tests.environments import clean_environ, find_interpreter

ADDRESS = "127.83.67.70" if sys.platform == "linux" else "127.0.0.1"
PROGRAM = """
{first}
import sys
names = {{"__name__": "redirect", "__file__": {path!r}}}
exec(compile(open({path!r}, "rb").read(), {path!r}, "exec"), names)
if sys.version_info[0] > 2:
    import importlib.util
    [importlib.util.find_spec(name) for name in ("ssl", "urllib.request")]  # programs look whether a module is there
names["install"]({hosts!r})
import _socket, socket
try:
    from urllib.request import proxy_bypass
except ImportError:
    from urllib import proxy_bypass

HOST = "SCF.ap-nowhere.tencentcloudapi.com."
def peer(connect):
    connection = socket.socket()
    connection.settimeout(20)
    assert not connect(connection)
    found = connection.getpeername()
    connection.close()
    return found

found = [
    socket.getaddrinfo(HOST, 443, 0, socket.SOCK_STREAM)[0][4],
    _socket.getaddrinfo(HOST.encode("ascii"), "https", 0, socket.SOCK_STREAM)[0][4],
    peer(lambda it: it.connect((HOST, 443))),
    peer(lambda it: it.connect_ex((socket.gethostbyname_ex(HOST)[2][0], 443))),
    socket.getaddrinfo(HOST, "http", 0, socket.SOCK_STREAM)[0][4],
    peer(lambda it: it.connect((HOST, 80))),
    (socket.gethostbyname(HOST), 0),
    (socket.gethostbyname("127.0.0.1"), int(bool(proxy_bypass(HOST)))),
    socket.getaddrinfo("127.0.0.1", 443, 0, socket.SOCK_STREAM)[0][4],
]
print(found)
"""


@pytest.fixture
def ports():
    """Two listening sockets that answer nothing, at the two addresses."""
    with socket.create_server(("127.0.0.1", 0)) as plain, socket.create_server((ADDRESS, 0)) as secure:

        def close():
            while True:
                try:
                    plain.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=close)
        thread.start()
        yield plain.getsockname()[1], secure.getsockname()[1]
        plain.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(("version", "first"), [("2.7", ""), ("3.6", ""), ("3.13", "import socket")])
def test_every_way_leads_here(version, first, ports):
    """Names of SCF lead to the ports by each function of `socket` and `_socket`, also if `socket` was there before."""
    python = find_interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    plain, secure = ports
    path = str(BOOTSTRAP.parent / "redirect.py")
    program = PROGRAM.format(first=first, path=path, hosts=f"{ADDRESS} {plain} {secure} /nowhere")
    found = subprocess.check_output([python, "-E", "-c", program], env=clean_environ(), timeout=60)
    told = eval(found)
    assert told[:4] == [(ADDRESS, secure)] * 4
    assert told[4:] == [("127.0.0.1", plain)] * 2 + [(ADDRESS, 0), ("127.0.0.1", 1), ("127.0.0.1", 443)]
    assert not os.path.exists("/nowhere")
