"""`serverless.yml` of the component `scf`: one function, read with the line of every mistake. Pure.

https://cloud.tencent.com/document/product/1154/39271
"""

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
_TOP = frozenset(("component", "name", "app", "stage", "org", "inputs"))
# Read by the platform's tools and of no effect here.
_OF_NO_EFFECT = """
    type role description vpcConfig vpc cls cfs deadLetter publicAccess eip tags events triggers traffic
    alias publish ignoreTriggers asyncRunEnable traceEnable asyncRetry reservedQuota provisionedConcurrency
    functionVersion installDependency enableRoleAuth zipFile bucket faas targets image ignoreUpdate
"""
_READ = "name src handler runtime region namespace memorySize timeout initTimeout environment layers"
_OF_A_LAYER = frozenset(("name", "version", "src"))
_OUTPUT = "${output:"  # what another component deploys: of no value here


class Manifest(NamedTuple):
    """What the file says. notices: one line each, of what it asks for and does not get."""

    function: Function
    notices: list[str]


def read(text: str, path: Path, variables: Mapping[str, str], layers: Mapping[str, Path]) -> Manifest:
    """The function that `text`, the content of `path`, declares. `variables`: for ``${env:NAME}``.

    layers: folders by name, which come before what `text` says of them.

    Raises `FunctionFolderError`, whose text begins with path and line.
    """
    return _Reader(path, variables, layers).read(text)


