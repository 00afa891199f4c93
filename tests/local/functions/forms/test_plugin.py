"""`service`, `provider` and `functions`."""

from tencentserverless.local.functions import packing

TEXT = """\
service: shop
provider:
  name: tencent
  runtime: Python3.6
  stage: ${opt:stage, self:custom.stage}
  environment: {variables: {A: shared, B: "${self:custom.word}"}}
custom: {stage: test, word: hi}
plugins: [serverless-tencent-scf]
functions:
  greeter:
    handler: index.main_handler
    memorySize: 256
    environment: {variables: {A: own}}
    events: [{timer: {name: t}}]
"""


def test_functions_of_a_service(project):
    """A function is SERVICE-STAGE-KEY, with its settings over those of the provider."""
    reading = project({"serverless.yml": TEXT})
    (function,) = reading.functions
    assert (function.name, function.runtime, function.memory_mb) == ("shop-test-greeter", "Python3.6", 256)
    assert function.variables == {"A": "own", "B": "hi"}
    assert reading.messages == []


def test_no_functions(project):
    """A service without functions is refused."""
    reading = project({"serverless.yml": "service: shop\nprovider: {name: tencent}\n"})
    assert "`functions` must be an object" in reading.refusals[0].reason


def test_another_cloud(project):
    """A service of another cloud is refused by its name."""
    reading = project({"serverless.yml": TEXT.replace("name: tencent", "name: aws")})
    assert [refusal.reason.partition(": ")[2] for refusal in reading.refusals] == [
        "plugin: the provider is 'aws', not `tencent`"
    ]


def test_files_of_the_package(project):
    """`package` of the service and of the function leave files out; `include` and `!` keep some of them."""
    text = TEXT.replace("    handler:", "    package: {patterns: ['!*.md', 'keep.md']}\n    handler:")
    text += "package: {exclude: ['lib/**', '!lib/b.py'], include: [lib/c.py]}\n"
    files = dict.fromkeys(("lib/a.py", "lib/b.py", "lib/c.py", "x.md", "keep.md"), "")
    reading = project({"serverless.yml": text, **files})
    (function,) = reading.functions
    assert reading.messages == []
    assert set(packing.files(function.code, function.packing)) == {
        *("serverless.yml", "index.py", "keep.md", "lib/b.py", "lib/c.py"),
    }


def test_values_of_other_files(project):
    """Whole objects may be in `custom` or in other files, and `functions` may be a list; a change there counts."""
    text = (
        "service: shop\n"
        "provider: {name: tencent, timeout: '${self:custom.seconds.${opt:stage, \"dev\"}}', "
        "environment: {variables: '${file(env.yml):dev}'}}\n"
        "functions: ['${file(fns.json)}', {second: {handler: index.main_handler}}]\n"
        "custom: {seconds: {dev: 7}}\n"
    )
    files = {"env.yml": "dev: {A: '1'}\n", "fns.json": '{"first": {"handler": "index.main_handler", "timeout": 9}}'}
    reading = project({"serverless.yml": text, **files})
    assert reading.messages == []
    assert [(each.name, each.timeout) for each in reading.functions] == [("shop-dev-first", 9), ("shop-dev-second", 7)]
    assert [each.variables for each in reading.functions] == [{"A": "1"}] * 2
    assert {path.rpartition("/")[2] for path in reading.files} >= {"env.yml", "fns.json"}


def test_values_that_are_not_known(project):
    """Without the file the function is served without these variables, and a notice says so."""
    reading = project(
        {"serverless.yml": TEXT.replace('{A: shared, B: "${self:custom.word}"}', "'${file(env.js):dev}'")}
    )
    assert reading.functions[0].variables == {"A": "own"}
    reading = project({"serverless.yml": TEXT.replace("{variables: {A: own}}", "'${file(env.js)}'")})
    assert [notice.partition("yml")[2] for notice in reading.notices] == [
        ":13: `environment` has no effect: ${file(env.js)} has no value"
    ]
    assert len(reading.functions) == 1
