"""The local endpoint: an SCF on your own machine.

`LocalSCF` starts it inside a program. ``tencentserverless local start`` starts it from the command line. Both need
Python 3.10 or later and the extra: ``pip install "tencentserverless[local]"``.
"""

from tencentserverless.local.local_scf import LocalSCF as LocalSCF
