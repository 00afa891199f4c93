"""First lines, written and read."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless._failures import first_line
from tencentserverless._failures.wording import CHINESE, ENGLISH

_names = st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,59}", fullmatch=True), min_size=1, max_size=16)
_what = st.text(st.characters(blacklist_categories=("Cc", "Zl", "Zp", "Cs")), min_size=1, max_size=80)


@given(_names, _what, st.sampled_from(["no", "maybe", "yes"]), st.sampled_from([ENGLISH, CHINESE]), st.booleans())
def test_what_is_written_is_read(names, what, executed, wording, is_reached):
    """Every first line is read back as it was written, whatever the exception's text is."""
    marks = ["430", f"{wording.request} 62ad"] if is_reached else []
    line = first_line.written(names, "ap-guangzhou/default", " raised " + what, executed, marks, wording)
    found = first_line.read(line)
    assert (found.names, found.region, found.namespace) == (names, "ap-guangzhou", "default")
    assert (found.what, found.executed, found.wording) == (" raised " + what, executed, wording)
    assert first_line.hop_of(found).request_id == ("62ad" if is_reached else None)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "KeyError: 'price'",
        "[FunctionError] code:-1 message:user code exception caught requestId:62ad",
        "Prices (ap-guangzhou/default) raised KeyError",
        "Prices raised KeyError; it ran [430, request 1]",
        "Prices (ap-guangzhou/default) raised KeyError; it runs [430]",
        "Prices (ap-guangzhou/default) raised KeyError; it ran [430",
        "two words (ap-guangzhou/default) raised KeyError; it ran",
        "Prices (ap-guangzhou/default) raised " + "x" * 5000 + "; it ran",
    ],
)
def test_other_lines(line):
    """A line that is not a first line is not read as one."""
    assert first_line.read(line) is None


def test_what_is_known_of_a_silent_function():
    """The endpoint and the reason of a connection that ended are no part of what happened to the function."""
    text = "Prices (ap-guangzhou/default) gave no result; it may have run: [Errno 104] reset [http://[::1]:9000]"
    found = first_line.read(text)
    assert (found.what, found.executed, found.marks) == (" gave no result", "maybe", ["http://[::1]:9000"])


@pytest.mark.parametrize("piece", ["; it ran", " → a", " (a/b)", "; it ran: ", " [", "[", "]", ": x"])
def test_reading_takes_no_time(piece):
    """A line made of what first lines are made of is read or refused at once."""
    start = time.perf_counter()
    for head in ("A (b/c) d", "A", ""):
        first_line.read((head + piece * 4000)[: first_line.LONGEST_LINE])
    assert time.perf_counter() - start < 5


def test_one_line():
    """Line ends become blanks, and what is too long is cut."""
    assert first_line.one_line("a\n b\t c") == "a b c"
    assert first_line.one_line("\x1b[31m\x00红") == "\ufffd[31m\ufffd红"
    assert len(first_line.one_line("x" * 10000)) == first_line.LONGEST_WHAT
