"""Watches folders for changes, so that a big folder need not be read before each invocation. Linux: inotify(7).

The kernel queues an event before the system call that changes something returns. So if nothing is queued, nothing has
been saved: libraries that report changes later, from a thread of their own, cannot tell that.
"""

import ctypes
import os
import sys
from typing import Any

_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
_CHANGES = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
# The file systems on which every change comes through this kernel (statfs(2)): ext, xfs, btrfs, tmpfs, overlayfs, f2fs,
# zfs, bcachefs. On others, such as network drives and those of virtual machines, changes come from elsewhere, too.
_LOCAL = (0xEF53, 0x58465342, 0x9123683E, 0x01021994, 0x794C7630, 0xF2F52010, 0x2FC12FC1, 0xCA451A4E)
_STATFS_BYTES = 256


class FolderWatch:
    """Watches single folders. Subfolders, and files to which links lead, are not included."""

    def __init__(self, descriptor: int, libc: Any) -> None:
        self._descriptor = descriptor
        self._libc = libc
        self._has_changed = False

    def add(self, folder: str) -> bool:
        """Watch this folder from now on. False if that is not possible."""
        path = os.fsencode(folder)
        status = ctypes.create_string_buffer(_STATFS_BYTES)
        if self._libc.statfs(path, status) != 0:
            return False
        kind = ctypes.cast(status, ctypes.POINTER(ctypes.c_long))[0] & 0xFFFFFFFF
        return kind in _LOCAL and self._libc.inotify_add_watch(self._descriptor, path, _CHANGES) >= 0

    def is_quiet(self) -> bool:
        """Whether nothing has changed in these folders. After the first change it stays false."""
        if not self._has_changed:
            try:
                os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return True
            except OSError:  # it is closed
                pass
            self._has_changed = True
        return False

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def watch() -> FolderWatch | None:
    """A watch without folders. None if the system has none, or no more of them."""
    if sys.platform != "linux":
        return None
    try:
        libc = ctypes.CDLL(None)
        descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    except (AttributeError, OSError):
        return None
    return FolderWatch(descriptor, libc) if descriptor >= 0 else None
