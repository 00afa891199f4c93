"""Errors of the local endpoint's own, beside those that it answers."""

from typing import Any

from tencentserverless.exception import ServerlessError


class LocalError(ServerlessError):
    """The local endpoint cannot start or serve as asked. `message` says what is wrong, where, and what to do."""

    executed = "no"

    def __init__(self, message: str) -> None:
        super().__init__(type(self).__name__, message)

    def __str__(self) -> str:
        return self.message or ""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message,)


class FunctionFolderError(LocalError, ValueError):
    """A function cannot be read from its folder. The message begins with the file, and the line where there is one."""


class AuthorityError(LocalError, RuntimeError):
    """No certificate for TLS can be made here. The message says why."""
