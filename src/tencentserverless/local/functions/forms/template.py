"""The `template.yaml` of the SCF CLI: namespaces with functions in `Resources`.

https://github.com/tencentyun/scfcli
"""

from collections.abc import Iterator

from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile
from tencentserverless.local.functions.forms.yaml_file import Mapping
from tencentserverless.local.model.function import DEFAULT_NAMESPACE

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
_VARIABLES = {"Variables": "variables"}


def functions(file: ManifestFile) -> Iterator[Declared]:
    """The functions of the file. `Globals` has defaults for all of them."""
    defaults = file.top.inner("Globals").inner("Function")
    references = file.references()
    file.names = {name: own for own, name in {**_NAMES, **_VARIABLES}.items()}
    for namespace, resource in file.top.inner("Resources").values.items():
        for place, name, function in _functions(namespace, resource):
            settings = function.inner("Properties").over(defaults)
            yield Declared(f"{namespace}/{name}", name, _inputs(settings, place), references)


def _functions(name: str, resource: object) -> Iterator[tuple[str, str, Mapping]]:
    """The namespace, the name and the object of each function. A function may be without a namespace."""
    if not isinstance(resource, Mapping):
        return
    if resource.get("Type") == _FUNCTION:
        yield DEFAULT_NAMESPACE, name, resource
    for inner, value in resource.values.items():
        if isinstance(value, Mapping) and value.get("Type") == _FUNCTION:
            yield name, inner, value


def _inputs(settings: Mapping, namespace: str) -> Mapping:
    inputs = settings.renamed(_NAMES)
    environment = inputs.inner("environment").renamed(_VARIABLES)
    values = {"namespace": namespace, **inputs.values}
    if isinstance(inputs.get("src"), Mapping):
        values["src"] = inputs.inner("src").renamed({"Bucket": "bucket", "Key": "object"})
    if "environment" in inputs.values:
        values["environment"] = environment
    return inputs._replace(values=values)
