"""The launch of real instances: a worker that runs, and what is taken back once it is gone."""

import asyncio
import dataclasses
from contextlib import suppress

import pytest

from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.functions.folders import read
from tencentserverless.local.http.certificates import Authority
from tencentserverless.local.http.instance_ports import PortRegistry
from tencentserverless.local.http.listener import Listener
from tencentserverless.local.instances.launch import InstanceLauncher
from tencentserverless.local.instances.ticket import Ticket
from tencentserverless.local.model.counters import Counters
from tencentserverless.local.model.credentials import KeyRegistry
from tencentserverless.local.model.invocation import Invocation
from tencentserverless.local.model.options import Options
from tencentserverless.local.processes.frames import Kind
from tests.local.factories import REQUEST_ID
from tests.local.process_table import alive

SHOWS = """
import os
def main_handler(event, context):
    return os.environ["TENCENTCLOUD_SECRETID"]
"""


class Here:
    """A launcher and what it was given, on the loop that runs. outcomes: of events."""

    def __init__(self, **options):
        self.keys, self.counters, self.notices = KeyRegistry(), Counters(), []
        self.ports = PortRegistry(lambda bound, _: Listener(bound, lambda: None), tls=True)
        self.scratch = Scratch()
        authority = Authority(lambda: self.scratch.trust, [])
        parts = (self.keys, self.ports, authority, self.scratch, self.counters, self.notices.append)
        self.launcher = InstanceLauncher(Options(**options), *parts)
        self.outcomes = asyncio.Queue()

    def ended(self, instance, ticket, outcome):
        """What instances tell: see `Listener`."""
        self.outcomes.put_nowait(outcome)

    async def launched(self, function):
        """An instance that has loaded this function."""
        instance = await self.launcher.launch(function, 0, self)
        answer = await instance.start(Invocation(REQUEST_ID, function, b"{}"))
        assert answer.kind is Kind.READY
        self.launcher.loaded(instance)
        return instance

    async def invoke(self, instance, event=b"{}"):
        instance.invoke(Ticket(Invocation(REQUEST_ID, instance.function, event), None, 0.0))
        return await self.outcomes.get()

    async def gone(self, instance):
        await instance.end()
        self.launcher.forget(instance)

    async def stop(self):
        for instance in list(self.launcher.instances.values()):
            await self.gone(instance)
        await self.launcher.stop()
        self.ports.close_all()
        self.scratch.remove()


def launching(act, **options):
    async def main():
        here = Here(**options)
        try:
            await asyncio.wait_for(act(here), 60)
        finally:
            await here.stop()

    asyncio.run(main())


def test_an_instance_from_its_launch_to_its_end(folder):
    """An instance has an id, credentials, ports and a process of its own, and none of them once it is gone."""
    (function,) = read([folder("one", SHOWS)], pytest.fail)

    async def act(here):
        first, second = await here.launched(function), await here.launched(function)
        assert list(here.launcher.instances) == [first.id, second.id]
        assert here.counters.processes == 2
        held = [here.keys.get((await here.invoke(instance)).ret_msg.strip('"')) for instance in (first, second)]
        assert [credential.instance_id for credential in held] == [first.id, second.id]
        assert set(here.ports._by_instance) == {first.id, second.id}
        await here.gone(first)
        assert not alive(first.worker.pid)
        assert list(here.launcher.instances) == [second.id]
        assert set(here.ports._by_instance) == {second.id}
        assert here.keys.get(held[0].secret_id) is None
        assert here.keys.get(held[1].secret_id) is held[1]

    launching(act)


def test_credentials_are_renewed_before_an_event(folder):
    """An event that could outlast the credentials of its instance finds new ones."""
    (function,) = read([folder("one", SHOWS)], pytest.fail)

    async def act(here):
        instance = await here.launched(function)
        found = [(await here.invoke(instance)).ret_msg.strip('"') for _ in range(3)]
        assert len(set(found)) == 3
        assert here.keys.get(found[-1]).instance_id == instance.id

    launching(act, credential_seconds=60)


def test_a_launch_that_fails(folder):
    """A launch that fails raises OSError and leaves neither credentials nor ports, and no instance."""
    place = folder("one", manifest="component: scf\nname: one\ninputs: {src: code}\n")
    (place / "code").mkdir()
    (function,) = read([place], print)
    (place / "code").rmdir()

    async def act(here):
        with pytest.raises(OSError, match="code"):
            await here.launched(function)
        assert (here.launcher.instances, here.counters.processes) == ({}, 0)
        assert (here.ports._by_instance, here.keys._credentials, here.launcher._leases) == ({}, {}, {})

    launching(act)


def test_a_launch_that_is_given_up(folder):
    """A launch that is cancelled leaves nothing either, whenever that is."""
    (function,) = read([folder("one")], pytest.fail)

    async def act(here):
        for turns in range(40):
            launch = asyncio.ensure_future(here.launcher.launch(function, 0, None))
            for _ in range(turns):
                await asyncio.sleep(0)
            launch.cancel()
            with suppress(asyncio.CancelledError):
                await here.gone(await launch)
            assert (here.launcher.instances, here.ports._by_instance, here.launcher._leases) == ({}, {}, {})

    launching(act)


def test_the_sdk_that_is_lent(folder):
    """A folder that uses the SDK of the endpoint is told of once, except where the platform has the SDK."""
    code = "import tencentserverless.scf\ndef main_handler(event, context): pass\n"
    functions = [*read([folder("lent", code), folder("plain")], pytest.fail)]
    there = dataclasses.replace(functions[0], region="ap-chengdu")
    other = dataclasses.replace(functions[0], code=folder("other", code))

    async def act(here):
        for function in [*functions * 2, there]:
            await here.launched(function)
        (notice,) = here.notices
        assert notice.startswith("lent imports tencentserverless, which its folder does not contain.")
        await here.launched(other)
        assert here.notices == [notice, notice]

    launching(act)
