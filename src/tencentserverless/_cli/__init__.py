"""The command line. Each verb has a file, which is imported when the verb is used.

This file runs on every Python, with or without the extra. It names what has to be installed.
"""

import sys

NEEDED = ("httptools", "click", "yaml")
USAGE, INTERRUPTED = 2, 130


def main(arguments: "list[str] | None" = None) -> None:
    """Run the console script ``tencentserverless``. `arguments` default to those of the process."""
    missing = _missing()
    if missing:
        sys.stderr.write(missing + "\n")
        sys.exit(USAGE)
    _run(arguments)


def _missing() -> "str | None":
    """Return one line that says what to install, or None if nothing is missing."""
    if sys.hexversion < 0x030A0000:
        return "tencentserverless: the command line needs Python 3.10 or later, not %d.%d" % sys.version_info[:2]
    from importlib.util import find_spec

    if all(find_spec(name) for name in NEEDED):
        return None
    return 'tencentserverless: the command line needs an extra. Install it with: pip install "tencentserverless[local]"'


def _run(arguments: "list[str] | None") -> None:
    from tencentserverless._cli import ctrl_c

    ctrl_c.raise_later()
    try:
        from tencentserverless._cli.commands import root

        root.main(arguments, prog_name="tencentserverless")
    except KeyboardInterrupt:  # while modules are loaded; later `root.main` handles it
        from tencentserverless._cli.language import text

        sys.stderr.write(text("Interrupted.") + "\n")
        sys.exit(INTERRUPTED)
