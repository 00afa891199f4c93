"""Reads YAML, and keeps the line of each key. Pure."""

import datetime as dt
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import yaml

_BROKEN = "not YAML"
_COLLECTIONS = [f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "set", "omap", "pairs")]
_EXPONENT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?[eE][-+]?[0-9]+")  # PyYAML takes some of these for texts


class YamlError(Exception):
    """The text is not the YAML of an object. `line` says where."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class Rewritten(str):
    """A number or a date that is not in quotes, as the deploy tool passes it on. `written`: as it is in the file.

    The tool is a JavaScript program: ``1.0`` becomes 1, ``0777`` 511, and numbers have 16 digits.
    """

    written: str

    def __new__(cls, text: str, written: str) -> "Rewritten":
        made = super().__new__(cls, text)
        made.written = written
        return made


class Mapping(NamedTuple):
    """An object of the file. Objects inside it are `Mapping` too.

    lines: the line of each key. line: the line at which the object begins.
    """

    values: dict[str, Any]
    lines: dict[str, int]
    line: int

    def get(self, name: str) -> Any:
        """The value of a key. None if the key is missing or empty."""
        value = self.values.get(name)
        return None if value == "" else value

    def line_of(self, name: str) -> int:
        """The line of a key. If the key is missing: the line of the object."""
        return self.lines.get(name, self.line)

    def inner(self, name: str) -> "Mapping":
        """The object of a key. An empty one if the key has none."""
        value = self.values.get(name)
        return value if isinstance(value, Mapping) else Mapping({}, {}, self.line_of(name))

    def texts(self) -> "Iterator[tuple[str, str]]":
        """The texts and numbers in this object, by the path of their keys: `environment.variables.A`."""
        for name, value in self.values.items():
            if isinstance(value, Mapping):
                yield from ((f"{name}.{path}", text) for path, text in value.texts())
            elif isinstance(value, (str, int, float)):
                yield name, str(value)

    def over(self, defaults: "Mapping") -> "Mapping":
        """The keys of this object, and those of another one where it has none."""
        filled = {name: value for name, value in self.values.items() if value is not None}
        return Mapping({**defaults.values, **filled}, {**defaults.lines, **self.lines}, self.line)

    def renamed(self, names: dict[str, str]) -> "Mapping":
        """The same object with other names for some of its keys."""
        return Mapping(
            {names.get(name, name): value for name, value in self.values.items()},
            {names.get(name, name): line for name, line in self.lines.items()},
            self.line,
        )


def read(text: str) -> Mapping:
    """The object in a YAML text. Raises `YamlError`."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise YamlError(mark.line + 1 if mark else 1, _problem(error)) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(1, f"{_BROKEN}: {str(error).splitlines()[0]}") from None
    if node is None:
        raise YamlError(1, "the file is empty")
    if not isinstance(node, yaml.MappingNode):
        raise YamlError(1, "the file must be an object with keys")
    return _Values().mapping(node)


class _Values:
    """Makes values of nodes. A node with several names (anchors) has one value."""

    def __init__(self) -> None:
        self._constructor = yaml.constructor.SafeConstructor()
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()

    def mapping(self, node: yaml.MappingNode) -> Mapping:
        _refuse_repeated_keys(node)
        try:
            self._constructor.flatten_mapping(node)  # merge keys: `<<: *common`
        except (yaml.MarkedYAMLError, RecursionError) as error:
            raise YamlError(_line(node), f"`<<`: {getattr(error, 'problem', error)}") from None
        values, lines = {}, {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlError(_line(key_node), "a key must be text. Put a template such as {{ name }} in quotes")
            key = str(key_node.value)
            values[key], lines[key] = self._value(value_node), _line(key_node)
        return Mapping(values, lines, _line(node))

    def _value(self, node: yaml.Node) -> Any:
        if id(node) in self._open:
            raise YamlError(_line(node), "an anchor refers to itself")
        if id(node) not in self._made:
            self._open.add(id(node))
            self._made[id(node)] = self._new_value(node)
            self._open.discard(id(node))
        return self._made[id(node)]

    def _new_value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.CollectionNode) and node.tag not in _COLLECTIONS:
            raise YamlError(_line(node), f"the tag {node.tag} is unknown")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(each) for each in node.value]
        if node.tag == "tag:yaml.org,2002:bool" and node.value.lower() not in ("true", "false"):
            return node.value  # `yes` and `off` are texts for the deploy tool
        try:
            value = self._constructor.construct_object(node)
            is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
            if is_plain and isinstance(value, str) and _EXPONENT.fullmatch(value):
                value = float(value)
            text = _passed_on(value)
        except (yaml.YAMLError, ValueError, OverflowError):  # looks like a date or a number, but is not valid
            return node.value
        return value if text in ("", node.value) else Rewritten(text, node.value)


def _passed_on(value: Any) -> str:
    """The text of a number or a date in JavaScript. "" for other values."""
    if isinstance(value, dt.date):
        moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
        moment = moment.astimezone(dt.timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment
        return f"{moment.isoformat(timespec='milliseconds')}Z"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    number = float(value)
    if not math.isfinite(number):
        return ""
    return str(int(Decimal(repr(number)))) if number.is_integer() and abs(number) < 1e21 else repr(number)


def _problem(error: yaml.MarkedYAMLError) -> str:
    """The reason why a text is not YAML."""
    if "'\\t'" in str(error.problem):
        return f"{_BROKEN}: a tab is not allowed here. Use spaces for indentation"
    return f"{_BROKEN}: {', '.join(filter(None, (error.context, error.problem)))}"


def _refuse_repeated_keys(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key_node, _ in node.value:
        key, line = str(key_node.value), _line(key_node)
        if key in lines and key != "<<" and lines[key] != line:
            raise YamlError(line, f"`{key}` is given twice, here and in line {lines[key]}")
        lines[key] = line


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
