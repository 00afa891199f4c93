"""Marks of files, which show whether a file has changed."""

import os

Marks = tuple[int, int, int, int]  # two times, inode and size; zeros if it does not exist


def marks_of(path: str) -> Marks:
    """Marks that change when a file is written, or when a file is added to a folder or removed."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return 0, 0, 0, 0
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size
