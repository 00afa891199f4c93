"""Reads functions from folders. A function is a folder with a configuration file, or with a handler in `index.py`."""

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tencentserverless.local.functions import unused
from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.functions.encodings import decoded
from tencentserverless.local.functions.python_modules import has_module
from tencentserverless.local.functions.reading import Reading, Refusal, folded
from tencentserverless.local.model.errors import FunctionFolderError
from tencentserverless.local.model.function import (
    DEFAULT_HANDLER,
    FUNCTION_NAME,
    NAMESPACE_NAME,
    Function,
    Key,
    entry_of,
    module_of,
)
from tencentserverless.local.model.overrides import NO_OVERRIDES, Overrides
from tencentserverless.local.model.regions import REGIONS

MANIFEST_NAMES = ("serverless.yml", "serverless.yaml", "serverless.json", "template.yaml", "template.yml")
ENTRY = "index.py"
_HANDLER = re.compile(
    rb"^(?:\xef\xbb\xbf)?[ \t]*(?:async[ \t]+)?def[ \t]+main_handler\b(?![ \t]*\([ \t]*(?:self|cls)\b)"
    rb"|^(?:\xef\xbb\xbf)?main_handler[ \t]*[:=]"
    rb"|^(?:\xef\xbb\xbf)?[ \t]*(?:from|import)\b(?:[^#\n(]|\([^)]*\))*\bmain_handler\b"
    rb"|^[ \t]*from[^#\n(]*\([^)]*\bmain_handler\b",
    re.M,
)
_DEFINITION = re.compile(
    rb"^(?:\xef\xbb\xbf)?(?:async[ \t]+)?def[ \t]+"
    rb"(?:(main_handler)\b|(\w+)[ \t]*\([ \t]*event\b[^,()]*,[ \t]*context\b)",
    re.M,
)
_STAR_IMPORT = re.compile(rb"^(?:\xef\xbb\xbf)?[ \t]*from[ \t]+\.?(\w+)[ \t]+import[ \t]*\*", re.M)
_DYNAMIC = rb"import[ \t]*\*|\b(?:globals|locals|exec|setattr)\b"  # names come from elsewhere
_OTHER_ENTRIES = ("index.pyc", "index/__init__.py")
_TEMPLATE = b"TencentCloud::Serverless::"
_NOT_OURS = frozenset(("node_modules", "site-packages", "__pycache__"))
_USUAL_ADVICE = "Name the handler of another file: --handler FILE.FUNCTION"
_SERVER = "scf_bootstrap"
MOST_LOOKED_AT = 2000
MOST_NAMED = 5
_NAME_RULE = "2 to 60 letters, digits, `-` and `_`, a letter first, no `-` or `_` last"


