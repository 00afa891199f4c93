"""Both clients behind one face, so that one test proves a fact of both."""

import asyncio

from tencentserverless.aio import AsyncClient
from tencentserverless.scf import Client
from tests.loopback import AUTHORITY, KEYS

KINDS = ("blocking", "asyncio")


class Driven:
    """An AsyncClient that is called like a blocking one: each call runs the event loop until it is done."""

    make_loop = staticmethod(asyncio.new_event_loop)

    def __init__(self, *arguments, **settings):
        self.client = AsyncClient(*arguments, **settings)
        self.loop = self.make_loop()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.run(self.client.__aexit__(*raised))
        self.run(self.loop.shutdown_asyncgens())
        self.loop.close()

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def invoke(self, *arguments, **options):
        return self.run(self.client.invoke(*arguments, **options))


def client_of(kind, endpoint, **settings):
    """A client of this kind with connections of its own, to be used as a context manager."""
    settings.setdefault("timeout", 20)
    settings.setdefault("ca_file", AUTHORITY)
    if not {"credentials", "profile"} & set(settings):
        settings = dict(KEYS, **settings)
    return (Client if kind == "blocking" else Driven)(endpoint=endpoint, **settings)
