"""The form of the plugin serverless-tencent-scf: `service`, `provider` and `functions`.

https://github.com/serverless-tencent/serverless-tencent-scf
"""

from collections.abc import Iterator

from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile, settings_over
from tencentserverless.local.functions.forms.references import References
from tencentserverless.local.functions.forms.yaml_file import Mapping

_OF_PROVIDER = ("runtime", "region", "namespace", "memorySize", "timeout", "initTimeout", "environment", "layers")


def functions(file: ManifestFile) -> Iterator[Declared]:
    """The functions of the file. Each has its own settings over those of `provider`."""
    provider, declared = file.top.inner("provider"), file.top.inner("functions")
    if provider.get("name") != "tencent":
        file.refuse(file.top.line_of("provider"), f"the provider is {provider.get('name')!r}, not `tencent`")
        return
    service = file.top.get("service")
    service = service.get("name") if isinstance(service, Mapping) else service
    without_option = file.references().without("stage")  # ${opt:stage} is for the deploy command
    stage = _with_own_values(without_option, file.top).expand(str(provider.get("stage") or ""))
    references = _with_own_values(file.references(stage.text), file.top)
    shared = Mapping({name: provider.get(name) for name in _OF_PROVIDER}, provider.lines, provider.line)
    for part, own in declared.values.items():
        settings = own if isinstance(own, Mapping) else Mapping({}, {}, declared.line_of(part))
        yield Declared(part, f"{service}-${{stage}}-{part}", settings_over(settings, shared), references)


def _with_own_values(references: References, top: Mapping) -> References:
    """References that also know the texts of the file itself: ``${self:custom.bucket}``."""
    texts = dict(_texts(top, "self:"))
    for _ in range(2):  # a text may refer to another one
        known = {name: references.expand(text) for name, text in texts.items()}
        references = references.with_values({name: each.text for name, each in known.items() if not each.missing})
    return references


def _texts(mapping: Mapping, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in mapping.values.items():
        if isinstance(value, Mapping):
            yield from _texts(value, f"{prefix}{name}.")
        elif isinstance(value, (str, int, float)):
            yield f"{prefix}{name}", str(value)
