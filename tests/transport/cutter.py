"""A proxy of bytes on loopback that cuts a connection after an exact number of them."""

import contextlib
import json
import select
import socket
import struct

from tests.loopback import Server, read_request

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: a close that is a reset


class Plan:
    """Cut once `up` bytes of the client, or `down` bytes of the server, were passed on; counted from now."""

    def __init__(self, up=None, down=None, reset=False):
        self.left = [up, down]
        self.passed = [0, 0]
        self.reset = reset
        self.was_cut = False


class Counting:
    """A `serve` that executes what it reads whole: `ran` counts executions by event."""

    def __init__(self, answer):
        self.answer = answer
        self.ran = {}
        self.length = 0  # of the last request

    def __call__(self, connection, number):
        while self.once(connection):
            pass

    def once(self, connection):
        """Serve one request; False at the end of the connection."""
        request = read_request(connection)
        if request is None:
            return False
        head, body = request
        assert "\r\nAuthorization: TC3-HMAC-SHA256 " in head
        self.length = len(head) + 4 + len(body)
        self.count(body)
        connection.sendall(self.answer)
        return True

    def count(self, body):
        event = json.loads(json.loads(body.decode("ascii"))["ClientContext"])
        self.ran[event] = self.ran.get(event, 0) + 1


class Cutter:
    """A `serve` that passes bytes on to `target`, and cuts the first connection that uses up `plan`.

    The plan may be changed between exchanges. Where nobody has sent a byte yet, a cut after none waits for the first.
    """

    def __init__(self, target):
        self.target = target
        self.plan = Plan()

    def __call__(self, connection, number):
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.target.port))) as beyond:
            beyond.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ends = (connection, beyond)
            while True:
                for end in select.select(ends, [], [])[0]:
                    way = ends.index(end)
                    data = end.recv(65536)
                    if not data:
                        return
                    if self._pass_on(data, ends[1 - way], way):
                        beyond.close()
                        _cut(connection, self.plan)
                        return

    def _pass_on(self, data, to, way):
        """Whether the connection is to be cut now."""
        plan = self.plan
        left = plan.left[way]
        if left is None or plan.was_cut:
            plan.passed[way] += len(data)
            to.sendall(data)
            return False
        to.sendall(data[:left])
        plan.passed[way] += len(data)
        plan.left[way] = max(0, left - len(data))
        plan.was_cut = left <= len(data)
        return plan.was_cut


def reset(connection):
    """Close so that the other side is told of a reset, not of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    connection.close()


def _cut(connection, plan):
    if plan.reset:
        return reset(connection)
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):  # closing with bytes unread would be a reset
        pass
    return None


@contextlib.contextmanager
def cutting(answer, tls=False):
    """A server that counts, and a proxy that cuts on the way to it: (counting, cutter, endpoint, proxy)."""
    counting = Counting(answer)
    with Server(counting, tls=tls) as server:
        cutter = Cutter(server)
        with Server(cutter) as proxy:
            yield counting, cutter, proxy.endpoint.replace("http://", server.endpoint.partition("127")[0])
