"""The functions that the endpoint serves: what one is, and which is meant. Pure."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from tencentserverless.local.model.errors import FunctionFolderError
from tencentserverless.local.model.function import Function, Key


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
