"""Reads the configuration file of a folder, in whichever form it is."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tencentserverless.local.functions.forms import component, components_v1, multi_scf, plugin, template, yaml_file
from tencentserverless.local.functions.forms.function_inputs import read_function
from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile
from tencentserverless.local.functions.forms.surroundings import Surroundings
from tencentserverless.local.functions.forms.yaml_file import YamlError
from tencentserverless.local.functions.reading import Reading, Refusal

_WEB = """
    http flask django express koa egg nestjs nextjs nuxtjs laravel thinkphp php gin fastapi
    tencent-http tencent-flask tencent-django tencent-express tencent-koa
""".split()
_READERS: dict[str, Callable[[ManifestFile], Iterator[Declared]]] = {
    "component: scf": component.functions,
    "component: multi-scf": multi_scf.functions,
    "components": components_v1.functions,
    "plugin": plugin.functions,
    "template.yaml": template.functions,
}


def read(text: str, path: Path, shell: Mapping[str, str], layers: Mapping[str, Path]) -> Reading:
    """Read the functions of a file. What is wrong with it is in the result.

    text: the content of the file.
    path: the path of the file, for messages and relative folders.
    shell: the environment variables for ``${env:NAME}``. Those of `.env` files come after them.
    layers: the folders of layers by name.
    """
    try:
        top = yaml_file.read(text)
    except YamlError as error:
        return Reading(refusals=[Refusal("", f"{path}:{error.line}: {error}")])
    file = ManifestFile(path, top, Surroundings(path.parent, shell), _form(top))
    reader = _READERS.get(file.form)
    if reader is None:
        _refuse(file)
        return file.reading
    for declared in reader(file):
        read_function(file, declared, layers)
    return file.reading


def _form(top: yaml_file.Mapping) -> str:
    """The name of the form of a file."""
    name = top.get("component")
    if isinstance(name, str):
        short = name.removeprefix("@serverless/").removeprefix("@tencent/").partition("@")[0]
        return f"component: {short.removeprefix('tencent-') if short.endswith('scf') else short}"
    if "component" in top.values:
        return "component"
    if "Resources" in top.values:
        return "template.yaml"
    if "provider" in top.values and {"functions", "service"} & set(top.values):
        return "plugin"
    return "components" if components_v1.components(top) else ""


def _refuse(file: ManifestFile) -> None:
    """Say why a file has no functions, unless it only has the app and the stage of a project."""
    top, name = file.top, file.form.partition(": ")[2]
    if name in _WEB:
        text = "a web application, which is a server; the local endpoint serves event functions only"
        file.refuse(top.line_of("component"), text)
    elif name:
        file.refuse(top.line_of("component"), "this component is not a function, so it is not served here")
    elif "component" in top.values or "inputs" in top.values:
        file.form = "serverless.yml"
        file.refuse(top.line_of("component"), "`component` must be the name of a component, such as `scf`")
    elif not {"app", "stage", "org"} & set(top.values) and top.get("type") != "template":
        file.form = file.path.name
        file.refuse(1, "not a form that the local endpoint reads: it has no `component`, `Resources` or `provider`")
