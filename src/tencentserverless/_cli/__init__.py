"""The command line. One file a verb, each loaded when it is used.

This file is read by every Python, with and without the extra: it says what is missing.
"""

import sys

NEEDED = ("httptools", "click", "yaml")
USAGE = 2


def main(arguments: "list[str] | None" = None) -> None:
    """The console script ``tencentserverless``; `arguments` default to the process's own."""
    missing = _missing()
    if missing:
        sys.stderr.write(missing + "\n")
        sys.exit(USAGE)
    _run(arguments)


def _missing() -> "str | None":
    """What to install, in one line; None if nothing."""
    if sys.hexversion < 0x030A0000:
        return "tencentserverless: the command line needs Python 3.10 or later, this is %d.%d" % sys.version_info[:2]
    from importlib.util import find_spec

    if all(find_spec(name) for name in NEEDED):
        return None
    return 'tencentserverless: the command line needs its extra: pip install "tencentserverless[local]"'


def _run(arguments: "list[str] | None") -> None:
    from tencentserverless._cli.commands import root

    root.main(arguments, prog_name="tencentserverless")
