"""The name under which older programs import `Interpreters`."""

from tencentserverless.local.processes.interpreters import Interpreters

__all__ = ["Interpreters"]
