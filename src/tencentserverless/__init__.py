"""Invoke Tencent Cloud SCF (Serverless Cloud Function) functions, and run them on your own machine.

The client is in `tencentserverless.scf`, the errors are in `tencentserverless.exception`. The local endpoint, an SCF
on your own machine, is in `tencentserverless.local`.
"""

from tencentserverless._version import __version__ as __version__
