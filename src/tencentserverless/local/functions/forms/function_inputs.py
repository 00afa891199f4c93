"""Makes a function of its settings, whatever the form of the file. Settings have the names of the component `scf`.

This also checks on the disk whether the folders of code and layers exist.

https://cloud.tencent.com/document/product/1154/39271
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tencentserverless.local.functions.forms import packed
from tencentserverless.local.functions.forms.manifest_file import Declared, Layers, ManifestFile, with_listed_variables
from tencentserverless.local.functions.forms.references import Expanded
from tencentserverless.local.functions.forms.yaml_file import Mapping, Rewritten
from tencentserverless.local.functions.python_modules import has_module
from tencentserverless.local.functions.reading import Refusal
from tencentserverless.local.model.function import (
    DEFAULT_HANDLER,
    DEFAULT_NAMESPACE,
    FUNCTION_NAME,
    NAMESPACE_NAME,
    RESERVED_PREFIXES,
    RUNTIMES,
    VARIABLE_NAME,
    Function,
    Layer,
    Packing,
    is_memory,
    module_of,
    version_of,
)
from tencentserverless.local.model.regions import DEFAULT_REGION, REGIONS

ENVIRONMENT_LIMIT_BYTES = 4096
MOST_LAYERS = 5
TIMEOUT_LIMIT, ASYNC_TIMEOUT_LIMIT = 900, 86_400
_HANDLER = re.compile(r"[^\s./][^\s.]*(\.[^\s.]+)+")
# The platform's tools use these. Here they have no effect.
_WITHOUT_EFFECT = """
    role enableRoleAuth description vpcConfig vpc cls clsConfig cfs cfsConfig deadLetter deadLetterConfig publicAccess
    publicNetConfig eip eipConfig intranetConfig fixedIp tags events triggers ignoreTriggers needSetTraffic traffic
    targetTraffic alias aliasName publish functionVersion lastVersion traceEnable asyncRetry retryNum msgTTL
    reservedQuota reservedMem provisionedConcurrency provisionedNum installDependency zipFile bucket cosBucketName faas
    apigw targets ignoreUpdate protocolType protocolParams instanceConcurrencyConfig entryFile dnsCache useGpu
    autoCreateClsTopic autoDeployClsTopicIndex statusTrack needDeployCode credentials serviceId serviceName tag
    include exclude package qualifier imageConfig object projectId disableTraffic isAutoCreate
    isAutoPublish publishDescription
