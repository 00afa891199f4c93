"""A configuration file that is being read, and what is found in it."""

from collections.abc import Mapping as Map
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.functions.forms.references import References
from tencentserverless.local.functions.forms.surroundings import Surroundings
from tencentserverless.local.functions.forms.yaml_file import Mapping
from tencentserverless.local.functions.reading import Reading, Refusal

DEFAULT_STAGE = "dev"
Layers = Map[str, Path]  # the folders of layers by name


class Declared(NamedTuple):
    """One function as its file declares it, with the names of settings that the component `scf` has.

    part: its key, if the file declares several. name: its name if `inputs` has none, with references.
    """

    part: str
    name: str
    inputs: Mapping
    references: References


class ManifestFile:
    """A configuration file. `form` is how messages call its form. `top` is its content."""

    def __init__(self, path: Path, top: Mapping, surroundings: Surroundings, form: str) -> None:
        self.path = path
        self.top = top
        self.form = form
        self.surroundings = surroundings
        self.reading = Reading(files=surroundings.files)

    def notice(self, line: int, text: str) -> None:
        self.reading.notices.append(f"{self.path}:{line}: {text}")

    def mistake(self, line: int, text: str) -> str:
        """The line that tells of a mistake."""
        return f"{self.path}:{line}: {self.form}: {text}"

    def refuse(self, line: int, text: str, name: str = "") -> None:
        self.reading.refusals.append(Refusal(name, self.mistake(line, text)))

    def references(self, stage: object = None) -> References:
        """The references of the file. Its `stage`, `app` and `name` may have references themselves.

        stage: of the form, if it is not at the top of the file.
        """
        own = self.top.values
        known: dict[str, str] = {}
        for name in ("org", "stage", "app", "name"):
            value = _text(own.get(name)) or (_text(stage) if name == "stage" else "") or self._inherited(name)
            if value:
                expanded = References(known, self.surroundings.variable).expand(value)
                if not expanded.missing:
                    known[name] = expanded.text
            if name == "stage":
                known.setdefault("stage", DEFAULT_STAGE)
                self.surroundings.stage = known["stage"]
        return References(known, self.surroundings.variable)

    def default_name(self, *parts: str) -> str:
        """The name of a function that has none: NAME-STAGE-APP. Without an app it is the file's own name."""
        return "-".join(["${name}", *(["${stage}", "${app}"] if self._has("app") else []), *parts])

    def _has(self, name: str) -> bool:
        return bool(_text(self.top.values.get(name)) or self._inherited(name))

    def _inherited(self, name: str) -> str:
        return self.surroundings.project.get(name, "") if name != "name" else ""


def _text(value: object) -> str:
    """A text, or a number as text. "" for anything else."""
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def settings_over(own: Mapping, shared: Mapping) -> Mapping:
    """The settings of a function over the shared ones. Environment variables are joined."""
    own, shared = _with_listed_variables(own), _with_listed_variables(shared)
    both = own.over(shared)
    values = dict(both.values)
    if own.get("environment") and isinstance(shared.get("environment"), Mapping):
        variables = own.inner("environment").inner("variables").over(shared.inner("environment").inner("variables"))
        environment = Mapping({"variables": variables}, {}, own.line_of("environment"))
        values["environment"] = environment
    if isinstance(own.get("environments"), list) and isinstance(shared.get("environments"), list):
        values["environments"] = [*shared.get("environments"), *own.get("environments")]
    return both._replace(values=values)


def _with_listed_variables(settings: Mapping) -> Mapping:
    """The settings, with a list of variables under `environments`. It may also be under `environment`."""
    is_list = isinstance(settings.get("environment"), list)
    return settings.renamed({"environment": "environments"}) if is_list else settings
