"""The form `component: scf`: one function in a file. https://cloud.tencent.com/document/product/1154/39271"""

from collections.abc import Iterator

from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile
from tencentserverless.local.functions.forms.yaml_file import Mapping

DEFAULT_NAME = "${name}-${stage}-${app}"
_KEYS = frozenset(("component", "name", "app", "stage", "org", "inputs", "version"))


def functions(file: ManifestFile) -> Iterator[Declared]:
    """The function of the file."""
    report_unknown(file)
    if not isinstance(file.top.values.get("inputs"), Mapping):
        file.refuse(file.top.line_of("inputs"), "`inputs` must be an object with keys")
        return
    inputs = file.top.inner("inputs")
    has_name = inputs.get("name") is not None
    name = DEFAULT_NAME if not has_name and file.own_or_inherited("app") else "${name}"
    yield Declared("", name, inputs, file.references(), "Nodejs10.15")


def report_unknown(file: ManifestFile) -> None:
    """Give a notice of each key at the top of the file that has no meaning. Names with `x-` are the author's own."""
    for name in file.top.values:
        if name not in _KEYS and not name.startswith(("x-", ".")):
            file.notice(file.top.line_of(name), f"`{name}` is unknown and has no effect")
