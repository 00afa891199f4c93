"""A process that sends prepared requests on kept-alive connections, so that only the servers differ.

    python raw.py

The first line on stdout says that the process is ready. Each line on stdin is a JSON object with

    port        of the server
    request     as Latin-1 text
    good        a text that only right answers have

and either

    count       invocations, one after the other. The answer is the median of their seconds.

or

    seconds     of the measurement
    connections their number
    in_flight   how many requests may wait for an answer at the same time. The answer is two numbers: right answers
                per second, and the share of other answers.

The process ends when stdin ends.
"""

import json
import re
import selectors
import socket
import statistics
import sys
import time
from collections import deque

PATIENCE_SECONDS = 30
_content_length = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE).search


class Connection:
    """One connection. Call `send`, then `take` until it returns the answer."""

    def __init__(self, port, request):
        self._request = request
        self._data = b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self):
        self._data = b""
        self.socket.sendall(self._request)

    def take(self):
        """Read once. Returns the answer if it is complete, else None."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"closed within an answer, after {self._data[:300]}")
        self._data += data
        end = self._data.find(b"\r\n\r\n") + 4
        length = _content_length(self._data, 0, end) if end >= 4 else None
        return self._data if length and len(self._data) >= end + int(length.group(1)) else None


def one_by_one(port, request, good, count):
    connection, times = Connection(port, request), []
    with connection.socket:
        for _ in range(count):
            start = time.perf_counter()
            connection.send()
            while (answer := connection.take()) is None:
                pass
            times.append(time.perf_counter() - start)
            if good not in answer:
                raise ValueError(answer)
    return statistics.median(times)


def crowd(port, request, good, seconds, connections, in_flight):
    """Send requests on all connections in turn. The last answers are awaited and counted."""
    everybody = [Connection(port, request) for _ in range(connections)]
    waiting, outstanding, counts = deque(everybody), 0, {True: 0, False: 0}
    with selectors.DefaultSelector() as selector:
        for connection in everybody:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        start = time.perf_counter()
        while True:
            while waiting and outstanding < in_flight and time.perf_counter() < start + seconds:
                waiting.popleft().send()
                outstanding += 1
            if not outstanding:
                break
            for key, _ in selector.select(PATIENCE_SECONDS):
                answer = key.data.take()
                if answer is not None:
                    counts[good in answer] += 1
                    outstanding -= 1
                    waiting.append(key.data)
        took = time.perf_counter() - start
    for connection in everybody:
        connection.socket.close()
    return counts[True] / took, counts[False] / sum(counts.values())


def main():
    print("ready", flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        question.update(request=question["request"].encode("latin-1"), good=question["good"].encode())
        print(json.dumps((one_by_one if "count" in question else crowd)(**question)), flush=True)


if __name__ == "__main__":
    main()
