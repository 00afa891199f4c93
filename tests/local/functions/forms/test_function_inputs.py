"""The settings of a function, whatever the form of the file."""

import pytest

from tencentserverless.local.functions import packing


def read(project, inputs, top="", **variables):
    return project({"serverless.yml": f"component: scf\nname: fn\n{top}inputs:\n  src: .\n{inputs}"}, **variables)


def test_a_name_that_is_not_given(project):
    """Without a name the function is NAME-STAGE-APP; without an app it has the name of the file."""
    assert [each.name for each in read(project, "", "app: shop\nstage: prod\n").functions] == ["fn-prod-shop"]
    assert [each.name for each in read(project, "", "").functions] == ["fn"]


def test_numbers_and_empty_keys(project):
    """Numbers may be in quotes or references, and an empty key has its default."""
    (function,) = read(project, "  memorySize: '256'\n  timeout: ${env:T, '7'}\n  region:\n  namespace: ''\n").functions
    assert (function.memory_mb, function.timeout, function.region) == (256, 7, "ap-guangzhou")
    assert function.namespace == "default"


@pytest.mark.parametrize(("flag", "seconds"), [("true", 86_400), ("false", 900)])
def test_the_time_of_asynchronous_functions(project, flag, seconds):
    """With `asyncRunEnable` a function may run for a day."""
    assert read(project, f"  asyncRunEnable: {flag}\n  timeout: {seconds}\n").functions[0].timeout == seconds
    assert (
        f"1 to {seconds} seconds" in read(project, f"  asyncRunEnable: {flag}\n  timeout: 86401\n").refusals[0].reason
    )


def test_code_that_is_not_here(project):
    """Code in a bucket is refused; a bucket through which a folder is deployed is not."""
    text = "component: scf\nname: fn\ninputs: {src: %s}\n"
    assert "in the bucket" in project({"serverless.yml": text % "{bucket: b, object: c.zip}"}).refusals[0].reason
    assert project({"serverless.yml": text % "{src: ., bucket: b, exclude: [x]}"}).messages == []


def test_values_that_are_not_known_here(project):
    """A variable without a value is left out, another setting has its default, and both are told."""
    inputs = "  region: ${env:NO}\n  environment:\n    variables: {A: '${output:${stage}:x.y}', B: b}\n"
    reading = read(project, inputs)
    assert (reading.functions[0].region, reading.functions[0].variables) == ("ap-guangzhou", {"B": "b"})
    assert [notice.partition("serverless.yml:")[2] for notice in reading.notices] == [
        "5: `region` has its default value: ${env:NO} has no value in the shell or in a .env file",
        "7: A is not set: ${output:dev:x.y} is an output of another component, which is not known here",
    ]


def test_files_that_are_left_out_or_added(project):
    """The object `src` says which files are left out and added; at another place that is told to have no effect."""
    source = "{src: ./app, exclude: [.env], include: [../shared, {source: ./lib, prefix: ../}, ../no.txt]}"
    text = f"component: scf\nname: fn\ninputs: {{runtime: Python3.9, src: {source}, include: [x], exclude: y}}\n"
    files = {"app/index.py": "", "app/.env": "", "app/lib/a/b.py": "", "shared/c.py": "", "serverless.yml": text}
    reading = project(files)
    (function,) = reading.functions
    assert sorted(packing.files(function.code, function.packing)) == [
        *("a/b.py", "a/index.py", "index.py", "lib/a/b.py", "lib/a/index.py", "shared/c.py", "shared/index.py"),
    ]
    assert [notice.partition("serverless.yml:3: ")[2].partition(" there is no /")[0] for notice in reading.notices] == [
        "`include` has no effect, because it is not below `src`",
        "`exclude` has no effect, because it is not below `src`",
        "`include`:",
    ]


def test_code_that_a_command_makes(project):
    """With `hook` and `dist` the code is in `dist`, and a notice says to run the command."""
    text = "component: scf\nname: fn\ninputs: {runtime: Python3.9, src: {src: ., hook: make it, dist: ./built}}\n"
    reading = project({"serverless.yml": text, "built/index.py": ""})
    assert reading.functions[0].code.name == "built"
    assert reading.notices[0].endswith("`hook` is not run. Run it when its input has changed: make it")


def test_variables_in_a_list(project):
    """Variables may be a list of objects with `key` and `value` in every form."""
    reading = read(project, "  environment: [{key: A, value: 0}, {key: B, value: '${env:C}'}, {key: D}]\n", C="c")
    assert reading.functions[0].variables == {"A": "0", "B": "c", "D": ""}
    assert "objects with `key` and `value`" in read(project, "  environment: [{A: hi}]\n").refusals[0].reason


def test_variables_in_the_wrong_place(project):
    """Variables that are not below `variables` are told."""
    assert "`A` has no effect" in read(project, "  environment: {A: b}\n").notices[0]


def test_variables_that_the_deploy_tool_rewrites(project):
    """A number without quotes has the value of the deploy tool, and a notice tells if that is another text."""
    text = "  environment: {variables: {A: 1.0, B: '1.0', C: 5, D: 110101199003071234}}\n"
    reading = read(project, text)
    assert reading.functions[0].variables == {"A": "1", "B": "1.0", "C": "5", "D": "110101199003071230"}
    assert [notice.partition(": ")[2] for notice in reading.notices] == [
        f"{name} is {value}: {written} without quotes is a number or a date, which the deploy tool rewrites. "
        "Put it in quotes to keep it"
        for name, value, written in (("A", "1", "1.0"), ("D", "110101199003071230", "110101199003071234"))
    ]
    assert read(project, "  memorySize: 256.0\n").functions[0].memory_mb == 256


@pytest.mark.parametrize(
    ("runtime", "told"),
    [
        ("Python36", "`runtime` 'Python36': write it as one of Python2.7, Python3.6, Python3.7, Python3.9, Python3.10"),
        ("go1", "`runtime` 'Go1': the local endpoint runs only Python"),
        ("Python3.8", "the platform does not have Python3.8. It has Python2.7, Python3.6, Python3.7, Python3.9,"),
        ("python3.9", None),
    ],
)
def test_runtimes(project, runtime, told):
    """A runtime in a wrong spelling is refused with the right ones; one that the platform lacks is a notice."""
    messages = read(project, f"  runtime: {runtime}\n").messages
    assert len(messages) == (told is not None)
    assert told is None or told in messages[0]


def test_code_that_is_a_file(project):
    """A zip in the place of the folder is refused with what to do; a folder may be written as on Windows."""
    text = {"serverless.yml": "component: scf\nname: fn\ninputs: {src: ./code.zip}\n", "code.zip": ""}
    assert "code.zip is a file. Unpack it, and name the folder" in project(text).refusals[0].reason
    windows = {"serverless.yml": "component: scf\nname: fn\ninputs: {src: '.\\\\code\\\\fn'}\n", "code/fn/a.txt": ""}
    assert project(windows).functions[0].code.parts[-2:] == ("code", "fn")