class FolderReader:
    """Reads functions from folders.

    layers: the folders of layers by name.
    overrides: settings that win over those of the files.
    """

    def __init__(self, layers: Mapping[str, Path], overrides: Overrides = NO_OVERRIDES) -> None:
        self._layers = layers
        self._overrides = overrides
        self._with_handler: set[Path] = set()  # folders that are functions because of the handler that was given
        self._names: dict[Path, str] = {}  # of folders that were named by a link with another name

    def read_all(self, paths: Iterable[str | os.PathLike[str]]) -> dict[Path, Reading]:
        """What these folders declare, by folder. Each is a function, or contains folders that are functions.

        A bad folder among several in one folder is in the result, with its refusals. Raises `FunctionFolderError` if a
        path has no function that can be served, or if two paths have functions of one name.
        """
        readings: dict[Path, Reading] = {}
        named = [self.resolved(Path(path)) for path in paths]
        for folder in named:
            readings.update(self._read_path(folder))
        functions = [function for reading in readings.values() for function in reading.functions]
        if self._overrides.are_for_one and len(functions) != 1:
            names = ", ".join(function.name for function in functions)
            text = f"a name or a handler is for one function, but there are {len(functions)}: {names}"
            raise FunctionFolderError(text)
        directly = [readings[folder] for folder in named if folder in readings]
        for first, second in doubles(function for reading in directly for function in reading.functions):
            raise FunctionFolderError(declared_twice(first, second))
        return readings

    def resolved(self, path: Path) -> Path:
        """Where a path leads. The folder keeps the name of the link: `current` for ``current -> releases/7``."""
        real, name = path.resolve(), os.path.basename(os.path.abspath(path))
        if name != real.name:
            self._names[real] = name
        return real

    def is_function(self, folder: Path, *, is_served: bool = False) -> bool:
        """Whether this folder is a function. A function that is served stays one while its code has errors."""
        if folder in self._with_handler:
            return folder.is_dir()
        return has_code(folder) if is_served else is_function(folder)

    def read_folder(self, folder: Path) -> Reading:
        """What one folder declares."""
        path = manifest_of(folder)
        reading = self._plain(folder) if path is None else self._from_manifest(path)
        reading.functions = [self._overrides.over(function) for function in reading.functions]
        for function in reading.functions:
            reading.notices += [*missing_handler(function), *unused.environments(function)]
        return reading

    def _read_path(self, folder: Path) -> dict[Path, Reading]:
        if not folder.is_dir():
            raise FunctionFolderError(f"{folder}: {_not_a_folder(folder)}")
        if self._overrides.handler and manifest_of(folder) is None:
            self._with_handler.add(folder)
        own = self.read_folder(folder) if self.is_function(folder) else Reading()
        if own.functions:
            return {folder: own}
        if own.refusals:  # its subfolders are its code, and not functions
            raise FunctionFolderError("\n".join(own.messages))
        try:
            children = [child for child in inside(folder) if is_function(child)]
        except OSError as error:
            raise FunctionFolderError(f"{folder}: {error.strerror}") from None
        readings = {child: self.read_folder(child) for child in children}
        if not any(reading.functions for reading in readings.values()):
            messages = [text for each in (*readings.values(), own) for text in each.messages]
            return {folder: self._only(folder, messages)}
        own.notices += passed_over(folder, [child for child, reading in readings.items() if reading.functions])
        return {**readings, folder: own} if own.messages else readings

    def _only(self, folder: Path, messages: list[str]) -> Reading:
        """What a folder declares that is named, and has no other functions: its `index.py` is one in any case."""
        reading = self.read_folder(folder) if has_code(folder) and manifest_of(folder) is None else Reading()
        if not reading.functions:
            told = folded([*messages, *reading.messages])
            raise FunctionFolderError("\n".join([*told, *_nothing_in(folder, not messages)]))
        return reading

    def _plain(self, folder: Path) -> Reading:
        """The function of a folder without a configuration file."""
        own_name = self._names.get(folder, folder.name)
        name = self._overrides.name or function_name(own_name)
        text = f"{folder}: the folder's name is not a valid function name ({_NAME_RULE})"
        if not name:
            return Reading(refusals=[Refusal("", f"{text}. Name the function with --name, or with a serverless.yml")])
        reading = Reading(
            [Function(name=name, code=folder, origin=str(folder))], unused.configurations(folder, MANIFEST_NAMES)
        )
        if name not in (own_name, self._overrides.name):
            reading.notices.append(f"{text}, so the function is `{name}`. Another name: --name, or a serverless.yml")
        return reading

    def _from_manifest(self, path: Path) -> Reading:
        from tencentserverless.local.functions.forms import manifest  # here, because it imports yaml, which takes time

        try:
            text, is_utf8 = decoded(path.read_bytes())
        except OSError as error:
            return Reading(refusals=[Refusal("", f"{path}: {error.strerror}")])
        text = text.replace("\t", " ") if path.suffix == ".json" else text  # YAML allows no tabs between values
        reading = manifest.read(text, path, os.environ, self._layers)
        if not is_utf8:
            reading.notices.append(
                f"{path}: the file is not UTF-8, and the deploy tool reads only UTF-8. Save it as UTF-8"
            )
        return reading


def read(
    paths: Iterable[str | os.PathLike[str]], notify: Callable[[str], None], layers: Mapping[str, Path] | None = None
) -> Catalog:
    """Return the functions of these folders. `notify` gets what has to be told. Raises as `FolderReader.read_all`."""
    readings = FolderReader(layers or {}).read_all(paths).values()
    functions = {function.key: function for reading in reversed(readings) for function in reversed(reading.functions)}
    for reading in readings:
        for message in reading.messages:
            notify(message)
    for first, second in doubles(function for reading in readings for function in reading.functions):
        notify(declared_twice(first, second))
    return Catalog(reversed(functions.values()))


def doubles(functions: Iterable[Function]) -> Iterator[tuple[Function, Function]]:
    """The pairs of functions that have one name."""
    first: dict[Key, Function] = {}
    for function in functions:
        if first.setdefault(function.key, function) is not function:
            yield first[function.key], function


