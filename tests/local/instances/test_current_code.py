"""Whether an instance has the code that an invocation is to run."""

import asyncio
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tencentserverless.local.functions import folder_watch, source_versions
from tencentserverless.local.functions.folder_snapshot import MANY, FolderSnapshot
from tencentserverless.local.functions.folders import read
from tencentserverless.local.instances.current_code import CurrentCode

BIG = MANY + 1


@pytest.fixture
def threads(monkeypatch):
    """The threads on which folders are looked at, one entry a look."""
    found = []

    class Seen(FolderSnapshot):
        def __init__(self, folder, **how):
            found.append(threading.get_ident())
            super().__init__(folder, **how)

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
        configured, version = await code.now(function.key, time.monotonic())
        instance, before = instance_of(configured, version), ticket()
        assert code.is_loaded(instance, before)
        (function.code / "index.py").write_text("main_handler = repr")
        assert code.is_loaded(instance, before)
        assert not code.is_loaded(instance, ticket())
        assert code.is_loaded(instance_of(*await code.now(function.key, time.monotonic())), ticket())

    with_code(act)


def test_another_configuration_counts(function):
    """An instance of the function as it was configured before does not have the code."""

    async def act(code):
        code.configure(function)
        instance = instance_of(*await code.now(function.key, time.monotonic()))
        code.configure(replace(function, memory_mb=256))
        assert not code.is_loaded(instance, ticket())
        configured, _ = await code.now(function.key, time.monotonic())
        assert configured.memory_mb == 256

    with_code(act)


@pytest.mark.parametrize("watches", [True, False], ids=["watched", "read"])
def test_who_needs_a_look(function, monkeypatch, watches):
    """A look on another thread is needed before anything is known of a folder, and then of a big one: where it can be
    watched after a change, else always."""
    if not watches:
        monkeypatch.setattr(folder_watch, "watch", lambda: None)

    async def act(code):
        code.configure(function)
        assert code.needs_check(function)
        await code.check(function)
        assert not code.needs_check(function)
        grow(function)
        for _ in range(2):  # the second one watches
            await code.check(function)
        assert code.needs_check(function) is not watches
        (function.code / "new.txt").touch()
        assert code.needs_check(function)
        code.close()

    with_code(act)


def test_a_look_that_has_begun(function, monkeypatch):
    """A look that has begun does not count for those who come later: what it has read may have been saved since."""
    reading, saved = threading.Event(), threading.Event()

    def walk(self, folder):
        yield from walked(self, folder)
        reading.set()
        assert saved.wait(20)

    async def act(code):
        code.configure(function)
        grow(function)
        first = asyncio.ensure_future(code.check(function))
        await asyncio.to_thread(reading.wait)
        (function.code / "index.py").write_text("main_handler = repr")
        others = [asyncio.ensure_future(code.check(function)) for _ in range(3)]
        await asyncio.sleep(0)
        saved.set()
        found = await asyncio.gather(first, *others)
        assert found[1:] == [found[1]] * 3
        assert found[0] != found[1]

    walked = FolderSnapshot._walk
    monkeypatch.setattr(FolderSnapshot, "_walk", walk)
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
        assert (await code.now(function.key, time.monotonic()))[1] == found[1]

    with_code(act)


def test_a_big_folder_is_not_looked_at_on_the_loop(function, threads, monkeypatch):
    """Also for an invocation that has waited it is not looked at on the event loop's thread."""
    monkeypatch.setattr(folder_watch, "watch", lambda: None)

    async def act(code):
        code.configure(function)
        grow(function)
        instance = instance_of(*await code.now(function.key, time.monotonic()))
        looks = len(threads)
        assert code.needs_check(function)
        assert code.is_loaded(instance, ticket())
        assert len(threads) == looks
        assert threading.get_ident() not in threads

    with_code(act)
