"""`serverless.yml`: what is read, and the line of every mistake."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.functions.forms import manifest

HERE = Path(__file__).parents[2]
PATH = HERE / "serverless.yml"
WHOLE = """\
component: scf
name: hello
stage: test
inputs:
  name: ${name}-${stage}-${env:WHO}
  src: ./catalogue
  handler: index.main_handler
  runtime: Python3.6
  region: ap-chengdu
  namespace: testing
  memorySize: 256
  timeout: 10
  initTimeout: 30
  environment:
    variables:
      TEXT: a
      NUMBER: 5
      FLAG: true
      NOTHING:
"""


def read(text, variables=None):
    """The function of a text, and the notices."""
    reading = manifest.read(text, PATH, {"WHO": "me"} if variables is None else variables, {"told": HERE})
    assert not reading.refusals
    (function,) = reading.functions
    return function, reading.notices


def mistake(text):
    """The line and the text of the only mistake."""
    reading = manifest.read(text, PATH, {"WHO": "me"}, {"told": HERE})
    assert not reading.functions
    (refusal,) = reading.refusals
    place, _, why = refusal.reason.removeprefix(f"{PATH}:").partition(": ")
    assert "\n" not in why
    return int(place), why


def test_a_whole_file():
    """Every key that the endpoint knows is read, with references put in and values of variables as text."""
    function, notices = read(WHOLE)
    assert notices == []
    assert (function.name, function.region, function.namespace) == ("hello-test-me", "ap-chengdu", "testing")
    assert (function.runtime, function.memory_mb, function.timeout, function.init_timeout) == ("Python3.6", 256, 10, 30)
    assert function.code == HERE / "catalogue"
    assert function.variables == {"TEXT": "a", "NUMBER": "5", "FLAG": "true", "NOTHING": ""}
    assert function.origin == str(PATH)


def test_a_short_file():
    """The platform's defaults stand where nothing is said."""
    function, _ = read("component: scf\nname: hello\ninputs:\n  src: {src: ., exclude: [x]}\n")
    assert (function.region, function.namespace, function.handler) == ("ap-guangzhou", "default", "index.main_handler")
    assert (function.memory_mb, function.timeout, function.runtime) == (128, 3, None)
    assert function.code == HERE


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("component: scf", "component: flask", 1, "component: flask: a web application"),
        ("component: scf", "component: cos", 1, "component: cos: this component is not a function"),
        ("component: scf", "component: [scf]", 1, "`component` must be the name of a component"),
        ("  name: ${name}-${stage}-${env:WHO}", "  name: 1x", 5, "'1x' is not a valid function name"),
        ("${env:WHO}", "${env:NOBODY}", 5, "${env:NOBODY} has no value"),
        ("./catalogue", "./missing", 6, "there is no folder"),
        ("./catalogue", "[a]", 6, "`src` must be a folder"),
        ("index.main_handler", "main_handler", 7, "`handler`"),
        ("Python3.6", "Nodejs16.13", 8, "runs only Python"),
        ("Python3.6", "3.6", 8, "write it as one of Python2.7, Python3.6,"),
        ("Python3.6", "[3.6]", 8, "`runtime` must be text"),
        ("ap-chengdu", "mars", 9, "'mars' is not a region"),
        ("testing", "9", 10, "`namespace` cannot be '9'"),
        ("testing", "2024-02-30", 10, "`namespace` cannot be '2024-02-30'"),
        ("  namespace: testing", "  type: web", 10, "event functions only"),
        ("  namespace: testing", "  image: {imageUri: x}", 10, "does not run images"),
        ("256", "200", 11, "64, or 128 to 3072"),
        ("timeout: 10", "timeout: 901", 12, "1 to 900"),
        ("timeout: 10", "timeout: ten", 12, "1 to 900"),
        ("timeout: 10", "timeout: true", 12, "1 to 900"),
        ("initTimeout: 30", "initTimeout: 2", 13, "3 to 300"),
        ("TEXT: a", "SCF_X: a", 16, "are reserved"),
        ("TEXT: a", "1X: a", 16, "not a valid variable name"),
        ("TEXT: a", "TEXT: [a]", 16, "must be text"),
        ("TEXT: a", "TEXT: " + "a" * 5000, 15, "the limit is 4096"),
        ("NUMBER: 5", "TEXT: 5", 17, "is given twice, here and in line 16"),
        ("timeout: 10", "timeout: [", 13, ""),
    ],
    ids=lambda value: str(value)[:30],
)
def test_each_mistake_has_its_line(old, new, line, why):
    """A mistake is reported with the file, its line, and what would be right."""
    assert old in WHOLE
    found, text = mistake(WHOLE.replace(old, new, 1))
    assert why in text
    assert found == line or (not why and found >= 12)


