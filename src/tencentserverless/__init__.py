"""Invoke Tencent Cloud SCF (Serverless Cloud Function) functions, and run them on your own machine.

The client is `tencentserverless.scf`, the errors `tencentserverless.exception`, the local endpoint
`tencentserverless.local`.
"""

from tencentserverless._version import __version__ as __version__
