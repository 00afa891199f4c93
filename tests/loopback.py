"""Servers on loopback for tests of the client: real sockets, a few lines of behaviour each."""

import contextlib
import json
import os
import select
import socket
import ssl
import threading
from base64 import b64encode

CERTIFICATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "certificates")
AUTHORITY = os.path.join(CERTIFICATES, "authority.pem")
KEYS = {"secret_id": "AKIDEXAMPLE", "secret_key": "example-secret-key"}


def tls_context():
    """The server's side of TLS, with a certificate for localhost and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if hasattr(ssl, "PROTOCOL_TLS_SERVER") else ssl.PROTOCOL_TLS)
    context.load_cert_chain(os.path.join(CERTIFICATES, "localhost.pem"))
    return context


def result(ret_msg='"Hello World"', **fields):
    """The eight fields of a Result, as the platform sends them."""
    told = {
        "Log": "",
        "RetMsg": ret_msg,
        "ErrMsg": "",
        "MemUsage": 11112448,
        "Duration": 3.5,
        "BillDuration": 4,
        "FunctionRequestId": "f" * 36,
        "InvokeResult": 0,
    }
    told.update(fields)
    return {"Response": {"Result": told, "RequestId": "r" * 36}}


def failure(status, **fields):
    """A Result that tells of a failure with this status code."""
    told = {"errorCode": -1, "errorMessage": "it failed", "requestId": "r" * 36, "statusCode": status}
    told.update(fields)
    return result(json.dumps(told), InvokeResult=1, ErrMsg=told["errorMessage"])


def refusal(code, message="refused"):
    """An API error."""
    return {"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "r" * 36}}


def http(answer, head="", status="200 OK"):
    """An HTTP response that carries `answer`; `head` are further header lines."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode("utf-8")
    lines = "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), head)
    return lines.encode("ascii") + body


def read_request(connection):
    """The next request on `connection` as (head, body); None at its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    body = bytearray(body)  # to bytes nothing can be added without a copy of them all
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return head.decode("latin-1"), bytes(body)


def header(head, name):
    """The value of a header line of `head`, None where there is none."""
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name.lower():
            return value.strip()
    return None


class Server:
    """Accepts connections on 127.0.0.1 and lets `serve(connection, number)` talk on each, in a thread of its own.

    The connection is closed when `serve` returns. `accepted` counts connections; `faults` holds what `serve` raised,
    but for the OSErrors of clients that left.
    """

    def __init__(self, serve, tls=False):
        self.serve = serve
        self.tls = tls_context() if tls else None
        self.accepted = 0
        self.faults = []
        self._open = set()
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(128)
        self.port = self._listener.getsockname()[1]
        self.endpoint = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *raised):
        # shutdown wakes the thread that waits in accept; close alone does not
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        if self.faults and not raised[0]:
            raise self.faults[0]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            thread = threading.Thread(target=self._talk, args=(connection, self.accepted), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection, number):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self._open.add(connection)
            if self.tls is not None:
                connection.do_handshake()
            self.serve(connection, number)
        except OSError:
            pass
        except Exception as fault:
            self.faults.append(fault)
        finally:
            self._open.discard(connection)
            connection.close()


def answering(answer):
    """A `serve` that answers every request: `answer` is bytes, or a function of (head, body) that returns bytes."""

    def serve(connection, number):
        while True:
            request = read_request(connection)
            if request is None:
                return
            connection.sendall(answer(*request) if callable(answer) else answer)

    return serve


def read_head(connection):
    """The head of a CONNECT request. Raises OSError if it does not come whole."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = connection.recv(1)
        if not more:
            raise OSError("the client left")
        head += more
    return head.decode("ascii")


def relay(one, other):
    """Carry bytes both ways until one side ends."""
    while True:
        pending = [side for side in (one, other) if getattr(side, "pending", int)()]
        for side in pending or select.select([one, other], [], [])[0]:
            data = side.recv(65536)
            if not data:
                return
            (other if side is one else one).sendall(data)


def proxying(heads, login=None):
    """A `serve` that is a proxy; `heads` collects what it was asked."""

    def serve(connection, number):
        head = read_head(connection)
        heads.append(head)
        if login is not None and "Basic " + b64encode(login).decode("ascii") not in head:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = head.split()[1].rpartition(":")
        with contextlib.closing(socket.create_connection((host, int(port)))) as target:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
            relay(connection, target)

    return serve
