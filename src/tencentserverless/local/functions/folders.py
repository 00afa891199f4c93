"""Reads functions from folders. A function is a folder with a `serverless.yml`, or with a handler in `index.py`."""

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
    """Return the functions of these folders. Each of them is a function, or contains folders that are functions.

    layers: the folders of layers by name.
    Raises `FunctionFolderError` if a path has no function, a file cannot be read, or two functions have one name.
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


def _functions_at(folder: Path, notify: Callable[[str], None], layers: Mapping[str, Path]) -> list[Function]:
    if not folder.is_dir():
        raise FunctionFolderError(f"{folder}: no such folder")
    if is_function(folder):
        return [function_in(folder, notify, layers)]
    try:
        children = inside(folder)
    except OSError as error:
        raise FunctionFolderError(f"{folder}: {error.strerror}") from None
    found = [function_below(child, notify, layers) for child in children if is_function(child)]
    functions = [function for function in found if function is not None]
    if not functions:
        raise FunctionFolderError(
            f"{folder}: no function here: this folder and its subfolders have neither a serverless.yml nor an index.py "
            "with main_handler"
        )
    return functions


def inside(folder: Path) -> list[Path]:
    """The files and folders in a folder, sorted. Raises OSError if it cannot be read."""
    return sorted(folder.iterdir())


def is_function(folder: Path) -> bool:
    """Whether this folder has a `serverless.yml` or a handler in `index.py`."""
    return not folder.name.startswith(".") and _has(folder, _has_handler)


def has_code(folder: Path) -> bool:
    """Whether this folder has a `serverless.yml` or an `index.py`. The files are not read."""
    return _has(folder, lambda folder: (folder / ENTRY).is_file())


def _has(folder: Path, code: Callable[[Path], bool]) -> bool:
    """Whether the folder has a manifest, or `code` returns true. False if it cannot be read."""
    try:
        return folder.is_dir() and (_manifest(folder) is not None or code(folder))
    except OSError:
        return False


def function_in(folder: Path, notify: Callable[[str], None], layers: Mapping[str, Path]) -> Function:
    """The function of this folder. Raises `FunctionFolderError`."""
    path = _manifest(folder)
    if path is None:
        return _plain(folder)
    from tencentserverless.local.functions.forms import component  # here, because it imports yaml, which takes time

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FunctionFolderError(f"{path}: {error}") from None
    function, notices = component.read(text, path, os.environ, layers)
    for notice in notices:
        notify(notice)
    return function


def function_below(folder: Path, notify: Callable[[str], None], layers: Mapping[str, Path]) -> Function | None:
    """The function of this folder, as `function_in`. If its name cannot be a function's: None, after a notice."""
    if _manifest(folder) is None and not FUNCTION_NAME.fullmatch(folder.name):
        notify(f"{folder}: ignored, because its name is not a valid function name")
        return None
    return function_in(folder, notify, layers)


def _plain(folder: Path) -> Function:
    if not FUNCTION_NAME.fullmatch(folder.name):
        raise FunctionFolderError(
            f"{folder}: the folder's name is not a valid function name. Rename the folder, or add a serverless.yml "
            "with a name: 2 to 60 letters, digits, `-` and `_`, a letter first, no `-` or `_` last"
        )
    return Function(name=folder.name, code=folder, origin=str(folder))


def _manifest(folder: Path) -> Path | None:
    return next((folder / name for name in MANIFEST_NAMES if (folder / name).is_file()), None)


def _has_handler(folder: Path) -> bool:
    """Search the text only. The file may be for another version of Python, or have errors."""
    try:
        return _HANDLER.search((folder / ENTRY).read_bytes()) is not None
    except OSError:
        return False
