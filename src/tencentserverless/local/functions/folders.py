"""Functions out of folders: `serverless.yml` where there is one, else every folder with a handler in `index.py`."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tencentserverless.local.functions.catalog import Catalog
from tencentserverless.local.model.errors import FunctionFolderError
from tencentserverless.local.model.function import FUNCTION_NAME, NAMESPACE_NAME, Function
from tencentserverless.local.model.regions import REGIONS

MANIFEST_NAMES = ("serverless.yml", "serverless.yaml")
ENTRY = "index.py"
_HANDLER = re.compile(
    rb"^(?:async[ \t]+)?def[ \t]+main_handler\b|^main_handler[ \t]*[:=]|^(?:from|import)\b[^#\n]*\bmain_handler\b", re.M
)


def read(
    paths: Iterable[str | os.PathLike[str]], notify: Callable[[str], None], layers: Mapping[str, Path] | None = None
) -> Catalog:
    """The functions of these folders. Each is one function, or holds folders that are. layers: folders by name.

    Raises `FunctionFolderError` where a path leads to no function, a file cannot be read, or a name is taken twice.
    """
    catalog = Catalog()
    seen: set[Path] = set()
    for path in paths:
        folder = Path(path).resolve()
        for function in _functions_at(folder, notify, layers or {}):
            if Path(function.origin) not in seen:
                catalog.add(function)
            seen.add(Path(function.origin))
    return catalog


def from_handler(
    handler: Callable[[Any, dict[str, Any]], Any],
    name: str | None,
    region: str,
    namespace: str,
    variables: Mapping[str, str],
) -> Function:
    """A function whose handler is an object of this program. Raises `FunctionFolderError` for names it cannot have."""
    name = getattr(handler, "__name__", "") if name is None else name
    origin = f"{getattr(handler, '__module__', '')}.{getattr(handler, '__qualname__', name)}"
    if not FUNCTION_NAME.fullmatch(name):
        raise FunctionFolderError(f"{origin}: `{name}` cannot be the name of a function; give one: deploy(…, name=…)")
    if region not in REGIONS:
        raise FunctionFolderError(f"{origin}: `{region}` is no region")
    if not NAMESPACE_NAME.fullmatch(namespace):
        raise FunctionFolderError(f"{origin}: `{namespace}` cannot be the name of a namespace")
    file = getattr(getattr(handler, "__code__", None), "co_filename", "")
    return Function(name, Path(file), region, namespace, variables=dict(variables), origin=origin, call=handler)


def _functions_at(folder: Path, notify: Callable[[str], None], layers: Mapping[str, Path]) -> list[Function]:
    if not folder.is_dir():
        raise FunctionFolderError(f"{folder}: no such folder")
    if is_function(folder):
        return [function_in(folder, notify, layers)]
    try:
        places = inside(folder)
    except OSError as error:
        raise FunctionFolderError(f"{folder}: {error.strerror}") from None
    found = [function_below(place, notify, layers) for place in places if is_function(place)]
    functions = [function for function in found if function is not None]
    if not functions:
        raise FunctionFolderError(
            f"{folder}: no function here: neither serverless.yml nor an index.py with main_handler, "
            "in this folder or one below"
        )
    return functions


def inside(folder: Path) -> list[Path]:
    """What is in a folder. Raises OSError where nobody may look."""
    return sorted(folder.iterdir())


def is_function(folder: Path) -> bool:
    return not folder.name.startswith(".") and _has(folder, _has_handler)


def has_code(folder: Path) -> bool:
    """Whether it could be a function, for what is seen without reading."""
    return _has(folder, lambda folder: (folder / ENTRY).is_file())


def _has(folder: Path, code: Callable[[Path], bool]) -> bool:
    """Whether there is a manifest or `code`. A folder that nobody may look into has neither."""
    try:
        return folder.is_dir() and (_manifest(folder) is not None or code(folder))
    except OSError:
        return False


def function_in(folder: Path, notify: Callable[[str], None], layers: Mapping[str, Path]) -> Function:
    """The function of this folder. Raises `FunctionFolderError`."""
    path = _manifest(folder)
    if path is None:
        return _plain(folder)
    from tencentserverless.local.functions.forms import component  # reads YAML: only where there is some

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FunctionFolderError(f"{path}: {error}") from None
    function, notices = component.read(text, path, os.environ, layers)
    for notice in notices:
        notify(notice)
    return function


def function_below(folder: Path, notify: Callable[[str], None], layers: Mapping[str, Path]) -> Function | None:
    """As `function_in`, but a folder that merely looks like a function and has another kind of name is passed over."""
    if _manifest(folder) is None and not FUNCTION_NAME.fullmatch(folder.name):
        notify(f"{folder}: passed over, its name is no function name")
        return None
    return function_in(folder, notify, layers)


def _plain(folder: Path) -> Function:
    if not FUNCTION_NAME.fullmatch(folder.name):
        raise FunctionFolderError(
            f"{folder}: the folder's name becomes the function's and is none: 2 to 60 letters, digits, `-` and `_`, "
            "a letter first, no `-` or `_` last; a serverless.yml can give another"
        )
    return Function(name=folder.name, code=folder, origin=str(folder))


def _manifest(folder: Path) -> Path | None:
    return next((folder / name for name in MANIFEST_NAMES if (folder / name).is_file()), None)


def _has_handler(folder: Path) -> bool:
    """Looks at the text only: the file may be of another Python than ours, or broken."""
    try:
        return _HANDLER.search((folder / ENTRY).read_bytes()) is not None
    except OSError:
        return False
