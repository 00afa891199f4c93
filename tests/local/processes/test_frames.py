"""Frames: `frames.py` and the worker's own copy of it."""

import ast
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.processes.frames import (
    LAYOUT,
    Decoder,
    Kind,
    WireError,
    encode,
    event_frame,
)
from tencentserverless.local.processes.worker_file import BOOTSTRAP

frames = st.tuples(
    st.sampled_from(list(Kind)), st.dictionaries(st.text(max_size=5), st.integers(), max_size=3), st.binary(max_size=99)
)


@given(st.lists(frames, max_size=5), st.integers(1, 50))
def test_frames_survive_any_cut(sent, size):
    """Frames come out as they went in, however the bytes are cut."""
    data = b"".join(encode(*frame) for frame in sent)
    decoder = Decoder()
    got = [tuple(frame) for start in range(0, len(data), size) for frame in decoder.feed(data[start : start + size])]
    assert got == sent


@given(st.binary(min_size=LAYOUT.size, max_size=200))
def test_nonsense_is_a_wire_error_or_waits(data):
    """Bytes that no worker wrote raise `WireError`, are a frame by chance, or wait for more; nothing else."""
    with suppress(WireError):
        list(Decoder().feed(data))


@pytest.mark.parametrize(
    "data",
    [
        LAYOUT.pack(99, 0, 0),
        LAYOUT.pack(Kind.RESULT, 1 << 20, 0),
        LAYOUT.pack(Kind.RESULT, 2, 1 << 30),
        LAYOUT.pack(Kind.RESULT, 2, 0) + b"[]",
        LAYOUT.pack(Kind.RESULT, 2, 0) + b"{]",
    ],
    ids=["kind", "head size", "body size", "head is no object", "head is no JSON"],
)
def test_each_way_to_be_wrong_is_found(data):
    """A kind, a size or a head that cannot be is refused before anything is waited for."""
    with pytest.raises(WireError):
        list(Decoder().feed(data))


def test_the_worker_speaks_the_same_kinds():
    """The worker, which imports nothing of ours, has the same numbers for the same kinds, and the same layout."""
    theirs = {}
    files = (BOOTSTRAP, BOOTSTRAP.with_name("debugger.py"))
    for node in (node for file in files for node in ast.parse(file.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            names = [name.id for name in node.targets[0].elts]
            if all(isinstance(value, ast.Constant) for value in getattr(node.value, "elts", [None])):
                theirs.update(zip(names, (value.value for value in node.value.elts), strict=True))
    assert {name: theirs.get(name) for name in Kind.__members__} == {kind.name: int(kind) for kind in Kind}
    assert LAYOUT.format == ">BII"
    assert 'struct.Struct(">BII")' in BOOTSTRAP.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("frame", "more"),
    [
        (event_frame("an-id", b"[1]", {}), {}),
        (event_frame("an-id", b"[1]", {"NAME": "ü"}), {"environment": {"NAME": "ü"}}),
    ],
    ids=["plain", "changed"],
)
def test_the_frame_of_an_event(frame, more):
    """The head of an event's frame has its request id, and the variables that have new values if there are any."""
    (decoded,) = Decoder().feed(frame)
    assert (decoded.body, decoded.head) == (b"[1]", {"request_id": "an-id", **more})
