"""Rules for the files of a function: their sizes, and the systems that their compiled parts are for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tencentserverless._cli.language import text
from tencentserverless._cli.project.rules.finding import Finding

MB = 1024 * 1024
UNZIPPED_LIMIT_MB = 500
HEAD_BYTES = 20
_TAG = re.compile(r"\.(?:cpython-|cp)(\d)(\d+)[a-z]*-([\w-]+)\.(?:so|pyd)$")
_X86_64 = 62  # the machine in the head of an ELF file


def check(files: Mapping[str, Path], folder: str, version: tuple[int, int]) -> Iterator[Finding]:
    """The findings in the files of a package. files: paths by their names in it. Raises OSError."""
    size_mb = sum(path.stat().st_size for path in files.values()) / MB
    if size_mb > UNZIPPED_LIMIT_MB:
        sizes = {"size": f"{size_mb:.0f}", "limit": UNZIPPED_LIMIT_MB}
        reason = text("{size} MB of files: the platform allows {limit} MB together with layers", **sizes)
        fix = text("Put big files into COS, or leave out what the function does not use.")
        yield Finding("D21", folder, 0, reason, fix)
    yield from compiled(((name, _head(path)) for name, path in files.items() if _is_compiled(name)), version)


def compiled(files: Iterable[tuple[str, bytes]], version: tuple[int, int]) -> Iterator[Finding]:
    """The findings in compiled files, by their names and first bytes. Pure."""
    for name, head in files:
        tag = _TAG.search(name)
        wrong = _wrong_system(name, head)
        if not wrong and tag and (int(tag[1]), int(tag[2])) != version:
            wrong = f"Python {tag[1]}.{tag[2]}"
        if wrong:
            runs = text("Linux x86-64 with Python {version}", version=f"{version[0]}.{version[1]}")
            reason = text("this file is for {wrong}, the function runs on {runs}", wrong=wrong, runs=runs)
            fix = text("Remove the package and let `tencentserverless pack` get it.")
            yield Finding("D22", name, 0, reason, fix)


def _wrong_system(name: str, head: bytes) -> str:
    if name.endswith((".pyd", ".dll")) or head[:2] == b"MZ":
        return "Windows"
    if name.endswith(".dylib") or head[:4] in (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"):
        return "macOS"
    if head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") != _X86_64:
        return text("another processor")
    return ""


def _is_compiled(name: str) -> bool:
    return name.endswith((".pyd", ".dll", ".dylib", ".so")) or ".so." in name


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
