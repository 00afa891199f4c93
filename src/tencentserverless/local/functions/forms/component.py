"""Reads a `serverless.yml` of the component `scf`: one function. Errors and notices name the line.

This also checks on the disk whether the folders of code and layers exist.

https://cloud.tencent.com/document/product/1154/39271
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from tencentserverless.local.model.errors import FunctionFolderError
from tencentserverless.local.model.function import (
    DEFAULT_HANDLER,
    DEFAULT_NAMESPACE,
    FUNCTION_NAME,
    NAMESPACE_NAME,
    RESERVED_PREFIXES,
    RUNTIME,
    Function,
    Layer,
)
from tencentserverless.local.model.regions import DEFAULT_REGION, REGIONS

ENVIRONMENT_LIMIT_BYTES = 4096
MOST_LAYERS = 5
_VARIABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_TOP_KEYS = frozenset(("component", "name", "app", "stage", "org", "inputs"))
# The platform's tools use these. Here they have no effect.
_WITHOUT_EFFECT = """
    type role description vpcConfig vpc cls cfs deadLetter publicAccess eip tags events triggers traffic
    alias publish ignoreTriggers asyncRunEnable traceEnable asyncRetry reservedQuota provisionedConcurrency
    functionVersion installDependency enableRoleAuth zipFile bucket faas targets image ignoreUpdate
