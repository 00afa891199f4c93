"""The worker file, run without what POSIX alone has: what `windows.become()` is for the endpoint."""

import os
import signal
import sys

for name in ("fcntl", "resource", "termios", "pwd", "grp"):
    sys.modules[name] = None
for name in ("fork", "killpg", "setsid", "getuid", "pidfd_open", "set_blocking"):
    delattr(os, name)
del signal.SIGKILL, name

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath((lambda: None).__code__.co_filename))))
__file__ = os.path.join(root, "src", "tencentserverless", "local", "worker", "bootstrap.py")
with open(__file__, encoding="utf-8") as file:
    source = file.read()
del root, file
exec(compile(source, __file__, "exec"))
