"""Forks and imports: a child must not be forked while another thread imports a module.

Python has a lock for each module that is being imported. In the child nobody releases it, so that the child could never
import this module. The client imports some modules late, and does so inside ``with no_fork``.
"""

import os
import threading

no_fork = threading.RLock()

if hasattr(os, "register_at_fork"):  # from Python 3.7 on
    os.register_at_fork(before=no_fork.acquire, after_in_parent=no_fork.release, after_in_child=no_fork.release)