@pytest.mark.parametrize("text", ["", "- a\n", "component: scf\n", "component: scf\ninputs: 5\n", "a: &x [*x]\n", "\0"])
def test_files_of_another_kind(text):
    """What is no manifest at all is an error with a line too."""
    assert mistake(text)[0] >= 1


def test_unknown_keys_are_notices():
    """A key that nobody knows is a notice with its line; a known one without effect here is none."""
    _, notices = read(WHOLE.replace("  timeout: 10", "  timeuot: 10\n  role: x"))
    assert notices == [f"{PATH}:12: `timeuot` is unknown and has no effect"]


LAYERS = """\
component: scf
name: hello
inputs:
  layers:
    - name: told
      version: 3
    - {name: "${env:WHO}", version: 1, src: ./catalogue}
    - name: ${output:${stage}:${app}:libraries.name}
      version: ${output:${stage}:${app}:libraries.version}
    - {name: told, version: 3, src: ./missing}
"""


def test_layers():
    """A layer's folder is the one of its name or of its component's, else its `src`; one without is a notice."""
    function, notices = read(LAYERS)
    assert function.layers == (("told", 3, HERE), ("me", 1, HERE / "catalogue"), ("told", 3, HERE))
    assert [notice.partition(" has ")[0] for notice in notices] == [f"{PATH}:8: layer `libraries`"]
    assert read("component: scf\nname: hello\ninputs:\n  layers:\n")[0].layers == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("name: told\n", "name:\n", 5, "`name` of a layer must be text"),
        ("    - name: told\n", "    - 5\n    - name: told\n", 4, "a layer must be an object"),
        ("./catalogue", "./missing", 7, "there is no folder"),
        ("./catalogue", "[a]", 7, "`src` of a layer"),
        ("  layers:\n", "  layers:\n" + "    - {name: told, version: 1}\n" * 2, 4, "6 layers exceed the limit of 5"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_each_mistake_in_layers_has_its_line(old, new, line, why):
    """A mistake in the list of layers is reported with its line."""
    assert old in LAYERS
    found, text = mistake(LAYERS.replace(old, new, 1))
    assert why in text
    assert found == line


@pytest.mark.parametrize("value", ["5", "{a: b}", "&x [*x]", "&x [{name: *x}]"])
def test_layers_of_another_kind(value):
    """What is no list of layers is an error with its line."""
    assert mistake(f"component: scf\nname: hello\ninputs:\n  layers: {value}\n")[0] == 4


def test_unknown_keys_of_layers_are_notices():
    """A key of a layer that nobody knows is a notice with its line."""
    _, notices = read(LAYERS.replace("      version: 3\n", "      verzion: 3\n"))
    assert notices[0] == f"{PATH}:6: `verzion` is unknown and has no effect"


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    """Whatever a file holds, it is a function or an error that names the file."""
    reading = manifest.read("component: scf\nname: hello\ninputs:\n  description: " + text, PATH, {}, {})
    assert len(reading.functions) + len(reading.refusals) == 1
    assert all(message.startswith(f"{PATH}:") for message in reading.messages)
