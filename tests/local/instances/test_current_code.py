"""Whether an instance has the code that an invocation is to run."""

import asyncio
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tencentserverless.local.functions import look_pace, source_versions
from tencentserverless.local.functions.folder_snapshot import FolderSnapshot
from tencentserverless.local.functions.folders import read
from tencentserverless.local.functions.look_pace import MANY
from tencentserverless.local.instances.current_code import CurrentCode

BIG = MANY + 1


@pytest.fixture
def threads(monkeypatch):
    """The threads on which folders are looked at, one entry a look."""
    found = []

    class Seen(FolderSnapshot):
        def __init__(self, folder):
            found.append(threading.get_ident())
            super().__init__(folder)

        def is_current(self):
            found.append(threading.get_ident())
            return super().is_current()

    monkeypatch.setattr(source_versions, "FolderSnapshot", Seen)
    return found


@pytest.fixture
def function(folder):
    (found,) = read([folder("one")], pytest.fail)
    return found


def grow(function, count=BIG):
    for number in range(count):
        (function.code / f"{number}.txt").touch()


def instance_of(function, version):
    """As far as it counts here."""
    return SimpleNamespace(function=function, source_version=version)


def ticket(since=None):
    return SimpleNamespace(since=time.monotonic() if since is None else since)


def with_code(act):
    async def main():
        return await asyncio.wait_for(act(CurrentCode()), 20)

    return asyncio.run(main())


def test_a_saved_file_counts(function):
    """An instance has the code until a file is saved; for invocations that came before, it still has it."""

    async def act(code):
        code.configure(function)
        configured, version = await code.now(function.key)
        instance, before = instance_of(configured, version), ticket()
        assert code.is_loaded(instance, before)
        (function.code / "index.py").write_text("main_handler = repr")
        assert code.is_loaded(instance, before)
        assert not code.is_loaded(instance, ticket())
        assert code.is_loaded(instance_of(*await code.now(function.key)), ticket())

    with_code(act)


def test_another_configuration_counts(function):
    """An instance of the function as it was configured before does not have the code."""

    async def act(code):
        code.configure(function)
        instance = instance_of(*await code.now(function.key))
        code.configure(replace(function, memory_mb=256))
        assert not code.is_loaded(instance, ticket())
        configured, _ = await code.now(function.key)
        assert configured.memory_mb == 256

    with_code(act)


def test_who_needs_a_look(function):
    """A look is needed before anything is known of a folder, and then only of a big one that is due."""

    async def act(code):
        code.configure(function)
        assert code.needs_check(function)
        await code.check(function)
        assert not code.needs_check(function)
        grow(function)
        await code.check(function)
        while not code.needs_check(function):  # it is due again after a while
            await asyncio.sleep(0)

    with_code(act)


def test_looks_at_the_same_time_are_one(function, threads):
    """Many who need a look share one, on another thread, and none of them can end it for the others."""

    async def act(code):
        code.configure(function)
        grow(function)
        looks = [asyncio.ensure_future(code.check(function)) for _ in range(20)]
        await asyncio.sleep(0)
        looks[0].cancel()
        found = await asyncio.gather(*looks, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert len(set(found[1:])) == len(threads) == 1
        assert threading.get_ident() not in threads
        assert (await code.now(function.key))[1] == found[1]

    with_code(act)


def test_a_big_folder_is_not_looked_at_on_the_loop(function, threads, monkeypatch):
    """Also one that has become due while an invocation waited is not looked at on the event loop's thread."""
    monkeypatch.setattr(look_pace, "REST_FACTOR", 0.0)  # so that it is due at once

    async def act(code):
        code.configure(function)
        grow(function)
        instance = instance_of(*await code.now(function.key))
        looks = len(threads)
        assert code.needs_check(function)
        assert code.is_loaded(instance, ticket())
        assert len(threads) == looks
        assert threading.get_ident() not in threads

    with_code(act)
