"""What a configuration file takes from outside: the variables of `.env` files, and the app and stage of its project."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path

from tencentserverless.local.functions.encodings import decoded
from tencentserverless.local.functions.file_marks import Marks, marks_of
from tencentserverless.local.functions.forms import dotenv, yaml_file

MANIFEST_NAMES = ("serverless.yml", "serverless.yaml", "serverless.json")
LEVELS = 3  # the folder of the file, and two above it
_MOST_BYTES = 1 << 20
MOST_NEIGHBOURS = 100


class Surroundings:
    """The surroundings of the files in a folder. They are read when they are needed.

    shell: variables that win over those of `.env` files.
    `files` contains the files that were looked for, with their marks at that time.

    Variables of `.env` files only expand ``${env:NAME}``, as in the deploy tool. They often hold the keys with which a
    project is deployed, so functions do not get them.
    """

    def __init__(self, folder: Path, shell: Mapping[str, str]) -> None:
        self._folders = list(_upwards(folder))
        self._shell = shell
        self.stage: Callable[[], str] = str  # returns the stage
        self._stages: dict[str, dict[str, str]] = {}
        self.files: dict[str, Marks] = {}

    def variable(self, name: str) -> str | None:
        """The value of an environment variable: of the shell, of `.env.STAGE` or of `.env`. None if it has none."""
        if name in self._shell:
            return self._shell[name]
        stage = self.stage()
        of_stage = self._of_stage(stage) if stage else {}
        return of_stage[name] if name in of_stage else self._dotenv.get(name)

    @cached_property
    def project(self) -> Mapping[str, str]:
        """The texts at the top of the nearest file above that has an app or a stage, and not a component."""
        for folder in self._folders[1:]:
            for name in MANIFEST_NAMES:
                try:
                    top = yaml_file.read(self.text(folder / name)).values
                except yaml_file.YamlError:
                    continue
                if "component" not in top and ("app" in top or "stage" in top):
                    return {key: value for key, value in top.items() if isinstance(value, str)}
        return {}

    @cached_property
    def layers(self) -> Mapping[str, Path]:
        """The folders of the layers that components of the project make, by the names of these components."""
        places = (path for folder in self._folders[:2] for path in folder.glob("*/serverless.y*ml"))
        found: dict[str, Path] = {}
        for path in islice(places, MOST_NEIGHBOURS):
            marks = marks_of(str(path))
            with suppress(yaml_file.YamlError):
                if layer := _layer(yaml_file.read(_content(path)), path.parent):
                    self.files[str(path)] = marks
                    found.update(layer)
        return found

    def _of_stage(self, stage: str) -> dict[str, str]:
        if stage not in self._stages:
            self._stages[stage] = self._variables(f".env.{stage}")
        return self._stages[stage]

    @cached_property
    def _dotenv(self) -> dict[str, str]:
        return self._variables(".env")

    def _variables(self, file_name: str) -> dict[str, str]:
        """The variables of the files of this name. A nearer file wins."""
        found: dict[str, str] = {}
        for folder in self._folders:
            found = {**dotenv.read(self.text(folder / file_name)), **found}
        return found

    def text(self, path: Path) -> str:
        """The content of a file, "" if it cannot be read."""
        self.files[str(path)] = marks_of(str(path))
        return _content(path)


def _content(path: Path) -> str:
    """The content of a file, "" if it cannot be read."""
    try:
        with path.open("rb") as file:
            return decoded(file.read(_MOST_BYTES)).text
    except (OSError, ValueError):
        return ""


def _layer(top: yaml_file.Mapping, folder: Path) -> dict[str, Path]:
    """The folder of the layer that this file declares, if it is one of `component: layer`."""
    if str(top.get("component")).partition("@")[0] != "layer":
        return {}
    source = top.inner("inputs").get("src")
    source = source.get("src") if isinstance(source, yaml_file.Mapping) else source
    place = folder / source if isinstance(source, str) else folder
    return {str(top.get("name")): Path(os.path.abspath(place))} if place.is_dir() else {}


def _upwards(folder: Path) -> Iterator[Path]:
    """The folder and those above it, up to the root of the repository. The home folder and those above are left out."""
    home = Path(os.path.expanduser("~"))  # "~" itself if the user does not have a home folder
    for each in [folder, *folder.parents][:LEVELS]:
        if each != folder and each in (home, *home.parents):
            return
        yield each
        if (each / ".git").exists():
            return
