"""The form `component: multi-scf`: several functions in a file, which share settings.

https://github.com/serverless-components/tencent-multi-scf
"""

from collections.abc import Iterator

from tencentserverless.local.functions.forms.component import report_unknown
from tencentserverless.local.functions.forms.manifest_file import Declared, ManifestFile, settings_over
from tencentserverless.local.functions.forms.yaml_file import Mapping

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
        yield Declared(part, file.default_name(part), settings_over(settings, shared), references)
