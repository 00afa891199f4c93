"""Checks where the modules come from that a function imports, and tells of those that it will not find elsewhere."""

import ast
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tencentserverless.local.environment.platform_packages import LENT, PACKAGES
from tencentserverless.local.functions.python_modules import folder_with
from tencentserverless.local.model.function import Function, entry_of
from tencentserverless.local.processes.interpreters import Interpreter

MOST_FILES = 200
_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+(\w+)", re.M)
_SITE_FOLDERS = ("site-packages", "dist-packages")


class Imports:
    """Checks the imports of each function once, and again after the file with its handler is saved.

    path_of: returns the module path of an interpreter. It may block.
    """

    def __init__(self, notify: Callable[[str], None], path_of: Callable[[Interpreter], Sequence[str]]) -> None:
        self._notify = notify
        self._path_of = path_of
        self._checked: dict[tuple[Path, str, str], float] = {}
        self._told: set[str] = set()

    def needs_check(self, function: Function, interpreter: Interpreter) -> bool:
        """Whether `check` has to be called."""
        return self._checked.get(_key(function, interpreter)) != _saved_at(entry_of(function))

    def check(self, function: Function, interpreter: Interpreter) -> None:
        """Give a notice for each module that the platform has and this machine lacks, or the other way round."""
        self._checked[_key(function, interpreter)] = _saved_at(entry_of(function))
        runtime = function.runtime or interpreter.runtime
        provided = PACKAGES.get(runtime, {})
        own = function.folders
        for name in sorted(imported(entry_of(function), function.code) - LENT - sys.stdlib_module_names):
            path = name.replace(".", "/")
            if folder_with(path, own) is None:
                folder = folder_with(path, self._path_of(interpreter))
                self._tell(function, interpreter, runtime, name, folder, provided)

    def _tell(
        self,
        function: Function,
        interpreter: Interpreter,
        runtime: str,
        name: str,
        folder: str | None,
        provided: Mapping[str, str],
    ) -> None:
        text, own_folder = "", f"-t {shlex.quote(str(function.code))}"
        package, _, part = name.partition(".")
        if folder is None and package in provided:
            # The endpoint lends another `tencentcloud`, which comes before that of the interpreter.
            requirement = f"{provided[package]}-{part} {own_folder}" if part else provided[package]
            text = (
                f"{function.name} imports {name}, which the platform has for {runtime} and {interpreter.path} lacks. "
                f"Install it with: {_install(interpreter, requirement)}"
            )
        elif folder is not None and folder.endswith(_SITE_FOLDERS) and package not in provided:
            text = (
                f"{function.name} imports {name} from {folder}. The platform does not have it. Before you deploy, "
                f"install it into the function's folder: {_install(interpreter, _distribution(name, folder))} "
                f"{own_folder}"
            )
        if text and text not in self._told:
            self._told.add(text)
            self._notify(text)


def imported(entry: Path, folder: Path) -> set[str]:
    """The top-level names of the modules that a file imports, and that the modules beside it import.

    Without modules from elsewhere whose import may fail: the file imports them in a `try`.
    """
    found: set[str] = set()
    waiting, seen = [entry], {entry}
    while waiting and len(seen) < MOST_FILES:
        for name, is_optional in _imported_by(waiting.pop()):
            own = {path for path in (folder / f"{name}.py", folder / name / "__init__.py") if path.is_file()}
            waiting += own - seen
            if own or not is_optional:
                found.add(name)
            seen |= own
    return found


def _imported_by(file: Path) -> Iterator[tuple[str, bool]]:
    """The top-level names that a file imports, and whether the import may fail."""
    try:
        text = file.read_bytes()
        tree = ast.parse(text)
    except OSError:
        return
    # It is for Python 2, or has errors; or another thread parses too, for which some releases of Python have a fault:
    # https://github.com/python/cpython/issues/106905
    except (SyntaxError, ValueError, RecursionError, SystemError):
        yield from ((name.decode(), False) for name in _IMPORT.findall(text))
        return
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, is_optional = waiting.pop()
        yield from ((name, is_optional) for name in _names(node))
        tried = node.body if isinstance(node, ast.Try) and node.handlers else []
        waiting += ((child, is_optional or child in tried) for child in ast.iter_child_nodes(node))


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (_top_level(alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield _top_level(node.module)


def _top_level(name: str) -> str:
    """The part of a module's name by which its package is known. `tencentcloud` is in many packages."""
    top, *parts = name.split(".")
    return ".".join([top, *parts[:1]]) if top == "tencentcloud" else top


def _distribution(name: str, folder: str) -> str:
    """The name of the package that brought a module into a folder."""
    for metadata in Path(folder).glob("*.dist-info"):
        try:
            record = (metadata / "RECORD").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if f"\n{name.replace('.', '/')}/" in f"\n{record}" or f"\n{name}.py," in f"\n{record}":
            return metadata.name.partition("-")[0]
    return name


def _install(interpreter: Interpreter, requirement: str) -> str:
    return f"{shlex.quote(interpreter.path)} -m pip install {requirement}"


def _key(function: Function, interpreter: Interpreter) -> tuple[Path, str, str]:
    return function.code, function.handler, interpreter.path


def _saved_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
