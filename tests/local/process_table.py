"""Whether processes run, for tests that must see them end."""

import os
import time


def alive(pid):
    """Whether this process runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] not in (b"Z", b"X")
    except OSError:
        return False


def outer(name):
    """The process id that we see, of what a function sees as "namespace:pid"; 0 if there is none. To be asked while it
    runs: the numbers of namespaces are used again."""
    namespace, pid = name.split(":")
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/status") as file:
                inner = next(line for line in file if line.startswith("NSpid:")).split()[-1]
            if inner == pid and os.stat(f"/proc/{number}/ns/pid").st_ino == int(namespace):
                return int(number)
        except (OSError, StopIteration):
            continue
    return 0


def below(pid):
    """The living processes that descend from this one."""
    parents = {}
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/stat", "rb") as file:
                parents[int(number)] = int(file.read().rpartition(b") ")[2].split()[1])
        except OSError:
            continue
    found, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return {child for child in found - {pid} if alive(child)}


def marked(text):
    """The living processes that have `text` in their environment."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environment = file.read()
        except OSError:
            continue
        if text.encode() in environment and alive(name):
            found.append(int(name))
    return found


def until(condition, seconds=30):
    """Wait for something that another process brings about; a test fails where it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.002)
