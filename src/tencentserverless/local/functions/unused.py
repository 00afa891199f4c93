"""Notices about what lies beside the code of a function and has no effect, although its author may expect one."""

import os
import re
import shlex
import sys
from collections.abc import Container
from pathlib import Path

from tencentserverless.local.model.function import Function

_LIKE_CONFIGURATION = re.compile(r"(?:serverless\.(?:ya?ml|json|[cm]?[jt]s)|cloudbaserc\.js(?:on)?)(?:\.txt)?", re.I)
_DECLARATION = re.compile(
    rb"""^component: *["']?(?:@serverless/)?(?:tencent-)?(?:multi-)?scf|TencentCloud::Serverless::""", re.M
)
_MOST_BYTES = 1 << 16
_ENVIRONMENTS = (".venv", "venv")


def configurations(folder: Path, names: Container[str]) -> list[str]:
    """Notices about files that declare a function, or look so, and are not read. names: of those that are read."""
    reads = "The local endpoint reads serverless.yml, serverless.yaml, serverless.json and template.yaml"
    unread = [name for name in sorted(os.listdir(folder)) if name not in names and _is_configuration(folder / name)]
    return [f"{folder / name}: not read. {reads}" for name in unread]


def environments(function: Function) -> list[str]:
    """A notice if the folder has a virtual environment that the endpoint does not run in."""
    found = [function.code / name for name in _ENVIRONMENTS if (function.code / name / "pyvenv.cfg").is_file()]
    packed = "as on the platform. Install packages into the function's folder itself: pip install PACKAGE -t"
    return [
        f"{function.name}: {place} is not used, {packed} {shlex.quote(str(function.code))}"
        for place in found
        if not os.path.samefile(place, sys.prefix)
    ]


def _is_configuration(path: Path) -> bool:
    if _LIKE_CONFIGURATION.fullmatch(path.name):
        return True
    if path.suffix not in (".yml", ".yaml") or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return _DECLARATION.search(file.read(_MOST_BYTES)) is not None
    except OSError:
        return False
