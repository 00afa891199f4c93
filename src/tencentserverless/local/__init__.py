"""The local endpoint: an SCF on your own machine.

`LocalSCF` starts it inside a program. ``tencentserverless local start`` starts it from the command line. Both need
Python 3.10 or later and the extra: ``pip install "tencentserverless[local]"``.

Mistakes in the endpoint itself are logged by the logger ``tencentserverless.local``, with their traceback.
"""

import sys

_INSTALL = 'pip install "tencentserverless[local]"'

if sys.hexversion < 0x030A0000:
    raise ImportError(
        "tencentserverless.local needs Python 3.10 or later, this is %d.%d: python3.10 -m %s"
        % (*sys.version_info[:2], _INSTALL)
    )

try:
    from tencentserverless.local.doubles.expectations import ExpectationError
    from tencentserverless.local.doubles.faults import Coped
    from tencentserverless.local.local_scf import LocalSCF
    from tencentserverless.local.model.errors import AuthorityError, FunctionFolderError, LocalError
    from tencentserverless.local.model.facts import Begun, Ended, Printed, Refused
    from tencentserverless.local.model.invocation import Record
    from tencentserverless.local.model.sample_events import sample_event
except ModuleNotFoundError as _missing:
    if _missing.name not in ("httptools", "packaging", "yaml"):
        raise
    raise ModuleNotFoundError(
        f"tencentserverless.local needs its extra ({_missing.name} is missing): {_INSTALL}", name=_missing.name
    ) from _missing

__all__ = (
    "AuthorityError",
    "Begun",
    "Coped",
    "Ended",
    "ExpectationError",
    "FunctionFolderError",
    "LocalError",
    "LocalSCF",
    "Printed",
    "Record",
    "Refused",
    "sample_event",
)
