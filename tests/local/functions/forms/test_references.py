"""References in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.functions.forms.references import References

KNOWN = References({"stage": "dev", "app": "shop", "self:a.b": "c"}, {"X": "1", "L": "${env:L}", "EMPTY": ""}.get)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("a${stage}-${ env:X }", ("adev-1", ())),
        ("${env.X}${env:EMPTY}", ("1", ())),
        ("${env:L}", ("${env:L}", ())),
        ("${output:${stage}:${app}:db.url}!", ("!", ("output:dev:shop:db.url",))),
        ("${opt:stage, 'x'}", ("dev", ())),
        ("${env:NO, 'q,r'}", ("q,r", ())),
        ("${opt:no, self:a.no, self:a.b}", ("c", ())),
        ("${env:NO, ${stage}}", ("dev", ())),
        ("${opt:no, env:NO}", ("", ("opt:no, env:NO",))),
        ("${file(./x)}${}", ("", ("file(./x)", ""))),
        ("$ {a} $x }${", ("$ {a} $x }${", ())),
    ],
)
def test_expanded(text, expanded):
    """Each form of a reference has its value, or is named as missing; values are not expanded again."""
    assert KNOWN.expand(text) == expanded


@given(st.text(alphabet="${}abenv:,'X ", max_size=60))
def test_any_text(text):
    """Any text is expanded, and one without references stays as it is."""
    found = KNOWN.expand(text)
    assert "${" in text or found == (text, ())


def test_deep_nesting():
    """References that are nested without sense are left alone."""
    text = "${" * 2000 + "}" * 2000
    assert KNOWN.expand(text).missing
