"""Replaces references that stand for a whole value: ``${self:custom.limits}``, ``${file(env.yml):dev}``.

The value may be an object, a list or a number. These references are those of the Serverless Framework. References that
are a part of a longer text are left for `References`.
https://www.serverless.com/framework/docs/providers/aws/guide/variables
"""

import re
from collections.abc import Callable
from typing import Any

from tencentserverless.local.functions.forms.references import References
from tencentserverless.local.functions.forms.yaml_file import Mapping

_WHOLE = re.compile(r"\$\{((?:[^{}]|\$\{[^{}]*\})*)\}")
_SELF = re.compile(r"self:([\w.-]+)")
_FILE = re.compile(r"file\(([^()]+)\)(?::([\w.-]+))?")


class WholeValues:
    """Replaces the references in one file.

    top: the content of the file. references: for references inside of references. read: returns the content of another
    file, None if it cannot be read.
    """

    def __init__(self, top: Mapping, references: References, read: Callable[[str], Mapping | None]) -> None:
        self._top = top
        self._references = references
        self._read = read
        self._known: dict[str, Any] = {}

    def replaced(self, value: Any) -> Any:
        """The value with references replaced. Those without a value stay as they are."""
        if isinstance(value, Mapping):
            return value._replace(values={name: self.replaced(each) for name, each in value.values.items()})
        if isinstance(value, list):
            return [self.replaced(each) for each in value]
        whole = _WHOLE.fullmatch(value.strip()) if isinstance(value, str) else None
        found = self._value(whole[1]) if whole else None
        return value if found is None else found

    def _value(self, reference: str) -> Any:
        if reference not in self._known:
            self._known[reference] = None  # while it is searched for: it may contain itself
            self._known[reference] = self.replaced(self._found(reference))
        return self._known[reference]

    def _found(self, reference: str) -> Any:
        inner, missing = self._references.expand(reference)
        if missing:
            return None
        if own := _SELF.fullmatch(inner):
            return _at(self._top, own[1])
        other = _FILE.fullmatch(inner)
        top = self._read(other[1].strip()) if other else None
        return _at(top, other[2] or "") if other and top else None


def _at(value: Any, path: str) -> Any:
    """The value at a path such as ``custom.limits``. None if there is none."""
    for name in filter(None, path.split(".")):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
