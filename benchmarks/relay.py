"""A long way to a server on this machine: every byte takes some time in each direction.

    python relay.py PORT SECONDS     relays connections to 127.0.0.1:PORT, each direction takes SECONDS

The TCP handshake takes a round trip too. The kernel has shaken hands before the relay sees a connection, so the relay
makes up for it: what is sent first on a connection waits one round trip longer. The first line on stdout is the relay's
port. It ends when stdin does.

Threads that sleep are used, because an event loop's timers round up to milliseconds.
"""

import contextlib
import queue
import socket
import sys
import threading
import time


def start(work, *arguments):
    threading.Thread(target=work, args=arguments, daemon=True).start()


def carry(source, target, seconds, ready_at):
    """Read from `source`, and deliver to `target` after `seconds`; nothing leaves before `ready_at`."""
    under_way = queue.SimpleQueue()
    start(deliver, under_way, target)
    data = b"."
    while data:
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        under_way.put((max(time.monotonic(), ready_at) + seconds, data))


def deliver(under_way, target):
    data = b"."
    with contextlib.suppress(OSError):
        while data:
            due, data = under_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def serve(listener, port, seconds):
    while True:
        near, _ = listener.accept()
        ready_at = time.monotonic() + 2 * seconds
        far = socket.create_connection(("127.0.0.1", port))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start(carry, near, far, seconds, ready_at)
        start(carry, far, near, seconds, ready_at)


def main(port, seconds):
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print(listener.getsockname()[1], flush=True)
        start(serve, listener, int(port), float(seconds))
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
