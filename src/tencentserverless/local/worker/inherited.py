"""What a worker inherits from the fork server: descriptors, modules and objects. Linux.

One file, standard library only, Python 3.6 and later. Only `fork_server.py` loads it.
"""

import fcntl
import os
import socket
import sys
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

REQUEST_BYTES = 1 << 18


def send(connection: "socket.socket", data: bytes, descriptors: "list[int]") -> None:
    connection.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))])


def receive(connection: "socket.socket") -> "tuple[bytes, list[int]]":
    """The next message and the descriptors that came with it; b"" when the connection has ended."""
    found = array("i")
    data, ancillary, _, _ = connection.recvmsg(REQUEST_BYTES, socket.CMSG_SPACE(2 * found.itemsize))
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(content[: len(content) - len(content) % found.itemsize])
    return data, list(found)


def close_all_but(kept: int) -> None:
    os.closerange(0, kept)
    os.closerange(kept + 1, highest_descriptor() + 1)


def highest_descriptor() -> int:
    return max(int(name) for name in os.listdir("/proc/self/fd"))


def move_to_standard(output: int, channel: int) -> "tuple[int, int]":
    """Make the channel descriptor 3 and the output 1 and 2, and close all others. Standard input is empty.

    Returns the new numbers of output and channel.
    """
    nowhere = os.open(os.devnull, os.O_RDONLY)
    wanted = (nowhere, output, output, channel)
    # To higher numbers first: otherwise dup2(2) could overwrite one that is still to be copied.
    apart = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, len(wanted)) for descriptor in wanted]
    for number, descriptor in enumerate(apart):
        os.dup2(descriptor, number)
    os.closerange(len(wanted), highest_descriptor() + 1)
    return 2, 3


def execute(command: "list[str]", channel: int, environment: "dict[str, str]") -> None:
    """Be another program, which inherits the channel and gets its number."""
    os.set_inheritable(channel, True)
    try:
        os.execve(command[0], [*command, str(channel), "-1"], environment)  # noqa: S606
    except OSError as error:
        os.write(2, ("%s: %s\n" % (command[0], error.strerror)).encode())
        os._exit(127)


def forget_modules(modules: "frozenset[str]") -> None:
    """Remove all modules but these from `sys.modules`, so that a function loads modules of its own."""
    for name in [name for name in sys.modules if name not in modules]:
        del sys.modules[name]


def freeze_objects() -> None:
    """Exclude all present objects from garbage collection, which would write to memory that workers share."""
    import gc

    gc.collect()
    getattr(gc, "freeze", gc.collect)()  # Python 3.6 does not have `freeze`
