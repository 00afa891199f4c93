"""The local endpoint: an SCF on your own machine.

`LocalSCF` runs it inside a program; ``tencentserverless local start`` runs it from the command line. Needs Python
3.10 or later and the extra: ``pip install "tencentserverless[local]"``.
"""

from tencentserverless.local.local_scf import LocalSCF as LocalSCF
