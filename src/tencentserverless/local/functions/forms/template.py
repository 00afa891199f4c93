"""The `template.yaml` of the SCF CLI: namespaces with functions in `Resources`.

https://github.com/tencentyun/scfcli
"""

from collections.abc import Iterator

from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile
from tencentserverless.local.functions.forms.yaml_file import Mapping

_FUNCTION = "TencentCloud::Serverless::Function"
_NAMES = {
    "CodeUri": "src",
    "Description": "description",
    "Environment": "environment",
    "Events": "events",
    "Handler": "handler",
    "InitTimeout": "initTimeout",
    "Layers": "layers",
    "MemorySize": "memorySize",
    "Namespace": "namespace",
    "Region": "region",
    "Role": "role",
    "Runtime": "runtime",
    "Timeout": "timeout",
    "Type": "type",
    "VpcConfig": "vpcConfig",
}


def functions(file: ManifestFile) -> Iterator[Declared]:
    """The functions of the file. `Globals` has defaults for all of them."""
    defaults = file.top.inner("Globals").inner("Function")
    references = file.references()
    for namespace, resource in file.top.inner("Resources").values.items():
        if not isinstance(resource, Mapping):
            continue
        for name, function in resource.values.items():
            if isinstance(function, Mapping) and function.get("Type") == _FUNCTION:
                settings = function.inner("Properties").over(defaults)
                yield Declared(f"{namespace}/{name}", name, _inputs(settings, namespace), references)


def _inputs(settings: Mapping, namespace: str) -> Mapping:
    inputs = settings.renamed(_NAMES)
    environment = inputs.inner("environment").renamed({"Variables": "variables"})
    values = {"namespace": namespace, **inputs.values}
    if "environment" in inputs.values:
        values["environment"] = environment
    return inputs._replace(values=values)
