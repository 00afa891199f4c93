"""Rules for a function: its configuration, and what it needs."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tencentserverless._cli.language import text
from tencentserverless._cli.project.rules import source
from tencentserverless._cli.project.rules.finding import Finding
from tencentserverless.local.environment.platform_packages import LENT, PACKAGES
from tencentserverless.local.environment.requirements import FILE_NAME
from tencentserverless.local.functions.python_modules import folder_with
from tencentserverless.local.model.function import Function

CHAIN_SECONDS = 3  # the default timeout; a cold start of the next function alone may take as long
_WITH_SDK = ("Python3.6",)  # old releases of the SDK and of this package
_REQUIRED = re.compile(r"^[ \t]*([A-Za-z0-9][\w.-]*)", re.M)


def check(function: Function, codes: Mapping[str, str], runtime: str) -> Iterator[Finding]:
    """The findings about one function. codes: the text of its own files, by their paths."""
    if function.timeout <= CHAIN_SECONDS and any(map(source.invokes, codes.values())):
        names = {"name": function.name, "timeout": function.timeout}
        reason = text("{name} invokes functions and has {timeout} s for it", **names)
        fix = text("Set `timeout` in serverless.yml: its own time and that of what it waits for, cold starts included.")
        yield Finding("D11", *_place(function.origin), reason, fix)
    yield from _missing_modules(function, codes, runtime)


def _missing_modules(function: Function, codes: Mapping[str, str], runtime: str) -> Iterator[Finding]:
    required = _required(function.code / FILE_NAME)
    known = {*sys.stdlib_module_names, *PACKAGES.get(runtime, ())}
    for file, code in codes.items():
        lines: dict[str, int] = {}
        for name, line in source.imports(code).items():
            lines.setdefault(name.partition(".")[0], line)
        for name, line in lines.items():
            if name in known or folder_with(name, function.folders) is not None:
                continue
            known.add(name)
            yield from _missing(name, file, line, runtime, required)


def _missing(name: str, file: str, line: int, runtime: str, required: set[str]) -> Iterator[Finding]:
    if name in LENT:
        is_required = any(each.startswith(("tencentserverless", "tencentcloud-sdk-python")) for each in required)
        if runtime not in _WITH_SDK and not is_required:
            fix = text("Name it in requirements.txt, and use `tencentserverless pack`.")
            names = {"name": f"`{name}`", "runtime": runtime}
            reason = text("{name} is not in the package, and {runtime} does not have it", **names)
            yield Finding("D12", file, line, reason, fix)
    elif not required:  # what a requirement brings is known to pip alone
        fix = text("Name its package in requirements.txt, and use `tencentserverless pack`.")
        reason = text("{name} is neither in the package nor of the platform", name=f"`{name}`")
        yield Finding("D13", file, line, reason, fix)


def _required(file: Path) -> set[str]:
    """The names of the packages in a requirements.txt, empty if there is none."""
    try:
        content = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return set()
    return {name.lower().replace("_", "-") for name in _REQUIRED.findall(content)}


def _place(origin: str) -> tuple[str, int]:
    """The file and the line of a function's declaration."""
    file, _, line = origin.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (origin, 0)
