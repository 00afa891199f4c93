"""Whether this system lets us make namespaces, for tests that need them."""

import json
import subprocess
import sys
from functools import cache


@cache
def flags_here():
    """The flags with which a fork server makes namespaces here, None if it cannot. Another process finds that out."""
    code = (
        "import json, os, tempfile; from tencentserverless.local.worker import fork_server as it\n"
        "with tempfile.TemporaryDirectory() as scratch:\n"
        "    for name in ('root', 'sdk', 'trust'): os.mkdir(os.path.join(scratch, name))\n"
        "    mould = it.Forker(None, (None, None), False, scratch).mould\n"
        "print(json.dumps(mould.flags if mould else None))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def in_namespaces():
    """Whether this system lets us make them."""
    return flags_here() is not None