"""
_USED = "name src handler runtime region namespace memorySize timeout initTimeout environment environments layers type"
_KNOWN = frozenset([*_USED.split(), *_WITHOUT_EFFECT.split(), "asyncRunEnable", "image", "code", "codeUri"])
_OUTPUT_NAME = re.compile(r"output:(?:[^:]*:)*([^:]+)\.name")
_LAYER_KEYS = frozenset(("name", "version", "src"))


def read_function(file: ManifestFile, declared: Declared, layers: Layers) -> None:
    """Add a function to the reading of its file, or all reasons why it cannot be served.

    layers: the folders of layers by name. They have priority over the `src` of a layer in the file.
    """
    inputs = _FunctionInputs(file, declared, layers)
    function = inputs.function()
    if inputs.mistakes:
        file.reading.refusals.append(Refusal(function.name, "\n".join(inputs.mistakes)))
    else:
        file.reading.functions.append(function)


class _FunctionInputs:
    def __init__(self, file: ManifestFile, declared: Declared, layers: Layers) -> None:
        self._file = file
        self._inputs = with_listed_variables(declared.inputs)
        self._declared = declared
        self._references = declared.references
        self._layer_folders = layers
        self.mistakes: list[str] = []

    def function(self) -> Function:
        """The function. It is not usable if there are mistakes."""
        inputs = self._inputs
        self._refuse_other_kinds(inputs)
        runtime = self._runtime(inputs)
        if self.mistakes:  # what else it has is for another kind of function
            return Function(self._name(), self._file.path.parent)
        self._report_unknown(inputs, _KNOWN)
        is_async = self._optional(inputs, "asyncRunEnable").lower() == "true"
        most = ASYNC_TIMEOUT_LIMIT if is_async else TIMEOUT_LIMIT
        name, code, region = self._name(), self._code(inputs), self._region(inputs)
        handler = self._valid(inputs, "handler", DEFAULT_HANDLER, _HANDLER, "FILE.FUNCTION, as index.main_handler")
        if not runtime and self._declared.default_runtime:
            self._check_default_runtime(code, handler)
        return Function(
            name=name,
            code=code,
            packing=self._packing(inputs, code),
            region=region,
            namespace=self._valid(inputs, "namespace", DEFAULT_NAMESPACE, NAMESPACE_NAME, "such as `default`"),
            handler=handler,
            runtime=runtime,
            memory_mb=self._number(inputs, "memorySize", 128, is_memory, "64, or 128 to 3072 in steps of 128"),
            timeout=self._number(inputs, "timeout", 3, lambda value: 1 <= value <= most, f"1 to {most} seconds"),
            init_timeout=self._number(inputs, "initTimeout", 65, lambda value: 3 <= value <= 300, "3 to 300 seconds"),
            variables=self._environment(inputs),
            description=str(inputs.values.get("description", "")),
            origin=str(self._file.path),
            part=self._declared.part,
            layers=self._layers(inputs),
        )

    # What would run other code than the author meant is a mistake, with the name of the form.

    def _refuse_other_kinds(self, inputs: Mapping) -> None:
        kind = str(inputs.get("type") or "event").lower()
        if kind != "event":
            text = f"`type` {kind!r}: the local endpoint serves event functions only, not servers behind scf_bootstrap"
            self._fail(inputs, "type", text)
        if isinstance(inputs.get("image"), Mapping):
            self._fail(inputs, "image", "`image`: the local endpoint does not run images")

    def _code(self, inputs: Mapping) -> Path:
        name = "src" if "src" in inputs.values else "code"
        source = inputs.get(name)
        if isinstance(source, Mapping):
            bucket = source.get("src") is None and (source.get("bucket") or source.get("object"))
            if bucket:
                self._fail(inputs, name, f"`{name}`: the code is in the bucket {bucket!r}, not in a folder here")
                return self._file.path.parent
            source = self._built(source) or source.get("src") or source
        if not isinstance(source, (str, type(None))):
            self._fail(inputs, name, f"`{name}` must be a folder, or an object with `src`")
            source = None
        return self._folder(source or ".", inputs.line_of(name), name)

    def _built(self, source: Mapping) -> Any:
        """The folder with what a command makes of the code, None if there is no such command."""
        hook, folder = source.get("hook"), source.get("dist")
        if hook and folder:
            self._file.notice(source.line_of("hook"), f"`hook` is not run. Run it when its input has changed: {hook}")
        return folder if hook else None

    def _packing(self, inputs: Mapping, code: Path) -> Packing | None:
        """What the deploy tool leaves out of the code and adds, with a notice of what is missing or misplaced."""
        source = inputs.inner("src")
        packing = self._declared.packing(code) if self._declared.packing else packed.of_source(source, code)
        for name in () if self._declared.packing else ("include", "exclude"):
            if inputs.get(name):
                self._file.notice(inputs.line_of(name), f"`{name}` has no effect, because it is not below `src`")
        for added in packing.included if packing else ():
            if not added.source.exists():
                line = (source if "include" in source.values else inputs).line_of("include")
                self._file.notice(line, f"`include`: there is no {added.source}")
        return packing

    def _folder(self, source: str, line: int, name: str) -> Path:
        text, missing = self._references.expand(source)
        if missing:
            self._fail_at(line, f"`{name}`: ${{{missing[0]}}} has no value")
        folder = self._file.path.parent / text.replace("\\", "/")  # as authors on Windows write it
        if not os.path.isdir(folder) and not missing:
            self._fail_at(line, f"`{name}`: {_not_a_folder(folder)}")
            return self._file.path.parent
        return Path(os.path.abspath(folder))  # links may change

    def _name(self) -> str:
        inputs = self._inputs
        given = inputs.get("name")
        of_default = inputs.line if self._declared.part else self._file.top.line_of("name")
        line = inputs.line_of("name") if given is not None else of_default
        name, missing = self._references.expand(str(given if given is not None else self._declared.name))
        if missing:
            self._fail_at(line, f"`name`: ${{{missing[0]}}} has no value")
        elif not FUNCTION_NAME.fullmatch(name):
            rule = "2 to 60 letters, digits, `-` and `_`, a letter first"
            self._fail_at(line, f"{name!r} is not a valid function name: {rule}")
        return name

    def _region(self, inputs: Mapping) -> str:
        region = self._optional(inputs, "region") or DEFAULT_REGION
        if region not in REGIONS:
            self._fail(inputs, "region", f"{region!r} is not a region of SCF")
        return region

    def _runtime(self, inputs: Mapping) -> str | None:
        runtime = self._optional(inputs, "runtime")
        runtime = runtime[:1].upper() + runtime[1:]
        if runtime and version_of(runtime) is None:
            is_python = "python" in runtime.lower() or runtime[:1].isdigit()
            text = f"write it as one of {', '.join(RUNTIMES)}" if is_python else "the local endpoint runs only Python"
            self._fail(inputs, "runtime", f"`runtime` {runtime!r}: {text}")
        elif runtime and runtime not in RUNTIMES:
            text = f"`runtime`: the platform does not have {runtime}. It has {', '.join(RUNTIMES)}"
            self._file.notice(inputs.line_of("runtime"), text)
        return runtime or None

    def _check_default_runtime(self, code: Path, handler: str) -> None:
        """Without a runtime the deploy tool takes Node.js. A file for Python shows that the author means Python."""
        default, module = self._declared.default_runtime, module_of(handler)
        if not has_module(code, module) and (code / f"{module}.js").is_file():
            text = f"`runtime` is missing, so it is {default}: the local endpoint runs only Python"
            self._fail(self._inputs, "runtime", text)

    # Layers.

    def _layers(self, inputs: Mapping) -> tuple[Layer, ...]:
        layers = inputs.get("layers") or []
        if not isinstance(layers, list):
            self._fail(inputs, "layers", "`layers` must be a list of objects with `name` and `version`")
            return ()
        if len(layers) > MOST_LAYERS:
            self._fail(inputs, "layers", f"`layers`: {len(layers)} layers exceed the limit of {MOST_LAYERS}")
        found = [self._layer(layer, inputs.line_of("layers")) for layer in layers]
        return tuple(layer for layer in found if layer is not None)

    def _layer(self, layer: Any, line: int) -> Layer | None:
        """Return a layer. If its folder is not known: None, after a notice."""
        if not isinstance(layer, Mapping):
            self._fail_at(line, "a layer must be an object with `name` and `version`")
            return None
        self._report_unknown(layer, _LAYER_KEYS)
        name, source, version = layer.get("name"), layer.get("src"), layer.get("version")
        if not isinstance(name, str):
            self._fail(layer, "name", "`name` of a layer must be text")
            return None
        name = _layer_name(name, self._references.expand(name))
        version = version if type(version) is int else 1
        if name in self._layer_folders:
            return Layer(name, version, self._layer_folders[name])
        if source is None and name in self._file.surroundings.layers:
            return Layer(name, version, self._file.surroundings.layers[name])
        if source is None:
            text = f"layer `{name}` has no folder: add `src`, or use --layer NAME=FOLDER"
            self._file.notice(layer.line_of("name"), text)
            return None
        if not isinstance(source, str):
            self._fail(layer, "src", "`src` of a layer must be a folder")
            return None
        return Layer(name, version, self._folder(source, layer.line_of("src"), "src"))

    # Environment variables.

    def _environment(self, inputs: Mapping) -> dict[str, str]:
        environment = self._object(inputs, "environment", "`environment` must be an object with `variables`")
        for name in environment.values:
            if name != "variables":
                text = f"`environment`: `{name}` has no effect, because it is not below `variables`"
                self._file.notice(environment.line_of(name), text)
        variables = self._object(environment, "variables", "`variables` must be an object with keys")
        found = {name: self._variable(variables, name, value) for name, value in variables.values.items()}
        found.update(self._listed_variables(inputs))
        result = {name: value for name, value in found.items() if value is not None}
        size = sum(len(name.encode()) + len(value.encode()) for name, value in result.items())
        if size > ENVIRONMENT_LIMIT_BYTES:
            self._fail(
                environment, "variables", f"the variables have {size} bytes; the limit is {ENVIRONMENT_LIMIT_BYTES}"
            )
        return result

    def _object(self, mapping: Mapping, name: str, rule: str) -> Mapping:
        """The object of a key. An empty one, after a notice, if it is a reference that has no value here."""
        value = mapping.get(name)
        missing = self._references.expand(value).missing if isinstance(value, str) else ()
        if missing:
            self._file.notice(mapping.line_of(name), f"`{name}` has no effect: {_reason(missing[0])}")
        elif not isinstance(value, (Mapping, type(None))):
            self._fail(mapping, name, rule)
        return mapping.inner(name)

    def _listed_variables(self, inputs: Mapping) -> dict[str, str | None]:
        """The variables of `environments`, a list of objects with `key` and `value`."""
        listed = inputs.get("environments") or []
        if not isinstance(listed, list) or not all(isinstance(each, Mapping) and _key(each) for each in listed):
            self._fail(inputs, "environments", "`environments` must be a list of objects with `key` and `value`")
            return {}
        pairs = [(each, _key(each)) for each in listed]
        return {name: self._variable(each, name, each.values.get("value", each.get("envVal"))) for each, name in pairs}

    def _variable(self, variables: Mapping, name: str, value: Any) -> str | None:
        """The value of a variable. None, after a notice, if it is not known here."""
        line = variables.line_of(name)
        if not VARIABLE_NAME.fullmatch(name):
            self._fail_at(line, f"{name!r} is not a valid variable name: letters, digits and `_`, a letter first")
        if name.startswith(RESERVED_PREFIXES):
            self._fail_at(line, f"{name}: names that begin with {', '.join(RESERVED_PREFIXES)} are reserved")
        if isinstance(value, (list, Mapping)):
            self._fail_at(line, f"{name}: the value of a variable must be text")
            return None
        text, missing = self._references.expand(_as_text(value))
        if missing:
            self._file.notice(line, f"{name} is not set: {_reason(missing[0])}")
            return None
        if isinstance(value, Rewritten):
            reason = f"{value.written} without quotes is a number or a date, which the deploy tool rewrites"
            self._file.notice(line, f"{name} is {text}: {reason}. Put it in quotes to keep it")
        return text

    # Single values.

    def _optional(self, mapping: Mapping, name: str) -> str:
        """A text, with references expanded. "" if the key is missing or empty, or its value is not known here."""
        value = mapping.get(name)
        if value is None:
            return ""
        if isinstance(value, (list, Mapping)):
            self._fail(mapping, name, f"`{name}` must be text")
            return ""
        text, missing = self._references.expand(_as_text(value))
        if missing:
            self._file.notice(mapping.line_of(name), f"`{name}` has its default value: {_reason(missing[0])}")
            return ""
        return text.strip()

    def _valid(self, mapping: Mapping, name: str, default: str, pattern: "re.Pattern[str]", allowed: str) -> str:
        text = self._optional(mapping, name) or default
        if not pattern.fullmatch(text):
            self._fail(mapping, name, f"`{name}` cannot be {text!r}: {allowed}")
        return text

    def _number(self, mapping: Mapping, name: str, default: int, is_valid: Callable[[int], bool], allowed: str) -> int:
        text = self._optional(mapping, name) or str(default)
        value = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
        if not is_valid(value):
            self._fail(mapping, name, f"`{name}` cannot be {text!r}: {allowed}")
        return value

    def _report_unknown(self, mapping: Mapping, known: frozenset[str]) -> None:
        for name in mapping.values:
            if name not in known:
                self._file.notice(mapping.line_of(name), f"`{name}` is unknown and has no effect")

    def _fail(self, mapping: Mapping, name: str, text: str) -> None:
        self._fail_at(mapping.line_of(name), text)

    def _fail_at(self, line: int, text: str) -> None:
        self.mistakes.append(self._file.mistake(line, text))


def _key(listed: Mapping) -> str:
    """The name of a variable in a list. "" if it has none."""
    return str(listed.get("key") or listed.get("envKey") or "")


def _layer_name(text: str, expanded: Expanded) -> str:
    """The name of a layer. ``${output:STAGE:APP:NAME.name}`` is that of the component NAME, which makes the layer."""
    output = _OUTPUT_NAME.fullmatch("".join(expanded.missing))
    return output[1] if output else text if expanded.missing else expanded.text


def _not_a_folder(path: Path) -> str:
    """The reason why there is no folder at a path."""
    if not os.path.isfile(path):
        return f"there is no folder {path}"
    return f"{path} is a file. {'Unpack it, and name the folder' if path.suffix == '.zip' else 'Name its folder'}"


def _reason(reference: str) -> str:
    """Why a reference has no value."""
    if reference.startswith("output:"):
        return f"${{{reference}}} is an output of another component, which is not known here"
    if reference.startswith("env"):
        return f"${{{reference}}} has no value in the shell or in a .env file"
    return f"${{{reference}}} has no value"


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
