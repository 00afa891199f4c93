"""The configuration of a function, and the names that functions may have. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tencentserverless.local.model.regions import DEFAULT_REGION

FUNCTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]")
NAMESPACE_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,58}[A-Za-z0-9])?")
DEFAULT_NAMESPACE = "default"
DEFAULT_HANDLER = "index.main_handler"
Key = tuple[str, str, str]
Version = tuple[int, int]


class Layer(NamedTuple):
    """A layer in the configuration of a function.

    version: used on the platform only. folder: the folder on this machine that has the layer's content.
    """

    name: str
    version: int
    folder: Path


class Included(NamedTuple):
    """Files of another place that are added to a function's code.

    source: a file or a folder. name: that of the file in the code, or of the folder; "" for the top of the code.
    pattern: which files of the folder are added. folder: `source`, or the folder of that file.
    """

    source: Path
    name: str
    pattern: str
    folder: Path


class Packing(NamedTuple):
    """The differences between the folder of a function's code and its code on the platform.

    excluded: patterns of files that are left out. kept: patterns of those that are not, although they are excluded.
    base: the folder from which on these patterns are. included: files that are added.
    """

    base: Path
    excluded: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    included: tuple[Included, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """The configuration of one function. Times are in seconds.

    code: the folder of its code.
    runtime: a text such as "Python3.9"; None for the interpreter that runs the endpoint.
    layers: the layers in `/opt`. A file of a later layer replaces that of an earlier one.
    packing: what the deploy tool leaves out of the code, and what it adds. None if that is nothing.
    origin: the file that declares the function, or its folder. For messages.
    part: the key of the function, if its file declares several.
    call: the handler, if it was given as an object of this program. Then `code` is the file in which it is defined.
    key, layer_folders, folders: computed once from the others, because every invocation needs them. `folders` are those
        with files that the function needs: that of its code, those of its layers, and those of files that are added.
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
    part: str = ""
    layers: tuple[Layer, ...] = ()
    packing: Packing | None = None
    call: Callable[[Any, dict[str, Any]], Any] | None = field(default=None, hash=False, repr=False)
    key: Key = field(init=False, compare=False, repr=False)
    layer_folders: tuple[Path, ...] = field(init=False, compare=False, repr=False)
    folders: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.region, self.namespace, self.name))
        object.__setattr__(self, "layer_folders", tuple([layer.folder for layer in self.layers]))
        added = [each.folder for each in self.packing.included] if self.packing else []
        object.__setattr__(self, "folders", tuple(map(str, (self.code, *self.layer_folders, *added))))

    def __str__(self) -> str:
        return f"{self.name} ({self.region}, {self.namespace})"


def is_memory(megabytes: int) -> bool:
    """Whether a function can have this memory."""
    return megabytes == 64 or (128 <= megabytes <= 3072 and megabytes % 128 == 0)


def module_of(handler: str) -> str:
    """The module of a handler as a path in the code: ``shop/index`` for ``shop.index.main_handler``."""
    return handler.rpartition(".")[0].replace(".", "/")


def entry_of(function: Function) -> Path:
    """The file of the handler."""
    return function.code / f"{module_of(function.handler)}.py"


VARIABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RESERVED_PREFIXES = ("SCF_", "QCLOUD_", "TENCENTCLOUD_", "TENCENTSERVERLESS_")
RUNTIMES = ("Python2.7", "Python3.6", "Python3.7", "Python3.9", "Python3.10")  # those of the platform
_RUNTIME = re.compile(r"Python(\d)\.(\d+)")


def version_of(runtime: str | None) -> Version | None:
    """The version of a runtime: (3, 9) for "Python3.9". None for None or another text."""
    matched = _RUNTIME.fullmatch(runtime or "")
    return (int(matched[1]), int(matched[2])) if matched else None
