"""The first form of the components: a key for each component, those of functions with `@serverless/tencent-scf`.

https://github.com/serverless-components/tencent-scf/tree/v1
"""

from collections.abc import Iterator

from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile
from tencentserverless.local.functions.forms.yaml_file import Mapping

_NAMES = {"codeUri": "src"}
_SCF = ("scf", "tencent-scf", "tencent-multi-scf")


def components(top: Mapping) -> dict[str, Mapping]:
    """The components of a file, by key."""
    objects = {name: value for name, value in top.values.items() if isinstance(value, Mapping)}
    return {name: value for name, value in objects.items() if isinstance(value.get("component"), str)}


def functions(file: ManifestFile) -> Iterator[Declared]:
    """The functions of the file. Other components are passed over, with a notice."""
    references = file.references()
    for name, each in components(file.top).items():
        component = str(each.get("component")).partition("@serverless/")[2] or str(each.get("component"))
        if component.partition("@")[0] in _SCF:
            yield Declared(name, name, each.inner("inputs").renamed(_NAMES), references)
        else:
            file.notice(each.line_of("component"), f"`{name}` is a component `{component}`, which is not served here")
