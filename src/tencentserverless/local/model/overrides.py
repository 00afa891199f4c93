"""Settings of a function that are given at the start, and win over those of its files. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tencentserverless.local.model.function import (
    FUNCTION_NAME,
    RESERVED_PREFIXES,
    VARIABLE_NAME,
    Function,
    is_memory,
)

MOST_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Overrides:
    """Settings for the functions of the folders that are named. None means: not given.

    name, handler: for one function alone. environment: variables that are added to those of the function.
    Raises ValueError if a value is not possible.
    """

    name: str | None = None
    handler: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: int | None = None
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        if self.name is not None and not FUNCTION_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a valid function name")
        if self.handler is not None and "." not in self.handler.strip("."):
            raise ValueError(f"{self.handler!r} is not a handler: FILE.FUNCTION, such as index.main_handler")
        if self.timeout is not None and not 1 <= self.timeout <= MOST_SECONDS:
            raise ValueError(f"a timeout cannot be {self.timeout}: 1 to {MOST_SECONDS} seconds")
        if self.memory_mb is not None and not is_memory(self.memory_mb):
            raise ValueError(f"a memory size cannot be {self.memory_mb}: 64, or 128 to 3072 in steps of 128")
        for variable in self.environment:
            if not VARIABLE_NAME.fullmatch(variable) or variable.startswith(RESERVED_PREFIXES):
                raise ValueError(f"{variable!r} cannot be the name of a variable")

    @property
    def are_for_one(self) -> bool:
        """Whether they are for one function alone."""
        return self.name is not None or self.handler is not None

    def over(self, function: Function) -> Function:
        """The function with these settings."""
        if self == NO_OVERRIDES:
            return function
        names = ("name", "handler", "timeout", "memory_mb")
        given: dict[str, Any] = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return replace(function, **given, variables={**function.variables, **self.environment})


NO_OVERRIDES = Overrides()
