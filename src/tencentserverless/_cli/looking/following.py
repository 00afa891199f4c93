"""Waits between two looks at a file, and ends when nobody reads standard output any more."""

import os
import select
import sys
import time

from tencentserverless._cli import output

LOOK_SECONDS = 0.25


def pause(seconds: float = LOOK_SECONDS) -> None:
    """Wait until the next look. Raises `ReaderGoneError` if the program that reads standard output has ended.

    A pipe says so by itself: without this, `logs -f | head -1` would go on until there is something to write.
    """
    if sys.stdout is None or os.name == "nt":
        time.sleep(seconds)
        return
    reader = select.poll()
    reader.register(sys.stdout.fileno(), 0)
    # A file and a terminal are never reported. POLLHUP: the terminal is gone.
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in reader.poll(seconds * 1000)):
        raise output.ReaderGoneError("standard output is closed")