class _Place(NamedTuple):
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
        top = self._place(self._composed(text))
        self._top = top.values
        self._check_component(top)
        inputs = self._inner(top, "inputs", required=True)
        self._tell_unknown(top, _TOP)
        self._tell_unknown(inputs, frozenset((_READ + _OF_NO_EFFECT).split()))
        return Manifest(self._function(top, inputs), self._notices)

    def _function(self, top: _Place, inputs: _Place) -> Function:
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

    def _check_component(self, top: _Place) -> None:
        component = top.values.get("component")
        if component != "scf":
            self._fail(top.lines.get("component", 1), f"`component` is {component!r}; the local endpoint serves `scf`")

    def _name(self, top: _Place, inputs: _Place) -> str:
        place = inputs if "name" in inputs.values else top
        name = self._text(place, "name", "", None)
        if not FUNCTION_NAME.fullmatch(name):
            why = f"{name!r} is no function name: 2 to 60 letters, digits, `-` and `_`, a letter first"
            self._fail(place.lines.get("name", inputs.line), why)
        return name

    def _code(self, inputs: _Place) -> Path:
        source = inputs.values.get("src", ".")
        if isinstance(source, dict):
            source = source.get("src", ".")
        if not isinstance(source, str):
            self._fail(inputs.lines["src"], "`src` is a folder, or an object with `src`")
        return self._folder(source, inputs.lines.get("src", inputs.line))

    def _folder(self, source: str, line: int) -> Path:
        folder = (self._path.parent / self._expanded(source, line)).resolve()
        if not folder.is_dir():
            self._fail(line, f"`src`: there is no folder {folder}")
        return folder

    def _layers(self, inputs: _Place) -> tuple[Layer, ...]:
        layers = inputs.values.get("layers") or []
        if not isinstance(layers, list):
            self._fail(inputs.lines["layers"], "`layers` is a list of objects with `name` and `version`")
        if len(layers) > MOST_LAYERS:
            self._fail(inputs.lines["layers"], f"a function has at most {MOST_LAYERS} layers, here are {len(layers)}")
        found = [self._layer(layer) for layer in layers]
        return tuple(layer for layer in found if layer is not None)

    def _layer(self, layer: _Place) -> Layer | None:
        """A layer; None, with a notice, if nothing says where its folder is."""
        self._tell_unknown(layer, _OF_A_LAYER)
        line = layer.lines.get("name", layer.line)
        name, source = layer.values.get("name"), layer.values.get("src")
        if not isinstance(name, str) or not name:
            self._fail(line, "a layer has a `name`, which is text")
        name = name if _OUTPUT in name else self._expanded(name, line)
        version = layer.values.get("version")
        version = version if type(version) is int else 1
        if name in self._layer_folders:
            return Layer(name, version, self._layer_folders[name])
        if source is None:
            self._notice(line, f"layer `{name}` has no folder here: give it one with --layer NAME=FOLDER, or `src`")
            return None
        if not isinstance(source, str):
            self._fail(layer.lines["src"], "`src` of a layer is a folder")
        return Layer(name, version, self._folder(source, layer.lines["src"]))

    def _region(self, inputs: _Place) -> str:
        region = self._text(inputs, "region", DEFAULT_REGION, None)
        if region not in REGIONS:
            self._fail(inputs.lines["region"], f"{region!r} is no region of SCF")
        return region

    def _runtime(self, inputs: _Place) -> str | None:
        if "runtime" not in inputs.values:
            return None
        runtime = self._text(inputs, "runtime", "", None)
        if not RUNTIME.fullmatch(runtime):
            self._fail(
                inputs.lines["runtime"], f"`runtime` {runtime!r}: the local endpoint runs Python, such as Python3.9"
            )
        return runtime

    def _environment(self, inputs: _Place) -> dict[str, str]:
        if inputs.values.get("environment") is None:
            return {}
        environment = self._inner(inputs, "environment")
        if environment.values.get("variables") is None:
            return {}
        variables = self._inner(environment, "variables")
        result = {name: self._variable(variables, name) for name in variables.values}
        size = sum(len(name.encode()) + len(value.encode()) for name, value in result.items())
        if size > ENVIRONMENT_LIMIT_BYTES:
            self._fail(environment.line, f"the variables take {size} bytes, the limit is {ENVIRONMENT_LIMIT_BYTES}")
        return result

    def _variable(self, variables: _Place, name: str) -> str:
        value, line = variables.values[name], variables.lines[name]
        if not _VARIABLE_NAME.fullmatch(name):
            self._fail(line, f"{name!r} is no variable name: letters, digits and `_`, a letter first")
        if name.startswith(RESERVED_PREFIXES):
            self._fail(line, f"{name}: names that begin with {', '.join(RESERVED_PREFIXES)} belong to the platform")
        if isinstance(value, (dict, list, _Place)):
            self._fail(line, f"{name}: the value of a variable is text")
        return self._expanded(_as_text(value), line)

    def _text(self, place: _Place, name: str, default: str, good: Callable[[str], object] | None) -> str:
        value = place.values.get(name, default)
        if not isinstance(value, str):
            self._fail(place.lines[name], f"`{name}` is text, not {value!r}")
        text = self._expanded(value, place.lines.get(name, place.line))
        if good is not None and not good(text):
            self._fail(place.lines[name], f"`{name}` cannot be {text!r}")
        return text

    def _number(self, place: _Place, name: str, default: int, good: Callable[[int], bool], allowed: str) -> int:
        value = place.values.get(name, default)
        if type(value) is not int or not good(value):
            self._fail(place.lines[name], f"`{name}` cannot be {value!r}: {allowed}")
        return value

    def _expanded(self, text: str, line: int) -> str:
        """`text` with ``${env:NAME}``, ``${stage}``, ``${app}``, ``${name}`` and ``${org}`` put in."""

        def value(found: "re.Match[str]") -> str:
            reference = found[1].strip()
            if reference.startswith("env:") and reference[4:] in self._variables:
                return self._variables[reference[4:]]
            if reference in ("stage", "app", "name", "org") and isinstance(self._top.get(reference), str):
                return str(self._top[reference])
            if reference != "stage":
                self._fail(line, f"${{{reference}}} has no value here")
            return "dev"

        return _REFERENCE.sub(value, text)

    def _inner(self, place: _Place, name: str, required: bool = False) -> _Place:
        value = place.values.get(name)
        if isinstance(value, _Place):
            return value
        if required or value is not None:
            self._fail(place.lines.get(name, place.line), f"`{name}` is an object with keys")
        return _Place({}, {}, place.line)

    def _tell_unknown(self, place: _Place, known: frozenset[str]) -> None:
        for name in place.values:
            if name not in known:
                self._notice(place.lines[name], f"`{name}` is not known and has no effect")

    def _notice(self, line: int, what: str) -> None:
        self._notices.append(f"{self._path}:{line}: {what}")

    def _composed(self, text: str) -> yaml.Node:
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            self._fail(mark.line + 1 if mark else 1, error.problem or "not YAML")
        except yaml.YAMLError as error:
            self._fail(1, f"not YAML: {error}")
        if not isinstance(node, yaml.MappingNode):
            self._fail(1, "the file is an object with `component` and `inputs`")
        return node

    def _place(self, node: yaml.Node) -> _Place:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in values:
                self._fail(line, f"`{key}` stands here and in line {lines[key]}")
            values[key], lines[key] = self._value(key, value_node), line
        return _Place(values, lines, node.start_mark.line + 1)

    def _value(self, key: str, node: yaml.Node) -> Any:
        """Objects with lines; anything else plain."""
        if isinstance(node, yaml.MappingNode) and key in ("inputs", "environment", "variables"):
            return self._place(node)
        if isinstance(node, yaml.SequenceNode) and key == "layers":
            return [self._place_in_list(item) for item in node.value]
        try:
            return yaml.constructor.SafeConstructor().construct_document(node)
        except yaml.MarkedYAMLError as error:
            self._fail(node.start_mark.line + 1, error.problem or "not a value")
        except (ValueError, OverflowError) as error:  # what looks like a date or a number and is none
            self._fail(node.start_mark.line + 1, f"`{key}`: {error}")

    def _place_in_list(self, node: yaml.Node) -> _Place:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node.start_mark.line + 1, "a layer is an object with `name` and `version`")
        return self._place(node)

    def _fail(self, line: int, why: str) -> NoReturn:
        raise FunctionFolderError(f"{self._path}:{line}: {why}")


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_memory(value: int) -> bool:
    return value == 64 or (128 <= value <= 3072 and value % 128 == 0)
