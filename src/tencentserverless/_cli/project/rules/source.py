"""Rules for the code of a function. Pure: they read its text, and never run it.

Each finding is certain enough to be worth a look: what a rule cannot see, such as a computed path, it passes over.
"""

import ast
from collections.abc import Iterable, Iterator

from tencentserverless._cli.project.rules.finding import Finding

_WRITABLE = ("/tmp", "/dev/")  # noqa: S108  a folder of the platform
_WRITES = frozenset(("write_text", "write_bytes", "mkdir", "touch"))
_MAKES_FOLDERS = frozenset(("os.mkdir", "os.makedirs"))
_NOT_JSON_CALLS = {
    "set": "a set",
    "frozenset": "a set",
    "bytes": "bytes",
    "datetime.now": "a datetime",
    "datetime.utcnow": "a datetime",
    "datetime.datetime.now": "a datetime",
    "datetime.datetime.utcnow": "a datetime",
    "date.today": "a date",
    "datetime.date.today": "a date",
    "Decimal": "a Decimal",
}
_CLIENTS = frozenset(("Client", "AsyncClient", "ScfClient"))
_INVOKERS = ("tencentserverless", "tencentcloud.scf")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check(text: str, file: str, handler: str, version: tuple[int, int]) -> list[Finding]:
    """The findings in one file. handler: the name of its handler, "" if it has none. version: of the runtime."""
    if version < (3, 0):
        return []  # another grammar
    try:
        tree = ast.parse(text, feature_version=version)
    except SyntaxError as error:
        reason = f"this is not Python {version[0]}.{version[1]}: {error.msg}"
        return [Finding("D01", file, error.lineno or 0, reason, "Correct it, or choose a newer runtime.")]
    except ValueError as error:
        return [Finding("D01", file, 0, f"this is not Python: {error}", "Save it as UTF-8 text.")]
    found = [*_outside_tmp(tree, file)]
    for function in tree.body:
        if isinstance(function, _Function) and function.name == handler:
            found += [*_arguments(function, file), *_context(function, file), *_results(function, file)]
            found += _clients(function, file)
    return sorted(found, key=lambda each: each.line)


def invokes(text: str) -> bool:
    """Whether this code imports something that invokes functions."""
    return any(name == each or name.startswith(f"{each}.") for name in imports(text) for each in _INVOKERS)


def imports(text: str) -> dict[str, int]:
    """The modules that this code needs, and the first line of each. Imports in `try` are left out: they may fail."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, int] = {}
    for node in _without_try(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.setdefault(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.setdefault(node.module, node.lineno)
    return found


def _without_try(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, ast.Try):
            yield from _without_try(node)


def _arguments(function: _Function, file: str) -> Iterator[Finding]:
    declared = function.args
    least = len(declared.posonlyargs + declared.args) - len(declared.defaults)
    most = len(declared.posonlyargs + declared.args) if declared.vararg is None else 2
    if least > 2 or most < 2:
        fix = f"Write `def {function.name}(event, context):`."
        yield Finding("D02", file, function.lineno, "the platform calls the handler with two arguments", fix)
    if isinstance(function, ast.AsyncFunctionDef):
        fix = "Write an ordinary function that calls `asyncio.run`."
        yield Finding("D03", file, function.lineno, "the platform does not await a handler", fix)


def _context(function: _Function, file: str) -> Iterator[Finding]:
    names = [each.arg for each in function.args.posonlyargs + function.args.args]
    context = names[1] if len(names) > 1 else ""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and _name(node.value) == context and not hasattr(dict, node.attr):
            fix = f'Write `{context}["{node.attr}"]`.'
            yield Finding("D04", file, node.lineno, f"`{context}` is a dict, without `.{node.attr}`", fix)


def _results(function: _Function, file: str) -> Iterator[Finding]:
    for node in _own(function.body):
        if isinstance(node, ast.Return) and node.value is not None and (kind := _not_json(node.value)):
            fix = "Return texts, numbers, lists and dicts: for example str(…), list(…) or base64 text."
            yield Finding("D05", file, node.lineno, f"the result has {kind}, which cannot be written as JSON", fix)


def _clients(function: _Function, file: str) -> Iterator[Finding]:
    for node in _own(function.body):
        if isinstance(node, ast.Call) and _name(node.func).rpartition(".")[2] in _CLIENTS:
            fix = "Make the client once, outside the handler: then its connection is kept between events."
            yield Finding("D06", file, node.lineno, "a client is made for each event", fix)


def _outside_tmp(tree: ast.AST, file: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        path = _written(node) if isinstance(node, ast.Call) else None
        if path is not None and not path.startswith(_WRITABLE):
            fix = "Write below /tmp."
            yield Finding("D07", file, getattr(node, "lineno", 0), f"`{path}` cannot be written in the cloud", fix)


def _written(call: ast.Call) -> str | None:
    """The path that a call writes, if it is written out in the code."""
    name = _name(call.func)
    if name in ("open", "io.open"):
        return _text(call.args[:1]) if any(letter in _mode(call) for letter in "wax+") else None
    if name in _MAKES_FOLDERS:
        return _text(call.args[:1])
    holder = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in _WRITES else None
    if isinstance(holder, ast.Call) and _name(holder.func) in ("Path", "pathlib.Path"):
        return _text(holder.args[:1])
    return None


def _mode(call: ast.Call) -> str:
    named = [each.value for each in call.keywords if each.arg == "mode"]
    return _text([*call.args[1:2], *named][:1]) or ""


def _text(nodes: Iterable[ast.expr]) -> str | None:
    node = next(iter(nodes), None)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _not_json(node: ast.expr) -> str:
    """What in this expression cannot be JSON, "" if nothing is seen."""
    if isinstance(node, (ast.Set, ast.SetComp)):
        return "a set"
    if isinstance(node, ast.GeneratorExp):
        return "a generator"
    if isinstance(node, ast.Constant) and isinstance(node.value, (bytes, complex)):
        return "bytes" if isinstance(node.value, bytes) else "a complex number"
    if isinstance(node, ast.Call):
        return "bytes" if _is_encode(node) else _NOT_JSON_CALLS.get(_name(node.func), "")
    inner = node.values if isinstance(node, ast.Dict) else node.elts if isinstance(node, (ast.List, ast.Tuple)) else ()
    return next((kind for each in inner if (kind := _not_json(each))), "")


def _is_encode(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "encode" and not call.args


def _own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions and classes inside it."""
    for node in body:
        yield node
        if not isinstance(node, (*_Function.__args__, ast.ClassDef, ast.Lambda)):
            yield from _own(ast.iter_child_nodes(node))


def _name(node: ast.expr) -> str:
    """The dotted name of an expression, "" if it is something else."""
    if isinstance(node, ast.Attribute):
        holder = _name(node.value)
        return f"{holder}.{node.attr}" if holder else ""
    return node.id if isinstance(node, ast.Name) else ""
