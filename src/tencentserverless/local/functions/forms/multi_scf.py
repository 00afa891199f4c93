"""The form `component: multi-scf`: several functions in a file, which share settings.

https://github.com/serverless-components/tencent-multi-scf
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tencentserverless.local.functions.forms import packed
from tencentserverless.local.functions.forms.component import DEFAULT_NAME, report_unknown
from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile, settings_over
from tencentserverless.local.functions.forms.yaml_file import Mapping
from tencentserverless.local.model.function import Packing

_OWN = ("functions", "name", "triggers")


def functions(file: ManifestFile) -> Iterator[Declared]:
    """The functions of the file. Each has its own settings over those that all share."""
    report_unknown(file)
    inputs = file.top.inner("inputs")
    declared, references = inputs.inner("functions"), file.references()
    if not declared.values:
        file.refuse(inputs.line_of("functions"), "`functions` must be an object with a key for each function")
    shared = inputs._replace(values={name: value for name, value in inputs.values.items() if name not in _OWN})
    for part, own in declared.values.items():
        settings = own if isinstance(own, Mapping) else Mapping({}, {}, declared.line_of(part))
        below = _below_shared_source(file, settings, shared)
        both = settings_over(below, shared)
        pack = None if below is settings else partial(_packing, shared.inner("src"), file.path.parent)
        yield Declared(part, f"{DEFAULT_NAME}-{part}", both, references, "Nodejs12.16", pack)


def _below_shared_source(file: ManifestFile, own: Mapping, shared: Mapping) -> Mapping:
    """The settings of a function. Its `src` is relative to the shared one, if there is such a folder."""
    outer, inner = _folder(shared.get("src")), _folder(own.get("src"))
    if not (outer and inner and (file.path.parent / outer / inner).is_dir()):
        return own
    return own._replace(values={**own.values, "src": f"{outer}/{inner}"})


def _packing(source: Mapping, folder: Path, _: Path) -> Packing | None:
    """What is left out of a folder in the shared one. Its patterns are relative to the shared one."""
    packing = packed.of_source(source, folder / _folder(source))
    return packing and packing._replace(included=())


def _folder(source: object) -> str:
    """The folder of a `src`: a text, or an object with `src`."""
    source = source.get("src") if isinstance(source, Mapping) else source
    return source if isinstance(source, str) else ""
