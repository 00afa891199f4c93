"""Real instances whose workers are played by a test: a coroutine reads and writes the other end of the channel."""

import asyncio
from contextlib import suppress

from tencentserverless.local.instances.instance import Instance
from tencentserverless.local.processes.descriptors import Descriptors
from tencentserverless.local.processes.frames import Decoder, Kind, encode
from tencentserverless.local.processes.worker_handle import WorkerHandle

NO_PROCESS = 0  # of which nothing can be measured


class PlayedWorker:
    """One worker's end of the channel. number: how many were launched before it."""

    def __init__(self, connection, number):
        self.number = number
        self._connection = connection
        self._connection.setblocking(False)
        self._decoder = Decoder()
        self._frames = []

    async def frame(self):
        """The next frame from the endpoint. Raises EOFError."""
        while not self._frames:
            data = await asyncio.get_running_loop().sock_recv(self._connection, 1 << 16)
            if not data:
                raise EOFError
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)

    async def arrival(self):
        """Wait until something has come, without reading it."""
        loop = asyncio.get_running_loop()
        came = loop.create_future()
        loop.add_reader(self._connection, lambda: came.done() or came.set_result(None))
        await came
        loop.remove_reader(self._connection)

    async def load(self):
        """Say that the function is loaded."""
        await self.frame()
        self.say(Kind.READY, {"init_ms": 1.0, "lent": False})

    async def answer(self):
        """Return one event as it is."""
        event = await self.frame()
        self.say(Kind.RESULT, {"request_id": event.head["request_id"], "duration_ms": 0.0}, event.body)

    def say(self, kind, head, body=b""):
        self._connection.sendall(encode(kind, head, body))

    def leave(self):
        """Close the channel. Linux resets it if something in it is unread."""
        self._connection.close()


async def echo(worker):
    """A worker that does what it should."""
    await worker.load()
    while True:
        await worker.answer()


class PlayedLauncher:
    """Launches instances. play: the part of their workers, a coroutine function that gets a `PlayedWorker`.

    launched, ready, gone: instances, in the order in which that became of them.
    """

    def __init__(self, play=echo):
        self.play = play
        self.launched, self.ready, self.gone = [], [], []
        self._parts = []

    async def launch(self, function, source_version, listener):
        loop = asyncio.get_running_loop()
        number = len(self.launched)
        with Descriptors.pair() as (ours, theirs):
            played = PlayedWorker(theirs.channel.dup(), number)
            handle = WorkerHandle(NO_PROCESS, ours.set_nonblocking(), loop.create_future())
        instance = Instance(f"scf-{number}", function, handle, {}, source_version, listener, dict, print)
        self.launched.append(instance)
        self._parts.append(loop.create_task(self._part(played)))
        return instance

    def loaded(self, instance):
        self.ready.append(instance)

    def forget(self, instance):
        self.gone.append(instance)

    async def stop(self):
        """End the parts; a mistake in one of them is raised."""
        for part in self._parts:
            part.cancel()
        for failure in await asyncio.gather(*self._parts, return_exceptions=True):
            if failure is not None and not isinstance(failure, asyncio.CancelledError):
                raise failure

    async def _part(self, played):
        try:
            with suppress(EOFError, ConnectionError):  # the endpoint has ended it
                await self.play(played)
        finally:
            played.leave()