def declared_twice(first: Function, second: Function) -> str:
    """The message about two functions of one name."""
    if first.origin == second.origin:
        keys = f"`{first.part}` and `{second.part}`"
        return f"{first} is declared twice in {first.origin}, by {keys}. Only the first is served. Name one otherwise"
    return (
        f"{first} is declared twice: in {first.origin} and in {second.origin}. Only the first is served. Name the "
        "function in a serverless.yml, or start its folder alone with --name"
    )


def function_name(folder_name: str) -> str:
    """The name of a function in a folder of this name: `Python3-9-hello` for `Python3.9-hello`. "" if there is none."""
    if FUNCTION_NAME.fullmatch(folder_name):
        return folder_name
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", folder_name)[:56].strip("-_")
    name = name if name[:1].isalpha() else f"fn-{name}"
    return name if FUNCTION_NAME.fullmatch(name) else ""


def _not_a_folder(path: Path) -> str:
    if path.suffix == ".zip" and path.is_file():
        return "a zip file: unpack it, and name the folder"
    return f"a file: name its folder, {path.parent}" if path.is_file() else "no such folder"


def _nothing_in(folder: Path, is_silent: bool) -> list[str]:
    """The message about a folder without functions. It names the other files that have a handler.

    is_silent: whether nothing else is said about the folder.
    """
    advice, others = _advice(folder), unused.configurations(folder, MANIFEST_NAMES)
    if not is_silent:
        return [*others, f"{folder}: {advice}"] if advice else others
    found = "this folder and its subfolders have neither a serverless.yml nor an index.py with main_handler"
    return [*others, f"{folder}: no function here: {found}. {advice or _USUAL_ADVICE}"]


def _advice(folder: Path) -> str:
    """What to do with a folder without functions. "" if nothing in it looks like one."""
    deeper = functions_below(folder)
    elsewhere = _handlers(folder) or ([] if deeper else _handlers_below(folder))
    if elsewhere:
        return _how_to_start(elsewhere)
    if deeper:
        return f"There are functions in {_joined(deeper)}: name these folders"
    if _is_server(folder) or any(map(_is_server, _below(folder, "*"))):
        return f"Its {_SERVER} starts a server, and the local endpoint serves event functions only"
    has_python = any(path.suffix == ".py" for pattern in ("*", "*/*") for path in _below(folder, pattern))
    return "" if has_python else "There is no Python file, and the local endpoint runs only Python"


def passed_over(folder: Path, served: Iterable[Path]) -> list[str]:
    """Notices about functions in a folder that are not served, although those in some of its subfolders are."""
    deeper, notices = functions_below(folder, served), list[str]()
    elsewhere = [*([] if manifest_of(folder) else _handlers(folder)[:1]), *_handlers_below(folder)]
    elsewhere = [(place, handler) for place, handler in elsewhere if handler.endswith(".main_handler")]
    servers = [place for place in _below(folder, "*") if _is_server(place) and not is_function(place)]
    if deeper:
        notices.append(f"{folder}: there are functions in {_joined(deeper)}, too. Name these folders to serve them")
    if elsewhere:
        number = f"in {len(elsewhere)} folders " if len(elsewhere) > 1 else ""
        notices.append(f"{folder}: the handler is {number}not index.main_handler. {_how_to_start(elsewhere)}")
    if servers:
        notices.append(f"{folder}: not served, because {_SERVER} starts a server there: {_joined(sorted(servers))}")
    return notices


def _is_server(folder: Path) -> bool:
    return (folder / _SERVER).is_file()


def functions_below(folder: Path, served: Iterable[Path] = ()) -> list[Path]:
    """The subfolders of a folder that have functions in their subfolders.

    served: subfolders that are functions themselves, so that theirs are their code.
    """
    return sorted({place.parent for place in _below(folder, "*/*") if is_function(place)} - {*served})


def _handlers_below(folder: Path) -> list[tuple[Path, str]]:
    """A folder and its handler for each subfolder that is not a function, but has a handler."""
    places = [
        place for place in _below(folder, "*") if place.is_dir() and not is_function(place) and not _is_server(place)
    ]
    return [found[0] for place in sorted(places) if (found := _handlers(place))]


def _handlers(folder: Path) -> list[tuple[Path, str]]:
    """A folder with each handler that a file in it defines. Those that are called main_handler come first."""
    found = [
        (not usual, f"{path.stem}.{(usual or other).decode()}")
        for path in sorted(folder.glob("*.py"))
        for usual, other in _DEFINITION.findall(_bytes(path))
    ]
    found += [(False, DEFAULT_HANDLER) for name in _OTHER_ENTRIES if (folder / name).is_file()]
    return [(folder, handler) for _, handler in sorted(found)]


