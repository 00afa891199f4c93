"""A new process that prints the seconds of an import, or "answered" after its first invocation.

    python fresh.py import MODULE
    python fresh.py answer NAME PORT AUTHORITY

This file must not import modules that contenders import.
"""

import sys
from time import perf_counter


def main(what, name, port=None, authority=None):
    if what == "import":
        start = perf_counter()
        __import__(name)
        return perf_counter() - start
    from contenders import connected

    connected(name, {"port": int(port), "authority": authority})
    return "answered"


print(main(*sys.argv[1:]), flush=True)
