"""`component: multi-scf`."""

from tencentserverless.local.functions import folders, packing

TEXT = """\
component: multi-scf@1.0
app: shop
name: many
inputs:
  src: {src: ./code, exclude: [.env]}
  timeout: 5
  environments:
    - {key: A, value: shared}
  environment: {variables: {B: shared, C: shared}}
  triggers:
    - {type: apigw}
  functions:
    first: {handler: index.first, environment: {variables: {C: own}}}
    second: {name: second, src: ./second, memorySize: 256, environments: [{key: A, value: own}]}
    third: {src: lib, environment: [{key: A, value: listed}]}
    fourth: {timeout: 901}
"""


def test_functions_share_settings(project):
    """Each key is a function NAME-STAGE-APP-KEY, with its settings over the shared ones; a wrong one stands alone."""
    reading = project({"serverless.yml": TEXT, "code/second/other": "", "lib/other": "", "code/other": ""})
    first, second, third = reading.functions
    assert [each.name for each in reading.functions] == ["many-dev-shop-first", "second", "many-dev-shop-third"]
    assert [(each.timeout, each.memory_mb, each.timeout) for each in (first, second)] == [(5, 128, 5), (5, 256, 5)]
    assert [each.variables for each in (first, second, third)] == [
        {"A": "shared", "B": "shared", "C": "own"},
        {"A": "own", "B": "shared", "C": "shared"},
        {"A": "listed", "B": "shared", "C": "shared"},
    ]
    assert [each.code.name for each in reading.functions] == ["code", "second", "lib"]
    assert reading.notices == [notice for notice in reading.notices if "index.first" in notice]
    (refused,) = reading.refusals
    assert refused.name == "many-dev-shop-fourth"
    assert "component: multi-scf: `timeout` cannot be '901'" in refused.reason


def test_no_functions(project):
    """A file without functions is refused."""
    reading = project({"serverless.yml": "component: multi-scf\nname: a\ninputs: {}\n"})
    assert "`functions` must be an object" in reading.refusals[0].reason


def test_files_that_are_left_out(project):
    """The patterns of the shared `src` are relative to it, also for functions in its subfolders."""
    text = "component: multi-scf\nname: many\ninputs:\n  runtime: Python3.9\n"
    text += "  src: {src: ./app, exclude: [.env, one/notes.md]}\n  functions: {one: {src: ./one}, all: {}}\n"
    files = {"app/.env": "", "app/one/notes.md": "", "app/one/.env": "", "app/x.py": ""}
    one, everything = project({"serverless.yml": text, **files}).functions
    assert set(packing.files(one.code, one.packing)) == {".env", "index.py"}
    assert set(packing.files(everything.code, everything.packing)) == {"index.py", "one/.env", "one/index.py", "x.py"}


def test_two_keys_with_one_name(project):
    """The message about two functions of one name in one file names their keys."""
    functions = "functions: {a: {name: same}, b: {name: same}}"
    first, second = project({"serverless.yml": f"component: multi-scf\nname: mm\ninputs: {{{functions}}}\n"}).functions
    assert folders.declared_twice(first, second).endswith(
        "/serverless.yml, by `a` and `b`. Only the first is served. Name one otherwise"
    )
