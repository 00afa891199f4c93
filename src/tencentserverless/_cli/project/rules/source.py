"""Rules for the code of a function. Pure: they read its text, and never run it.

Each finding is certain enough to be worth a look: what a rule cannot see, such as a computed path, it passes over.
"""

import ast
from collections.abc import Iterable, Iterator

from tencentserverless._cli.language import text
from tencentserverless._cli.project.rules.finding import Finding

_WRITABLE = ("/tmp", "/dev/")  # noqa: S108  a folder of the platform
_WRITES = frozenset(("write_text", "write_bytes", "mkdir", "touch"))
_MAKES_FOLDERS = frozenset(("os.mkdir", "os.makedirs"))
_NOT_JSON_CALLS = {
    "set": "set",
    "frozenset": "set",
    "bytes": "bytes",
    "datetime.now": "datetime",
    "datetime.utcnow": "datetime",
    "datetime.datetime.now": "datetime",
    "datetime.datetime.utcnow": "datetime",
    "date.today": "date",
    "datetime.date.today": "date",
    "Decimal": "Decimal",
}
_CLIENTS = frozenset(("Client", "AsyncClient", "ScfClient"))
_INVOKERS = ("tencentserverless", "tencentcloud.scf")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check(code: str, file: str, handler: str, version: tuple[int, int]) -> list[Finding]:
    """The findings in one file. handler: the name of its handler, "" if it has none. version: of the runtime."""
    if version < (3, 0):
        return []  # another grammar
    try:
        tree = ast.parse(code, feature_version=version)
    except SyntaxError as error:
        reason = text("this is not Python {version}", version=f"{version[0]}.{version[1]}")
        fix = text("Correct it, or choose a newer runtime.")
        return [Finding("D01", file, error.lineno or 0, f"{reason} [{error.msg}]", fix)]
    except ValueError as error:
        return [Finding("D01", file, 0, f"{text('this is not Python')} [{error}]", text("Save it as UTF-8 text."))]
    found = [*_outside_tmp(tree, file)]
    for function in tree.body:
        if isinstance(function, _Function) and function.name == handler:
            found += [*_arguments(function, file), *_context(function, file), *_results(function, file)]
            found += _clients(function, file)
    return sorted(found, key=lambda each: each.line)


def invokes(code: str) -> bool:
    """Whether this code imports something that invokes functions."""
    return any(name == each or name.startswith(f"{each}.") for name in imports(code) for each in _INVOKERS)


def imports(code: str) -> dict[str, int]:
    """The modules that this code needs, and the first line of each. Imports in `try` are left out: they may fail."""
    try:
        tree = ast.parse(code)
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
        fix = text("Write {code}.", code=f"`def {function.name}(event, context):`")
        reason = text("the platform calls the handler with two arguments")
        yield Finding("D02", file, function.lineno, reason, fix)
    if isinstance(function, ast.AsyncFunctionDef):
        fix = text("Write an ordinary function that calls `asyncio.run`.")
        yield Finding("D03", file, function.lineno, text("the platform does not await a handler"), fix)


def _context(function: _Function, file: str) -> Iterator[Finding]:
    names = [each.arg for each in function.args.posonlyargs + function.args.args]
    context = names[1] if len(names) > 1 else ""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and _name(node.value) == context and not hasattr(dict, node.attr):
            fix = text("Write {code}.", code=f'`{context}["{node.attr}"]`')
            reason = text("{name} is a dict, without {attribute}", name=f"`{context}`", attribute=f"`.{node.attr}`")
            yield Finding("D04", file, node.lineno, reason, fix)


def _results(function: _Function, file: str) -> Iterator[Finding]:
    for node in _own(function.body):
        if isinstance(node, ast.Return) and node.value is not None and (kind := _not_json(node.value)):
            fix = text("Return texts, numbers, lists and dicts: for example str(…), list(…) or base64 text.")
            reason = text("the result has a value of type {kind}, which cannot be written as JSON", kind=f"`{kind}`")
            yield Finding("D05", file, node.lineno, reason, fix)


def _clients(function: _Function, file: str) -> Iterator[Finding]:
    for node in _own(function.body):
        if isinstance(node, ast.Call) and _name(node.func).rpartition(".")[2] in _CLIENTS:
            fix = text("Make the client once, outside the handler: then its connection is kept between events.")
            yield Finding("D06", file, node.lineno, text("a client is made for each event"), fix)


def _outside_tmp(tree: ast.AST, file: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        path = _written(node) if isinstance(node, ast.Call) else None
        if path is not None and not path.startswith(_WRITABLE):
            reason = text("{path} cannot be written in the cloud", path=f"`{path}`")
            yield Finding("D07", file, getattr(node, "lineno", 0), reason, text("Write below /tmp."))


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
        return "set"
    if isinstance(node, ast.GeneratorExp):
        return "generator"
    if isinstance(node, ast.Constant) and isinstance(node.value, (bytes, complex)):
        return "bytes" if isinstance(node.value, bytes) else "complex"
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
