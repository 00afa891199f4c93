"""The form of the plugin serverless-tencent-scf: `service`, `provider` and `functions`.

https://github.com/serverless-tencent/serverless-tencent-scf
"""

from collections.abc import Iterator
from functools import partial

from tencentserverless.local.functions.forms import packed
from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile, settings_over
from tencentserverless.local.functions.forms.references import References
from tencentserverless.local.functions.forms.whole_values import WholeValues
from tencentserverless.local.functions.forms.yaml_file import Mapping

_OF_PROVIDER = ("runtime", "region", "namespace", "memorySize", "timeout", "initTimeout", "environment", "layers")


def functions(file: ManifestFile) -> Iterator[Declared]:
    """The functions of the file. Each has its own settings over those of `provider`."""
    provider = file.top.inner("provider")
    if provider.get("name") != "tencent":
        file.refuse(file.top.line_of("provider"), f"the provider is {provider.get('name')!r}, not `tencent`")
        return
    service = file.top.get("service")
    service = service.get("name") if isinstance(service, Mapping) else service
    own = {f"self:{path}": text for path, text in file.top.texts()}
    without_stage = References({}, file.surroundings.variable)  # ${opt:stage} is for the deploy command
    stage = without_stage.with_own_values(own).expand(str(provider.get("stage") or ""))
    references = file.references(stage.text).with_own_values(own)
    top = WholeValues(file.top, references, file.other).replaced(_without_custom(file.top))
    provider, declared = top.inner("provider"), _joined(top, "functions")
    if not declared.values:
        file.refuse(top.line_of("functions"), "`functions` must be an object with a key for each function")
    shared = Mapping({name: provider.get(name) for name in _OF_PROVIDER}, provider.lines, provider.line)
    for part, own in declared.values.items():
        settings = own if isinstance(own, Mapping) else Mapping({}, {}, declared.line_of(part))
        own_name, packages = f"{service}-${{stage}}-{part}", (top.inner("package"), settings.inner("package"))
        yield Declared(
            part,
            own_name,
            settings_over(settings, shared),
            references,
            packing=partial(packed.of_plugin, *packages),
        )


def _without_custom(top: Mapping) -> Mapping:
    """The content of a file without the values that are only there for references."""
    return top._replace(values={name: value for name, value in top.values.items() if name != "custom"})


def _joined(top: Mapping, name: str) -> Mapping:
    """The object of a key, which may be a list of objects: their keys count together."""
    value = top.get(name)
    joined = Mapping({}, {}, top.line_of(name))
    for each in value if isinstance(value, list) else [top.inner(name)]:
        joined = each.over(joined) if isinstance(each, Mapping) else joined
    return joined
