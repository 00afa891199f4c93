"""A new process that prints "answered" after its first invocation, or seconds.

    python fresh.py import MODULE
    python fresh.py answer NAME PORT AUTHORITY
    python fresh.py first PORT AUTHORITY        our first invocation, with the import
    python fresh.py imported PORT AUTHORITY     our first invocation, after the import
    python fresh.py ahead PORT AUTHORITY        our first invocation, some time after the import and connect()

This file must not import modules that contenders import.
"""

import sys
from time import perf_counter


def main(what, *words):
    if what == "import":
        start = perf_counter()
        __import__(*words)
        return perf_counter() - start
    *names, port, authority = words
    place = {"port": int(port), "authority": authority}
    if what == "answer":
        from contenders import connected

        connected(*names, place)
        return "answered"
    return first_call(what, place)


def first_call(what, place):
    from contenders import ours, ours_ahead

    if what == "imported":
        __import__("tencentserverless.scf")
    invoke = ours_ahead(place) if what == "ahead" else None
    start = perf_counter()
    (invoke or ours(place))()
    return perf_counter() - start


print(main(*sys.argv[1:]), flush=True)
