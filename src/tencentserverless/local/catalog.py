"""The functions that the endpoint serves: what one is, and which is meant. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tencentserverless.local.regions import DEFAULT_REGION

FUNCTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]")
NAMESPACE_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,58}[A-Za-z0-9])?")
DEFAULT_NAMESPACE = "default"
DEFAULT_HANDLER = "index.main_handler"

Key = tuple[str, str, str]


class FunctionFolderError(ValueError):
    """A function cannot be read from its folder; the text names the place."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function as it is configured. Times in seconds, memory in MB.

    runtime: "Python3.9" and the like, None for the interpreter that runs the endpoint.
    code: the folder of its code. layers: the folders whose content it finds in `/opt`, later ones over earlier ones.
    origin: the place that declares it, for messages. call: the handler itself where it was given as an object of this
    program; then `code` is the file that it comes from. key and folders follow from the others; they are asked for at
    every invocation.
    """

    name: str
    code: Path
    region: str = DEFAULT_REGION
    namespace: str = DEFAULT_NAMESPACE
    handler: str = DEFAULT_HANDLER
    runtime: str | None = None
    memory_mb: int = 128
    timeout: int = 3
    init_timeout: int = 65
    variables: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)
    description: str = ""
    origin: str = ""
    layers: tuple[Path, ...] = ()
    call: Callable[[Any, dict[str, Any]], Any] | None = field(default=None, hash=False, repr=False)
    key: Key = field(init=False, compare=False, repr=False)
    folders: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.region, self.namespace, self.name))
        object.__setattr__(self, "folders", (str(self.code), *map(str, self.layers)))

    def __str__(self) -> str:
        return f"{self.name} ({self.region}, {self.namespace})"


class Lookup(Protocol):
    """What is asked of a catalog to answer a request."""

    def get(self, key: Key) -> Function | None: ...

    def places_of(self, name: str) -> list[Function]: ...

    def inside(self, region: str, namespace: str) -> list[Function]: ...


class Catalog:
    """Functions by region, namespace and name, in the order in which they were declared."""

    def __init__(self, functions: Iterable[Function] = ()) -> None:
        self._functions: dict[Key, Function] = {}
        for function in functions:
            self.add(function)

    def add(self, function: Function) -> None:
        """Raises `FunctionFolderError` where the name is taken in this region and namespace."""
        other = self._functions.setdefault(function.key, function)
        if other is not function:
            raise FunctionFolderError(f"{function} is declared twice: in {other.origin} and in {function.origin}")

    def get(self, key: Key) -> Function | None:
        return self._functions.get(key)

    def places_of(self, name: str) -> list[Function]:
        """Every function of this name, wherever it is."""
        return [function for function in self if function.name == name]

    def inside(self, region: str, namespace: str) -> list[Function]:
        return [function for function in self if (function.region, function.namespace) == (region, namespace)]

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def __len__(self) -> int:
        return len(self._functions)
