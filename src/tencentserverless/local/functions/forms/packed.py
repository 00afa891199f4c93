"""Which files a configuration file leaves out of the code of a function and which it adds, by its form."""

from pathlib import Path
from typing import Any

from tencentserverless.local.functions import packing
from tencentserverless.local.functions.forms.yaml_file import Mapping
from tencentserverless.local.model.function import Included, Packing


def of_source(source: Mapping, code: Path) -> Packing | None:
    """The packing of an object `src`. Its paths and patterns are relative to the code."""
    added = [packing.included(code, path, prefix) for path, prefix in _sources(source.get("include"))]
    return _packing(code, texts(source.get("exclude")), included=tuple(added))


def of_components_v1(inputs: Mapping, folder: Path, code: Path) -> Packing | None:
    """The packing of the first form of the components: added files are at the top of the code.

    folder: that of the configuration file. code: that of the function's code.
    """
    added = [packing.included(folder, path, "") for path in texts(inputs.get("include"))]
    flat = [each._replace(name=each.source.name) for each in added if each.source.is_file()]
    return _packing(code, texts(inputs.get("exclude")), included=tuple(flat))


def of_plugin(service: Mapping, function: Mapping, folder: Path) -> Packing | None:
    """The packing of the plugin. A pattern that begins with ``!`` means the opposite; `include` wins over `exclude`.

    service, function: the objects `package` of both.
    """
    excluded, kept = list[str](), list[str]()
    for package in (service, function):
        for pattern in texts(package.get("exclude")):
            (kept if pattern.startswith("!") else excluded).append(pattern.removeprefix("!"))
        for pattern in (*texts(package.get("include")), *texts(package.get("patterns"))):
            (excluded if pattern.startswith("!") else kept).append(pattern.removeprefix("!"))
    return _packing(folder, tuple(excluded), tuple(kept))


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list, or a single one."""
    return tuple(each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))


def _sources(value: Any) -> list[tuple[str, str]]:
    """Paths with their prefixes."""
    listed = value if isinstance(value, list) else [value]
    objects = [(each.get("source"), each.get("prefix")) for each in listed if isinstance(each, Mapping)]
    plain = [(text, "") for text in texts(value)]
    return plain + [(source, prefix or "") for source, prefix in objects if isinstance(source, str)]


def _packing(
    base: Path, excluded: tuple[str, ...], kept: tuple[str, ...] = (), included: tuple[Included, ...] = ()
) -> Packing | None:
    return Packing(base, excluded, kept, included) if excluded or included else None
