"""Writes docs/reference.md, all public names with their arguments and docstrings, and the table in docs/errors.md."""

import importlib
import inspect
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
MODULES = tuple(f"tencentserverless.{name}" for name in ("scf", "aio", "exception", "otel", "local"))
RETURNED = {  # classes whose objects the clients create
    "tencentserverless.scf": ("tencentserverless._functions.blocking", ("Function", "Map", "Sent")),
    "tencentserverless.aio": ("tencentserverless._functions.asyncio", ("AsyncFunction", "AsyncMap", "AsyncSent")),
}
IN_PARTS = ("BaseFunction", "InTests")  # base classes that users do not see
HEAD = "# Reference\n\nEvery public name, from the source; `make docs` writes this page.\n"
WIDTH = 100


def page() -> str:
    return "\n".join([HEAD, *(part for name in MODULES for part in module_text(importlib.import_module(name)))])


def module_text(module) -> list[str]:
    parts = [f"## {module.__name__}\n", block(inspect.getdoc(module))]
    for name in sorted(getattr(module, "__all__", None) or named(module)):
        parts += name_text(module, name, getattr(module, name))
    home, names = RETURNED.get(module.__name__, ("", ()))
    for name in names:
        value = getattr(importlib.import_module(home), name)
        parts += [f"### {name}\n", block(inspect.getdoc(value)), *methods(name, value)]
    return parts


def named(module) -> list[str]:
    """The public classes and functions of a module without `__all__`."""
    found = vars(module).items()
    return [name for name, value in found if name[0] != "_" and (inspect.isclass(value) or inspect.isfunction(value))]


def name_text(module, name: str, value) -> list[str]:
    """The entry of one name. If the name belongs to another public module, the entry only refers to it."""
    title = f"### {name}\n"
    home = f"{value.__module__}.{value.__name__}"
    if not home.startswith("tencentserverless"):
        return [title, f"The official SDK's own class, `{home}`.\n"]
    if value.__name__ != name:
        return [title, f"Another spelling of `{value.__name__}`.\n"]
    if value.__module__ in MODULES and value.__module__ != module.__name__:
        return [title, f"From `{value.__module__}`.\n"]
    bases = [base.__name__ for base in value.__bases__ if base is not object] if inspect.isclass(value) else []
    is_public = bases and not bases[0].startswith(("Base", *IN_PARTS))
    parts = [title, block(called(name, value), is_public and "Bases: " + ", ".join(bases), inspect.getdoc(value))]
    return [*parts, *methods(name, value)]


def methods(name: str, value) -> list[str]:
    parts = []
    for member, method in sorted(members(value).items()) if inspect.isclass(value) else ():
        if not member.startswith("_") and inspect.getdoc(method) and (callable(method) or isinstance(method, property)):
            head = member if isinstance(method, property) else called(f"{name}.{member}", method)
            parts += [f"#### {name}.{member}\n", block(head, inspect.getdoc(method))]
    return parts


def members(value: type) -> dict[str, object]:
    """The attributes of a class, with those of a base class that users do not see."""
    bases = [base for base in reversed(value.__mro__) if base is value or base.__name__ in IN_PARTS]
    return {name: member for base in bases for name, member in vars(base).items()}


def called(name: str, value) -> str:
    """The signature: names and defaults, without `self` and types."""
    if inspect.isclass(value) and not inspect.isfunction(value.__init__):
        return name  # created by the package, not by its users
    found = inspect.signature(value)
    plain = [each.replace(annotation=each.empty) for each in found.parameters.values() if each.name != "self"]
    line = f"{name}{found.replace(parameters=plain, return_annotation=found.empty)}"
    return line if len(line) <= WIDTH else line.replace("(", "(\n    ", 1).replace(", ", ",\n    ")[:-1] + ",\n)"


def block(*texts) -> str:
    """Texts as a code block, so that lists and pictures in docstrings keep their lines."""
    return "```text\n{}\n```\n".format("\n\n".join(text for text in texts if text))


def errors_page() -> str:
    """Return docs/errors.md with the client's table of retries."""
    from tencentserverless._protocol.retry import ROWS

    before, head, rest = (DOCS / "errors.md").read_text(encoding="utf-8").partition("|---|---|---|---|\n")
    table = "".join(f"| {row.what} | {row.error} | {row.executed} | {row.again} |\n" for row in ROWS)
    return before + head + table + rest[rest.index("\n\n") + 1 :]


if __name__ == "__main__":
    (DOCS / "reference.md").write_text(page(), encoding="utf-8")
    (DOCS / "errors.md").write_text(errors_page(), encoding="utf-8")
