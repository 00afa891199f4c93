"""The descriptors between the endpoint and one worker."""

import os
import sys

import pytest

from tencentserverless.local.processes import descriptors
from tencentserverless.local.processes.descriptors import PIPE_BYTES, Descriptors

F_GETPIPE_SZ = 1032


def count():
    return len(os.listdir("/proc/self/fd"))


def test_what_goes_where():
    """Frames go both ways, what is printed comes to the endpoint."""
    with Descriptors.pair() as (ours, theirs):
        ours.channel.sendall(b"event")
        assert theirs.channel.recv(10) == b"event"
        theirs.channel.sendall(b"result")
        assert ours.channel.recv(10) == b"result"
        os.write(theirs.output, b"printed")
        assert os.read(ours.output, 10) == b"printed"
    ours.close()


def test_the_life_line_ends_with_the_endpoint():
    """A worker that reads its life line sees the end once the endpoint's side is closed."""
    with Descriptors.pair() as (ours, theirs):
        os.set_blocking(theirs.life, False)
        with pytest.raises(BlockingIOError):
            os.read(theirs.life, 1)
        ours.close()
        assert os.read(theirs.life, 1) == b""


def test_the_workers_side_is_closed():
    """After the block the worker's side is closed here, so that the endpoint sees the end of what a worker has left."""
    before = count()
    with Descriptors.pair() as (ours, _):
        pass
    assert ours.channel.recv(1) == b""
    assert os.read(ours.output, 1) == b""
    ours.close()
    assert count() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("allowed", range(5))
def test_too_few_descriptors(allowed):
    """If the system refuses one of the descriptors, those that it has given are closed again."""
    import resource

    before, limits = count(), resource.getrlimit(resource.RLIMIT_NOFILE)
    used = set(map(int, os.listdir("/proc/self/fd")))
    free = [number for number in range(before + 20) if number not in used]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[allowed], limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"), Descriptors.pair():
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert count() == before


def test_a_failure_leaves_nothing_open():
    """After an exception in the block both sides are closed."""
    before = count()
    with pytest.raises(OSError, match="no worker"), Descriptors.pair():
        raise OSError("no worker")
    assert count() == before


def test_the_endpoints_side_does_not_block():
    """Once it is ready nothing that is read or written there waits."""
    with Descriptors.pair() as (ours, _):
        assert ours.set_nonblocking() is ours
        with pytest.raises(BlockingIOError):
            ours.channel.recv(1)
        with pytest.raises(BlockingIOError):
            os.read(ours.output, 1)
    ours.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere pipes cannot be widened")
def test_the_output_is_wide(monkeypatch):
    """The pipe of what is printed is widened, and stays as it is where that is refused."""
    import fcntl

    sizes = []
    for wanted in (PIPE_BYTES, -1):
        monkeypatch.setattr(descriptors, "PIPE_BYTES", wanted)
        with Descriptors.pair() as (ours, _):
            before = fcntl.fcntl(ours.output, F_GETPIPE_SZ)
            sizes.append((before, fcntl.fcntl(ours.set_nonblocking().output, F_GETPIPE_SZ)))
        ours.close()
    (before, wide), (_, refused) = sizes
    assert wide in (PIPE_BYTES, before)  # a system may be short of pipes
    assert refused == before
