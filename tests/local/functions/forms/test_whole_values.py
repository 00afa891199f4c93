"""References that stand for whole objects."""

from tencentserverless.local.functions.forms.references import References
from tencentserverless.local.functions.forms.whole_values import WholeValues
from tencentserverless.local.functions.forms.yaml_file import read

OTHER = read("dev: {A: 1}\nlist: [x, '${self:custom.one}']\n")


def replaced(text, key="value"):
    top = read(text)
    references = References({"stage": "dev"}, lambda _: None)
    return WholeValues(top, references, {"env.yml": OTHER}.get).replaced(top.get(key))


def test_objects_of_this_file_and_of_others():
    """A reference is replaced by the object, list or number at its path, in which references are replaced too."""
    text = "custom: {one: 1, inner: {B: '${self:custom.one}'}}\nvalue: '%s'\n"
    assert replaced(text % "${self:custom.one}") == 1
    assert replaced(text % "${self:custom.inner}").values == {"B": 1}
    assert replaced(text % "${file(env.yml):${stage}}").values == {"A": 1}
    assert replaced(text % "${file(env.yml):list}") == ["x", 1]
    assert replaced(text % "${file(env.yml)}").inner("dev").values == {"A": 1}


def test_references_that_stay():
    """What has no value, contains itself, or is part of a longer text is left for a message."""
    for text in ("${self:custom.none}", "${file(no.yml):a}", "${file(env.yml):dev.A.B}", "a ${self:x}", "${env:A}"):
        assert replaced(f"value: '{text}'\n") == text
    assert replaced("value: '${self:value}'\n") == "${self:value}"
    assert replaced("a: ['${self:value}']\nvalue: ['${self:a}']\n") == [[["${self:a}"]]]
