"""The README as a newcomer follows it: its commands, in an environment that has nothing but the wheel."""

import os
import re
import subprocess
import sys
from itertools import pairwise

from tests import environments
from tests.environments import ROOT, clean_environ, pins_for
from tests.house.test_docs import FENCE

MARK = "-- next --"
INSTALLED = "pip install pytest\n"
# It goes on in a terminal of its own, while the next steps are in another one.
TERMINAL = (
    "local start .\n",
    "local start . --port 0 >../ready.json 2>&- &\nuntil test -s ../ready.json; do sleep 0.05; done\n",
)


def test_the_readme_is_followed(tmp_path, tmp_path_factory):
    """The commands of the first steps, typed one after the other, print what README.md says: the first chain, the
    first tests, the first map, and the failure that is found later."""
    steps = list(steps_of("README.md", "Start"))
    script = "trap 'kill $! 2>&-' EXIT\n" + "".join(
        f"{command.replace(*TERMINAL)}\necho '{MARK}'\n" for command, _ in steps
    )
    path = f"{fresh(tmp_path_factory)}{os.pathsep}{os.environ['PATH']}"
    variables = clean_environ(PATH=path, HOME=str(tmp_path), XDG_RUNTIME_DIR=str(tmp_path), XDG_STATE_HOME="", CI="")
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False, timeout=100
    )
    printed = done.stdout.split(f"{MARK}\n")
    assert len(printed) == len(steps) + 1
    for (command, expected), found in zip(steps, printed, strict=False):
        assert expected is None or usual(found) == usual(expected), f"{command}\n{done.stderr}"


def test_getting_started_has_the_same_steps():
    """The commands of the README's first steps stand on the page about getting started, too, with the same output."""
    longer = list(steps_of("docs/getting-started.md", "In ten minutes"))
    for command, printed in steps_of("README.md", "Start"):
        assert (command, printed) in longer or (printed is None and command in [step for step, _ in longer])


def fresh(tmp_path_factory):
    """The folder of the programs of a new environment with the wheel, its extra, and pytest."""
    (wheel,) = environments.distributions(tmp_path_factory).glob("*.whl")
    home = tmp_path_factory.mktemp("fresh") / "venv"
    environments.uv("venv", "-q", "-p", sys.executable, str(home))
    pins = pins_for("{}.{}".format(*sys.version_info[:2]))
    packages = (f"tencentserverless[local] @ {wheel.as_uri()}", "pytest")
    environments.uv("pip", "install", "-q", "-p", str(home / "bin" / "python"), "-c", str(pins), *packages)
    return home / "bin"


def steps_of(page, heading):
    """The commands of a section, and what they print (None: it is not told)."""
    sections = re.split(r"^## ", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    (section,) = (each for each in sections if each.startswith(f"{heading}\n"))
    blocks = [*FENCE.findall(section), ("", "")]
    for (language, content), (kind, printed) in pairwise(blocks):
        if language == "shell":
            yield content.replace(INSTALLED, ""), printed if kind == "text" else None


def usual(printed):
    for pattern, replacement in (
        (r"in [\d.]+s", "in 0.61s"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", "2026-01-31 14:03:07.112"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "5f0c1a52-0d6e-4c3e-8b55-2f6f3a1f7c01"),
        (r"in [\d.]+ ms, cold start [\d.]+ ms, \d+ MB", "in 12 ms, cold start 65 ms, 12 MB"),
        (r'"/\S+/shop/', '"/home/me/shop/'),
        (r"^ +[\^~]+\n", ""),  # newer Pythons mark the place in a line
    ):
        printed = re.sub(pattern, replacement, printed, flags=re.MULTILINE)
    return printed
