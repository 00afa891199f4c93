"""Which form a file has, and what is told about files of no form."""

import pytest

ROOT = "app: shop\n"
TEMPLATE = "name: x\ntype: template\nsrc: {src: ./src}\n"


@pytest.mark.parametrize("name", ["scf", "scf@0.9.7", "'@serverless/tencent-scf'", "tencent-scf@latest"])
def test_names_of_the_component(project, name):
    """The component of functions has several names, with a version or without."""
    reading = project({"serverless.yml": f"component: {name}\nname: fn\ninputs: {{}}\n"})
    assert [function.name for function in reading.functions] == ["fn"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("component: django\nname: x\ninputs: {}\n", "component: django: a web application"),
        ("component: http\nname: x\ninputs: {faas: {}}\n", "component: http: a web application"),
        ("component: layer\nname: x\n", "component: layer: this component is not a function"),
        ("name: x\ninputs: {src: .}\n", "serverless.yml: `component` must be the name"),
        ("a: b\n", "not a form that the local endpoint reads"),
    ],
)
def test_other_files_are_refused_by_name(project, text, why):
    """A file that declares no function is refused with its line and the name of its form."""
    reading = project({"serverless.yml": text})
    assert not reading.functions
    assert why in reading.refusals[0].reason


@pytest.mark.parametrize("text", [ROOT, TEMPLATE])
def test_files_of_a_project(project, text):
    """A file that only has the app of a project, or its template, declares nothing and is not a mistake."""
    assert project({"serverless.yml": text}).messages == []


def test_functions_of_another_kind(project):
    """A function in another language, of type web or of an image is told by that alone."""
    text = "component: scf\nname: fn\ninputs: {type: web, handler: scf_bootstrap, runtime: Nodejs18.15, timeout: 0}\n"
    reading = project({"serverless.yml": text})
    assert [line.rpartition("component: scf: ")[2][:10] for line in reading.messages] == ["`type` 'we", "`runtime` "]


def test_all_mistakes_at_once(project):
    """Everything that is wrong with a function is told at once."""
    text = "component: scf\nname: fn\ninputs: {region: mars, timeout: 0, memorySize: 100, handler: x}\n"
    (refusal,) = project({"serverless.yml": text}).refusals
    assert refusal.name == "fn"
    assert [line.rpartition("component: scf: ")[2][:10] for line in refusal.reason.splitlines()] == [
        "'mars' is ",
        "`handler` ",
        "`memorySiz",
        "`timeout` ",
    ]
