"""The first form of the components: a key for each component, those of functions with `@serverless/tencent-scf`.

https://github.com/serverless-components/tencent-scf/tree/v1
"""

from collections.abc import Iterator
from functools import partial

from tencentserverless.local.functions.forms import packed
from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile
from tencentserverless.local.functions.forms.yaml_file import Mapping

_NAMES = {"codeUri": "src"}
_GLOBALS = ("global", "serverless-global")  # components that only hold values for the others
_SCF = ("scf", "tencent-scf", "tencent-cloudfunction", "tencent-multi-scf")


def components(top: Mapping) -> dict[str, Mapping]:
    """The components of a file, by key."""
    objects = {name: value for name, value in top.values.items() if isinstance(value, Mapping)}
    return {name: value for name, value in objects.items() if isinstance(value.get("component"), str)}


def functions(file: ManifestFile) -> Iterator[Declared]:
    """The functions of the file. Other components are passed over, with a notice."""
    references = file.references().with_own_values(_inputs_by_name(file.top))
    for name, each in components(file.top).items():
        component = str(each.get("component")).rpartition("/")[2]
        if component.partition("@")[0] in _SCF:
            inputs = each.inner("inputs").renamed(_NAMES)
            pack = partial(packed.of_components_v1, inputs, file.path.parent)
            yield Declared(name, name, inputs, references, "Nodejs8.9", pack)
        elif component not in _GLOBALS:
            file.notice(each.line_of("component"), f"`{name}` is a component `{component}`, which is not served here")


def _inputs_by_name(top: Mapping) -> dict[str, str]:
    """The inputs of all components, which others refer to: ``${Conf.region}``."""
    return {
        f"{name}.{path}": text
        for name, component in components(top).items()
        for path, text in component.inner("inputs").texts()
    }
