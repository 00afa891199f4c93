"""A catalog of functions: finds them by region, namespace and name. Pure."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from tencentserverless.local.functions.reading import Refusal
from tencentserverless.local.model.errors import FunctionFolderError
from tencentserverless.local.model.function import Function, Key


class Lookup(Protocol):
    """The methods of a catalog that API calls use."""

    def get(self, key: Key) -> Function | None:
        """The function with this key, None if there is no such function."""

    def named(self, name: str) -> list[Function]:
        """The functions of this name, in all regions and namespaces."""

    def inside(self, region: str, namespace: str) -> list[Function]:
        """All functions of this region and namespace."""

    def namespaces(self, region: str) -> list[str]:
        """The namespaces of this region that have functions."""

    def refusal(self, name: str) -> str:
        """The reason why a function of this name is declared and not served. "" if it is not declared."""


class Catalog:
    """Functions by region, namespace and name, in the order in which they were declared.

    refusals: those that are declared and not served.
    """

    def __init__(self, functions: Iterable[Function] = (), refusals: Iterable[Refusal] = ()) -> None:
        self._functions: dict[Key, Function] = {}
        self._refusals = list(refusals)
        for function in functions:
            self.add(function)

    def add(self, function: Function) -> None:
        """Add a function. Raises `FunctionFolderError` if its region and namespace have a function of this name."""
        other = self._functions.setdefault(function.key, function)
        if other is not function:
            raise FunctionFolderError(f"{function} is declared twice: in {other.origin} and in {function.origin}")

    def get(self, key: Key) -> Function | None:
        return self._functions.get(key)

    def named(self, name: str) -> list[Function]:
        """The functions of this name, in all regions and namespaces."""
        return [function for function in self if function.name == name]

    def inside(self, region: str, namespace: str) -> list[Function]:
        return [function for function in self if (function.region, function.namespace) == (region, namespace)]

    def namespaces(self, region: str) -> list[str]:
        return sorted({function.namespace for function in self if function.region == region})

    def refusal(self, name: str) -> str:
        """The reason why a function of this name is declared and not served. "" if it is not declared."""
        return "\n".join(refusal.reason for refusal in self._refusals if refusal.name == name)

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def __len__(self) -> int:
        return len(self._functions)
