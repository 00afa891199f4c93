"""Forks while another thread imports what the client imports late."""

import os
import subprocess
import sys

import pytest

from tests.loopback import AUTHORITY, Server, answering, http, proxying, result

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LATE = (
    "tencentserverless._transport.blocking.connect",
    "tencentserverless._transport.blocking.resolve",
    "encodings.idna",
    "ssl",
    "tencentserverless._transport.tls_in_tls",
)
PROGRAM = """
import os, signal, sys, threading
from tencentserverless.scf import Client
endpoint, proxy, authority = sys.argv[1:4]
parent, reached, go_on = os.getpid(), {name: threading.Event() for name in sys.argv[4:]}, threading.Event()

class Pausing:
    @staticmethod
    def find_spec(name, *rest):
        if name in reached and os.getpid() == parent:
            reached[name].set()
            go_on.wait(0.1)  # nobody sets it: for so long the module is being imported

client = Client(endpoint=endpoint, proxy=proxy, ca_file=authority, secret_id="AKID", secret_key="key", timeout=20)
sys.meta_path.insert(0, Pausing)
threading.Thread(target=client.invoke, args=("f",)).start()
for name in reached:
    if reached[name].wait(20):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if client.invoke("f", timeout=10).value == "Hello World" else 1)
        print(name, os.waitpid(child, 0)[1])
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="needs forks and Python 3.7")
def test_a_fork_while_another_thread_imports():
    """A child that is forked while another thread imports a module of the client's can import it and invoke."""
    with Server(answering(http(result())), tls=True) as server, Server(proxying([]), tls=True) as proxy:
        arguments = (server.endpoint, proxy.endpoint, AUTHORITY, *LATE)
        command = [sys.executable, "-W", "ignore", "-u", "-c", PROGRAM, *arguments]
        environ = dict(os.environ, PYTHONPATH=os.path.join(ROOT, "src"))
        done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, timeout=100)
    assert done.stdout.decode("ascii").split("\n")[:-1] == ["%s 0" % name for name in LATE]


STEP = """
import os, ssl, sys, threading
from tencentserverless.scf import Client
endpoint, authority, step = sys.argv[1:]
begun, plain = threading.Event(), getattr(ssl.SSLSocket, step)

def slow(*arguments):
    begun.set()
    threading.Event().wait(0.1)  # nobody sets it: so long OpenSSL is at work
    try:
        return plain(*arguments)
    finally:
        begun.clear()

setattr(ssl.SSLSocket, step, slow)
client = Client(endpoint=endpoint, ca_file=authority, secret_id="AKID", secret_key="key", timeout=20)
thread = threading.Thread(target=client.invoke, args=("f",))
thread.start()
begun.wait()
child = os.fork()
if child == 0:
    os._exit(begun.is_set())
thread.join()
os._exit(os.waitpid(child, 0)[1] != 0)
"""


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="needs forks and Python 3.7")
@pytest.mark.parametrize("step", ["do_handshake", "read"])
def test_a_fork_waits_for_tls(step):
    """No child is forked while OpenSSL works on the handshake or on the first answer, which take its locks."""
    with Server(answering(http(result())), tls=True) as server:
        command = [sys.executable, "-W", "ignore", "-c", STEP, server.endpoint, AUTHORITY, step]
        assert subprocess.run(command, env=dict(os.environ, PYTHONPATH=os.path.join(ROOT, "src"))).returncode == 0