"""
_USED = "name src handler runtime region namespace memorySize timeout initTimeout environment layers"
_LAYER_KEYS = frozenset(("name", "version", "src"))
_OUTPUT = "${output:"  # a value of another component, unknown here


class Manifest(NamedTuple):
    """A function, and notices about settings that have no effect. Each notice is one line."""

    function: Function
    notices: list[str]


def read(text: str, path: Path, variables: Mapping[str, str], layers: Mapping[str, Path]) -> Manifest:
    """Read the function of a file.

    text: the content of the file.
    path: the path of the file, for messages and relative folders.
    variables: the values of ``${env:NAME}``.
    layers: the folders of layers by name. They have priority over the `src` of a layer in the file.

    Raises `FunctionFolderError`, whose message begins with the path and the line.
    """
    return _Reader(path, variables, layers).read(text)


class _Mapping(NamedTuple):
    """A mapping of the file, with the line of each key."""

    values: dict[str, Any]
    lines: dict[str, int]
    line: int


class _Reader:
    def __init__(self, path: Path, variables: Mapping[str, str], layers: Mapping[str, Path]) -> None:
        self._path = path
        self._variables = variables
        self._layer_folders = layers
        self._notices: list[str] = []
        self._top: dict[str, Any] = {}

    def read(self, text: str) -> Manifest:
        top = self._mapping(self._composed(text))
        self._top = top.values
        self._check_component(top)
        inputs = self._inner(top, "inputs", required=True)
        self._report_unknown(top, _TOP_KEYS)
        self._report_unknown(inputs, frozenset((_USED + _WITHOUT_EFFECT).split()))
        return Manifest(self._function(top, inputs), self._notices)

    def _function(self, top: _Mapping, inputs: _Mapping) -> Function:
        return Function(
            name=self._name(top, inputs),
            code=self._code(inputs),
            region=self._region(inputs),
            namespace=self._text(inputs, "namespace", DEFAULT_NAMESPACE, NAMESPACE_NAME.fullmatch),
            handler=self._text(inputs, "handler", DEFAULT_HANDLER, re.compile(r"[^\s.]+(\.[^\s.]+)+").fullmatch),
            runtime=self._runtime(inputs),
            memory_mb=self._number(inputs, "memorySize", 128, _is_memory, "64, or 128 to 3072 in steps of 128"),
            timeout=self._number(inputs, "timeout", 3, lambda value: 1 <= value <= 900, "1 to 900 seconds"),
            init_timeout=self._number(inputs, "initTimeout", 65, lambda value: 3 <= value <= 300, "3 to 300 seconds"),
            variables=self._environment(inputs),
            description=str(inputs.values.get("description", "")),
            origin=str(self._path),
            layers=self._layers(inputs),
        )

    def _check_component(self, top: _Mapping) -> None:
        component = top.values.get("component")
        if component != "scf":
            line = top.lines.get("component", 1)
            self._fail(line, f"`component` is {component!r}; the local endpoint serves only `scf`")

    def _name(self, top: _Mapping, inputs: _Mapping) -> str:
        mapping = inputs if "name" in inputs.values else top
        name = self._text(mapping, "name", "", None)
        if not FUNCTION_NAME.fullmatch(name):
            text = f"{name!r} is not a valid function name: 2 to 60 letters, digits, `-` and `_`, a letter first"
            self._fail(mapping.lines.get("name", inputs.line), text)
        return name

    def _code(self, inputs: _Mapping) -> Path:
        source = inputs.values.get("src", ".")
        if isinstance(source, dict):
            source = source.get("src", ".")
        if not isinstance(source, str):
            self._fail(inputs.lines["src"], "`src` must be a folder, or an object with `src`")
        return self._folder(source, inputs.lines.get("src", inputs.line))

    def _folder(self, source: str, line: int) -> Path:
        folder = Path(os.path.abspath(self._path.parent / self._expanded(source, line)))  # links may change
        if not folder.is_dir():
            self._fail(line, f"`src`: there is no folder {folder}")
        return folder

    def _layers(self, inputs: _Mapping) -> tuple[Layer, ...]:
        layers = inputs.values.get("layers") or []
        if not isinstance(layers, list):
            self._fail(inputs.lines["layers"], "`layers` must be a list of objects with `name` and `version`")
        if len(layers) > MOST_LAYERS:
            self._fail(inputs.lines["layers"], f"`layers`: {len(layers)} layers exceed the limit of {MOST_LAYERS}")
        found = [self._layer(layer) for layer in layers]
        return tuple(layer for layer in found if layer is not None)

    def _layer(self, layer: _Mapping) -> Layer | None:
        """Return a layer. If its folder is not known: None, after a notice."""
        self._report_unknown(layer, _LAYER_KEYS)
        line = layer.lines.get("name", layer.line)
        name, source = layer.values.get("name"), layer.values.get("src")
        if not isinstance(name, str) or not name:
            self._fail(line, "`name` of a layer must be text")
        name = name if _OUTPUT in name else self._expanded(name, line)
        version = layer.values.get("version")
        version = version if type(version) is int else 1
        if name in self._layer_folders:
            return Layer(name, version, self._layer_folders[name])
        if source is None:
            self._notice(line, f"layer `{name}` has no folder: add `src`, or use --layer NAME=FOLDER")
            return None
        if not isinstance(source, str):
            self._fail(layer.lines["src"], "`src` of a layer must be a folder")
        return Layer(name, version, self._folder(source, layer.lines["src"]))

    def _region(self, inputs: _Mapping) -> str:
        region = self._text(inputs, "region", DEFAULT_REGION, None)
        if region not in REGIONS:
            self._fail(inputs.lines["region"], f"{region!r} is not a region of SCF")
        return region

    def _runtime(self, inputs: _Mapping) -> str | None:
        if "runtime" not in inputs.values:
            return None
        runtime = self._text(inputs, "runtime", "", None)
        if not RUNTIME.fullmatch(runtime):
            self._fail(
                inputs.lines["runtime"], f"`runtime` {runtime!r}: the local endpoint runs only Python, as Python3.9"
            )
        return runtime

    def _environment(self, inputs: _Mapping) -> dict[str, str]:
        if inputs.values.get("environment") is None:
            return {}
        environment = self._inner(inputs, "environment")
        if environment.values.get("variables") is None:
            return {}
        variables = self._inner(environment, "variables")
        result = {name: self._variable(variables, name) for name in variables.values}
        size = sum(len(name.encode()) + len(value.encode()) for name, value in result.items())
        if size > ENVIRONMENT_LIMIT_BYTES:
            self._fail(environment.line, f"the variables have {size} bytes; the limit is {ENVIRONMENT_LIMIT_BYTES}")
        return result

    def _variable(self, variables: _Mapping, name: str) -> str:
        value, line = variables.values[name], variables.lines[name]
        if not _VARIABLE_NAME.fullmatch(name):
            self._fail(line, f"{name!r} is not a valid variable name: letters, digits and `_`, a letter first")
        if name.startswith(RESERVED_PREFIXES):
            self._fail(line, f"{name}: names that begin with {', '.join(RESERVED_PREFIXES)} are reserved")
        if isinstance(value, (dict, list, _Mapping)):
            self._fail(line, f"{name}: the value of a variable must be text")
        return self._expanded(_as_text(value), line)

    def _text(self, mapping: _Mapping, name: str, default: str, is_valid: Callable[[str], object] | None) -> str:
        value = mapping.values.get(name, default)
        if not isinstance(value, str):
            self._fail(mapping.lines[name], f"`{name}` must be text, not {value!r}")
        text = self._expanded(value, mapping.lines.get(name, mapping.line))
        if is_valid is not None and not is_valid(text):
            self._fail(mapping.lines[name], f"`{name}` cannot be {text!r}")
        return text

    def _number(self, mapping: _Mapping, name: str, default: int, is_valid: Callable[[int], bool], allowed: str) -> int:
        value = mapping.values.get(name, default)
        if type(value) is not int or not is_valid(value):
            self._fail(mapping.lines[name], f"`{name}` cannot be {value!r}: {allowed}")
        return value

    def _expanded(self, text: str, line: int) -> str:
        """Replace ``${env:NAME}``, ``${stage}``, ``${app}``, ``${name}`` and ``${org}`` by their values."""

        def value(found: "re.Match[str]") -> str:
            reference = found[1].strip()
            if reference.startswith("env:") and reference[4:] in self._variables:
                return self._variables[reference[4:]]
            if reference in ("stage", "app", "name", "org") and isinstance(self._top.get(reference), str):
                return str(self._top[reference])
            if reference != "stage":
                self._fail(line, f"${{{reference}}} has no value")
            return "dev"

        return _REFERENCE.sub(value, text)

    def _inner(self, mapping: _Mapping, name: str, required: bool = False) -> _Mapping:
        value = mapping.values.get(name)
        if isinstance(value, _Mapping):
            return value
        if required or value is not None:
            self._fail(mapping.lines.get(name, mapping.line), f"`{name}` must be an object with keys")
        return _Mapping({}, {}, mapping.line)

    def _report_unknown(self, mapping: _Mapping, known: frozenset[str]) -> None:
        for name in mapping.values:
            if name not in known:
                self._notice(mapping.lines[name], f"`{name}` is unknown and has no effect")

    def _notice(self, line: int, text: str) -> None:
        self._notices.append(f"{self._path}:{line}: {text}")

    def _composed(self, text: str) -> yaml.Node:
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            self._fail(mark.line + 1 if mark else 1, error.problem or "not YAML")
        except yaml.YAMLError as error:
            self._fail(1, f"not YAML: {error}")
        if not isinstance(node, yaml.MappingNode):
            self._fail(1, "the file must be an object with `component` and `inputs`")
        return node

    def _mapping(self, node: yaml.Node) -> _Mapping:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in values:
                self._fail(line, f"`{key}` is given twice, here and in line {lines[key]}")
            values[key], lines[key] = self._value(key, value_node), line
        return _Mapping(values, lines, node.start_mark.line + 1)

    def _value(self, key: str, node: yaml.Node) -> Any:
        """The value of a node. Objects whose keys are checked become `_Mapping`."""
        if isinstance(node, yaml.MappingNode) and key in ("inputs", "environment", "variables"):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode) and key == "layers":
            return [self._layer_mapping(item) for item in node.value]
        try:
            return yaml.constructor.SafeConstructor().construct_document(node)
        except yaml.MarkedYAMLError as error:
            self._fail(node.start_mark.line + 1, error.problem or "not a value")
        except (ValueError, OverflowError) as error:  # looks like a date or a number, but is not valid
            self._fail(node.start_mark.line + 1, f"`{key}`: {error}")

    def _layer_mapping(self, node: yaml.Node) -> _Mapping:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node.start_mark.line + 1, "a layer must be an object with `name` and `version`")
        return self._mapping(node)

    def _fail(self, line: int, text: str) -> NoReturn:
        raise FunctionFolderError(f"{self._path}:{line}: {text}")


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_memory(value: int) -> bool:
    return value == 64 or (128 <= value <= 3072 and value % 128 == 0)
