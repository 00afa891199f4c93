"""Who debugs: a person at a terminal, and a program that speaks the Debug Adapter Protocol; and what they debug."""

import json
import os
import pty
import select
import socket
import threading
import time

from tests.local.api_client import Api
from tests.local.process_table import until

SECONDS = 30


class Terminal:
    """A terminal of which the test is the person: reads what is shown and types."""

    def __init__(self):
        self.end, self.other = pty.openpty()
        self.path = os.ttyname(self.other)
        self.unread = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.end)
        os.close(self.other)

    def read_until(self, text):
        """What is shown up to `text`, which must come."""
        deadline = time.monotonic() + SECONDS
        while text not in self.unread:
            readable, _, _ = select.select([self.end], [], [], max(0, deadline - time.monotonic()))
            assert readable, f"{text!r} is not shown, but {self.unread!r}"
            self.unread += os.read(self.end, 4096).decode()
        shown, _, self.unread = self.unread.partition(text)
        return shown

    def type(self, line):
        os.write(self.end, f"{line}\n".encode())

    def answer(self, line, prompt="(Pdb) "):
        """What is shown between a typed line and the next prompt."""
        self.type(line)
        return self.read_until(prompt).partition("\r\n")[2]


class Client:
    """A debugger that is attached to a port."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.stream = self.connection.makefile("rb")
        self.requests = 0
        self.waiting = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.connection.close()

    def send(self, command, **arguments):
        self.requests += 1
        request = {"seq": self.requests, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(request).encode()
        self.connection.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.requests

    def request(self, command, **arguments):
        """The body of the response."""
        number = self.send(command, **arguments)
        found = self.find(lambda message: message.get("request_seq") == number)
        assert found["success"], found
        return found.get("body")

    def event(self, name):
        """The body of the next event of this name."""
        return self.find(lambda message: message.get("event") == name).get("body")

    def find(self, wanted):
        """The first message that is wanted, among those that came and those that come."""
        while True:
            for message in self.waiting:
                if wanted(message):
                    self.waiting.remove(message)
                    return message
            self.waiting.append(self.receive())

    def receive(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.stream.read(1)
            assert byte, f"the adapter has closed the connection; unread: {self.waiting}"
            head += byte
        return json.loads(self.stream.read(int(head.split(b":")[1])))

    def attach(self, path, *lines):
        """Debug, with breakpoints at these lines."""
        self.request("initialize", clientID="test", adapterID="python", pathFormat="path")
        attached = self.send("attach", justMyCode=False)
        self.event("initialized")
        breakpoints = [{"line": line} for line in lines]
        self.request("setBreakpoints", source={"path": str(path)}, breakpoints=breakpoints)
        self.request("configurationDone")
        self.find(lambda message: message.get("request_seq") == attached)


class Invocation:
    """An invocation that runs beside the test."""

    def __init__(self, scf, name, event):
        self.thread = threading.Thread(target=self.run, args=(scf, name, event))
        self.thread.start()

    def run(self, scf, name, event):
        with Api(scf) as api:
            self.response = api.invoke(name, event)

    def result(self):
        self.thread.join()
        return self.response


def pause(seconds=1.1):
    """More time than the functions here have."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end)
