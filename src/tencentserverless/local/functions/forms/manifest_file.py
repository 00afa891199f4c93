"""A configuration file that is being read, and what is found in it."""

import os
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Map
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.functions.forms import yaml_file
from tencentserverless.local.functions.forms.references import References
from tencentserverless.local.functions.forms.surroundings import Surroundings
from tencentserverless.local.functions.forms.yaml_file import Mapping, YamlError
from tencentserverless.local.functions.reading import Reading, Refusal
from tencentserverless.local.model.function import Packing

DEFAULT_STAGE = "dev"
_TOP_VALUES = ("org", "stage", "app", "name")
Layers = Map[str, Path]  # the folders of layers by name


class Declared(NamedTuple):
    """One function as its file declares it, with the names of settings that the component `scf` has.

    part: its key, if the file declares several. name: its name if `inputs` has none, with references.
    packing: returns what is left out of its code and added, if the form has that elsewhere than in `src`.
    default_runtime: that of the deploy tool if `inputs` has none, "" if the form does not allow that.
    """

    part: str
    name: str
    inputs: Mapping
    references: References
    default_runtime: str = ""
    packing: Callable[[Path], Packing | None] | None = None


class ManifestFile:
    """A configuration file. `form` is how messages call its form. `top` is its content."""

    def __init__(self, path: Path, top: Mapping, surroundings: Surroundings, form: str) -> None:
        self.path = path
        self.top = top
        self.form = form
        self.surroundings = surroundings
        self.names: Map[str, str] = {}  # how the form calls a setting, by its name in the component `scf`
        self.reading = Reading(files=surroundings.files)

    def notice(self, line: int, text: str) -> None:
        self.reading.notices.append(f"{self.path}:{line}: {self._in_its_names(text)}")

    def mistake(self, line: int, text: str) -> str:
        """The line that tells of a mistake."""
        return f"{self.path}:{line}: {self.form}: {self._in_its_names(text)}"

    def _in_its_names(self, text: str) -> str:
        for name, own in self.names.items():
            text = text.replace(f"`{name}`", f"`{own}`")
        return text

    def refuse(self, line: int, text: str) -> None:
        """Add a refusal of the whole file."""
        self.reading.refusals.append(Refusal("", self.mistake(line, text)))

    def references(self, stage: object = None) -> References:
        """The references of the file. Its `stage`, `app` and `name` may have references themselves.

        stage: of the form, if it is not at the top of the file.
        """
        values = _TopValues(self, _text(stage))
        self.surroundings.stage = lambda: values.get("stage", "")
        return References(values, self.surroundings.variable)

    def other(self, path: str) -> Mapping | None:
        """The content of another file, None if it is not YAML or JSON. path: relative to the folder of this one."""
        try:
            return yaml_file.read(self.surroundings.text(Path(os.path.abspath(self.path.parent / path))))
        except YamlError:
            return None

    def own_or_inherited(self, name: str) -> str:
        """A text at the top of the file, or of its project's file. "" if there is none."""
        return _text(self.top.values.get(name)) or ("" if name == "name" else self.surroundings.project.get(name, ""))


class _TopValues(Map[str, str]):
    """The values of `org`, `stage`, `app` and `name`. They are read when they are needed: other files may have them."""

    def __init__(self, file: ManifestFile, stage: str) -> None:
        self._file = file
        self._stage = stage
        self._found: dict[str, str | None] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._found:
            self._found[name] = None  # while it is searched for: it may refer to itself
            self._found[name] = self._value(name)
        value = self._found[name]
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(_TOP_VALUES)

    def __len__(self) -> int:
        return len(_TOP_VALUES)

    def _value(self, name: str) -> str | None:
        if name not in _TOP_VALUES:
            return None
        text = (self._stage if name == "stage" else "") or self._file.own_or_inherited(name)
        expanded = References(self, self._file.surroundings.variable).expand(text)
        if text and not expanded.missing:
            return expanded.text
        if name == "stage":
            return DEFAULT_STAGE
        return self.get("name") if name == "app" else None  # as the deploy tool does


def _text(value: object) -> str:
    """A text, or a number as text. "" for anything else."""
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def settings_over(own: Mapping, shared: Mapping) -> Mapping:
    """The settings of a function over the shared ones. Environment variables are joined."""
    own, shared = with_listed_variables(own), with_listed_variables(shared)
    both = own.over(shared)
    values = dict(both.values)
    if isinstance(own.get("environment"), Mapping) and isinstance(shared.get("environment"), Mapping):
        variables = own.inner("environment").inner("variables").over(shared.inner("environment").inner("variables"))
        environment = Mapping({"variables": variables}, {}, own.line_of("environment"))
        values["environment"] = environment
    if isinstance(own.get("environments"), list) and isinstance(shared.get("environments"), list):
        values["environments"] = [*shared.get("environments"), *own.get("environments")]
    return both._replace(values=values)


def with_listed_variables(settings: Mapping) -> Mapping:
    """The settings, with a list of variables under `environments`. It may also be under `environment`."""
    is_list = isinstance(settings.get("environment"), list)
    return settings.renamed({"environment": "environments"}) if is_list else settings
