"""Forks and imports: a child must not be forked while another thread imports a module.

Python has a lock for each module that is being imported. In the child nobody releases it, so that the child could never
import this module. The client imports some modules late. It says so here first; the next fork waits for the import.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Set

_late: "Set[str]" = set()


def import_before_forks(name: str) -> None:
    """Import this module before the next fork, unless it has been imported by then."""
    _late.add(name)


def _import() -> None:
    for name in list(_late):
        try:
            __import__(name)
        except Exception:  # the thread that needs the module says what is wrong
            pass
        _late.discard(name)


if hasattr(os, "register_at_fork"):  # from Python 3.7 on
    os.register_at_fork(before=_import)
