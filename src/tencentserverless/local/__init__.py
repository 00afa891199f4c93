"""The local endpoint: an SCF on your own machine.

`LocalSCF` starts it inside a program. ``tencentserverless local start`` starts it from the command line. Both need
Python 3.10 or later and the extra: ``pip install "tencentserverless[local]"``.

Mistakes in the endpoint itself are logged by the logger ``tencentserverless.local``, with their traceback.
"""

from tencentserverless.local.local_scf import LocalSCF
from tencentserverless.local.model.errors import AuthorityError, FunctionFolderError, LocalError
from tencentserverless.local.model.invocation import Record

__all__ = ("AuthorityError", "FunctionFolderError", "LocalError", "LocalSCF", "Record")
