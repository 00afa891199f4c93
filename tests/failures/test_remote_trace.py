"""Remote tracebacks, read and folded."""

import pytest

from tencentserverless._failures.remote_trace import folded, parts_of
from tests.failures.remote import CAUSE, CLIENT_FRAMES, CONTEXT, HEAD, trace

HANDLER = ['  File "/var/user/index.py", line 5, in main_handler', "    return 1"]


def test_parts():
    """A traceback of several exceptions has a part for each, and says which were raised from the one before."""
    text = CAUSE.join([trace("KeyError: 1"), trace("ValueError: 2")]) + CONTEXT + trace("OSError: 3\nmore")
    parts = parts_of(text)
    assert [part.raised for part in parts] == ["KeyError: 1", "ValueError: 2", "OSError: 3"]
    assert [part.is_from_cause for part in parts] == [False, True, False]
    assert parts[-1].more == ["more"]
    assert len(parts[0].frames) == 2


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("KeyError: 1", "KeyError: 1"),  # 2.7 without frames
        (f'er.py", line 3\n{trace("KeyError: 1").split(HEAD)[1]}', "KeyError: 1"),  # cut
        ("ReferenceError: x\n    at main_handler (/var/user/index.js:3:11)", "ReferenceError: x"),
        (f'{HEAD}\n  File "/var/user/index.py", line 1\n    def f(:\n          ^\nSyntaxError: x', "SyntaxError: x"),
        (HEAD, ""),
        (
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "/var/user/index.py", line 5, in main\n  |     pass\n'
            "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
            "  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    | KeyError: 1",
            "ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)",
        ),
    ],
)
def test_other_tracebacks(text, raised):
    """What was raised is found in tracebacks that were cut, and in those of other languages."""
    assert parts_of(text)[-1].raised == raised


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/opt/tencentserverless/scf.py", "tencentserverless"),
        ("/x/site-packages/tencentserverless/_transport/blocking/transport.py", "tencentserverless"),
        ("C:\\Python\\tencentserverless\\_protocol\\exchange.py", "tencentserverless"),
        ("/var/runtime/python3/bootstrap.py", "the runtime"),
        ("/var/user/tencentserverless/index.py", ""),
        ("/var/user/scf.py", ""),
        ("/home/me/tencentserverless/local/scf.py", ""),
    ],
)
def test_whose_frames_are_folded(path, owner):
    """Frames of the client and of the platform's runtime become one line; those of functions and libraries stay."""
    frame = [f'  File "{path}", line 3, in invoke', "    return x", "           ^"]
    lines = list(folded([*HANDLER, *frame, *frame, *HANDLER]))
    assert lines == [*HANDLER, *([f"  [2 frames of {owner}]"] if owner else [*frame, *frame]), *HANDLER]


def test_one_frame_and_repeated_lines():
    """One frame is one, and Python's own line about repeated frames stays."""
    frame = CLIENT_FRAMES.split("\n")[:3]
    assert list(folded([*frame, "  [Previous line repeated 9 more times]"])) == [
        "  [1 frame of tencentserverless]",
        "  [Previous line repeated 9 more times]",
    ]


def test_the_place():
    """The place of a failure is the last frame that is neither the client's, the runtime's nor the interpreter's."""
    library = '  File "/var/lang/python3/lib/python3.10/json/encoder.py", line 9, in default\n    raise\n'
    text = f"{HEAD}\n" + "\n".join(HANDLER) + f"\n{CLIENT_FRAMES}{library}KeyError: 1"
    assert parts_of(text)[0].place() == ("/var/user/index.py", 5)
    assert parts_of(f"{HEAD}\n{library}KeyError: 1")[0].place() is None
