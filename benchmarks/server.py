"""A server that answers every POST as SCF answers Invoke. It has HTTP/1.1 with keep-alive on 127.0.0.1.

    python server.py [CERTIFICATE]     with a certificate it uses TLS

It is plain asyncio with one write for each answer. It checks nothing, so that it is faster than all clients. The first
line on stdout is the port. Each line on stdin is a question, and the answer is a JSON line: for `cpu` the seconds of
processor time until now, for `request` the last request as Latin-1 text. The process ends when stdin ends.
"""

import asyncio
import functools
import json
import re
import ssl
import sys
import threading
import time

RET_MSG = '"Hello World from the function being invoked"'
_REQUEST_ID = "3c140219-cfe9-470e-b241-907877d6fb03"
_RESULT = {
    "Log": "",
    "RetMsg": RET_MSG,
    "ErrMsg": "",
    "MemUsage": 11112448,
    "Duration": 3.5,
    "BillDuration": 4,
    "FunctionRequestId": _REQUEST_ID,
    "InvokeResult": 0,
}
_BODY = json.dumps({"Response": {"Result": _RESULT, "RequestId": _REQUEST_ID}}).encode()
_HEAD = (
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx\r\n"
    "Date: Wed, 01 Jul 2026 08:00:00 GMT\r\n"
    "Content-Type: application/json\r\n"
    f"Content-Length: {len(_BODY)}\r\n"
    "Connection: keep-alive\r\n\r\n"
)
ANSWER = _HEAD.encode() + _BODY

_content_length = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE).search


class Answering(asyncio.Protocol):
    """One connection. Every complete request gets an answer."""

    last_request = b""

    def connection_made(self, transport):
        self._transport = transport
        self._buffer = b""

    def data_received(self, data):
        self._buffer = self._buffer + data if self._buffer else data
        while True:
            end = self._buffer.find(b"\r\n\r\n") + 4
            length = _content_length(self._buffer, 0, end)
            if end < 4 or length is None or len(self._buffer) < end + int(length.group(1)):
                return
            end += int(length.group(1))
            Answering.last_request, self._buffer = self._buffer[:end], self._buffer[end:]
            self._transport.write(ANSWER)


def answer_questions(finish):
    for line in sys.stdin:
        result = time.process_time() if line.strip() == "cpu" else Answering.last_request.decode("latin-1")
        print(json.dumps(result), flush=True)
    finish()


async def serve(certificate=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
    if context:
        context.load_cert_chain(certificate)
    loop, finished = asyncio.get_running_loop(), asyncio.Event()
    listening = await loop.create_server(Answering, "127.0.0.1", 0, ssl=context, backlog=256)
    print(listening.sockets[0].getsockname()[1], flush=True)
    finish = functools.partial(loop.call_soon_threadsafe, finished.set)
    threading.Thread(target=answer_questions, args=(finish,), daemon=True).start()
    await finished.wait()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