def _below(folder: Path, pattern: str) -> Iterator[Path]:
    found = (path for path in folder.glob(pattern) if not set(path.relative_to(folder).parts) & _NOT_OURS)
    return (path for path in islice(found, MOST_LOOKED_AT) if not path.relative_to(folder).parts[0].startswith("."))


def _how_to_start(handlers: Sequence[tuple[Path, str]]) -> str:
    folder, handler = handlers[0]
    return f"Name the handler: tencentserverless local start {shlex.quote(str(folder))} --handler {handler}"


def _joined(places: Sequence[Path]) -> str:
    more = f" and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    return f"{', '.join(map(str, places[:MOST_NAMED]))}{more}"


def missing_handler(function: Function) -> list[str]:
    """A notice if the file of the handler does not exist, or lacks its name. It tells where the handler may be."""
    module, file, name = module_of(function.handler), entry_of(function), function.handler.rpartition(".")[2]
    text = f"{function.name}: the handler is `{function.handler}`, but"
    if not any(has_module(Path(folder), module) for folder in function.folders):
        found = f"there is no {module}.py in {function.code}"
        return [f"{text} {found} ({function.origin}){_other_place(function.code, module)}"]
    source = _bytes(file)  # nothing if the file is compiled
    if not source or not name.isascii() or re.search(rb"\b%s\b|%s" % (re.escape(name.encode()), _DYNAMIC), source):
        return []
    return [f"{text} {file} does not contain `{name}`{_other_handler(function.code)}"]


def _other_place(code: Path, module: str) -> str:
    """Where a file is that the author may have meant."""
    near = [place for place in (code.parent, *_below(code, "*")) if (place / f"{module}.py").is_file()]
    if near:
        return f". There is one in {near[0]}"
    return _other_handler(code)


def _other_handler(code: Path) -> str:
    handlers = _handlers(code)
    return f". The folder has the handler `{handlers[0][1]}`" if handlers else ""


def from_handler(
    handler: Callable[[Any, dict[str, Any]], Any],
    name: str | None,
    region: str,
    namespace: str,
    variables: Mapping[str, str],
) -> Function:
    """Return a function whose handler is an object of this program. Raises `FunctionFolderError` for a wrong name."""
    name = getattr(handler, "__name__", "") if name is None else name
    origin = f"{getattr(handler, '__module__', '')}.{getattr(handler, '__qualname__', name)}"
    if not FUNCTION_NAME.fullmatch(name):
        raise FunctionFolderError(f"{origin}: `{name}` cannot be the name of a function: use deploy(…, name=…)")
    if region not in REGIONS:
        raise FunctionFolderError(f"{origin}: `{region}` is not a region of SCF")
    if not NAMESPACE_NAME.fullmatch(namespace):
        raise FunctionFolderError(f"{origin}: `{namespace}` cannot be the name of a namespace")
    file = getattr(getattr(handler, "__code__", None), "co_filename", "")
    return Function(name, Path(file), region, namespace, variables=dict(variables), origin=origin, call=handler)


def inside(folder: Path) -> list[Path]:
    """The files and folders in a folder, sorted. Raises OSError if it cannot be read."""
    return sorted(folder.iterdir())


def is_function(folder: Path) -> bool:
    """Whether this folder has a configuration file or a handler in `index.py`."""
    return not folder.name.startswith(".") and _has(folder, _has_handler)


def has_code(folder: Path) -> bool:
    """Whether this folder has a configuration file or an `index.py`. The files are not read."""
    return _has(folder, lambda folder: (folder / ENTRY).is_file())


def _has(folder: Path, code: Callable[[Path], bool]) -> bool:
    """Whether the folder has a manifest, or `code` returns true. False if it cannot be read."""
    try:
        return folder.is_dir() and (manifest_of(folder) is not None or code(folder))
    except OSError:
        return False


def manifest_of(folder: Path) -> Path | None:
    """The configuration file of a folder. Other tools have a `template.yaml` too, so the text of that one counts."""
    for name in MANIFEST_NAMES:
        path = folder / name
        if path.is_file() and (name.startswith("serverless") or _TEMPLATE in _bytes(path)):
            return path
    return None


def _has_handler(folder: Path, entry: str = ENTRY, depth: int = 3) -> bool:
    """Search the text only. The file may be for another version of Python, or have errors."""
    text = _bytes(folder / entry)
    if _HANDLER.search(text):
        return True
    imported = _STAR_IMPORT.findall(text) if depth else []
    return any(_has_handler(folder, f"{name.decode()}.py", depth - 1) for name in imported)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
