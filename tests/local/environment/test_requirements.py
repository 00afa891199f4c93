"""What a function asks for and its interpreter lacks."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.environment.requirements import command, installed_in, missing
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ("absent", "absent"),
        ("absent>=2,<3  # why", "absent<3,>=2"),
        ("absent[extra]==1 --hash=sha256:00", "absent[extra]==1"),
        ("absent \\\n  >=1", "absent>=1"),
        ("Some.Thing", None),
        ("some_thing>=1.5", None),
        ("some-thing>=2", "some-thing>=2"),
        ("odd>=2", None),
        ('absent; python_version < "3"', None),
        ('absent; python_version >= "3"', 'absent; python_version >= "3"'),
        ('absent; platform_machine ~= "x86_64"', None),
        ('absent; "docs" in extras', None),
        ('absent; "a" == "b"', None),
        ("tencentserverless", None),
        ("-r other.txt", None),
        ("--find-links wheels", None),
        ("./packages/thing.whl", None),
        ("# absent", None),
        ("", None),
    ],
)
def test_what_a_line_asks_for(line, lacks):
    """Names, versions and markers count, for the function's version of Python; comments, options and paths do not."""
    installed = {"some-thing": "1.6b1", "odd": "no version"}
    assert missing(line, installed, (3, 9)) == ([lacks] if lacks else [])


@given(st.text())
def test_any_text_is_read(text):
    """No content of a file makes the look at it fail."""
    assert isinstance(missing(text, {}, (3, 6)), list)


def test_what_is_installed(tmp_path):
    """Wheels and eggs tell their names and versions, and the first folder wins, as for an import."""
    for name in ("first/Some_Thing-1.0.dist-info", "second/some.thing-2.0.dist-info", "second/egg-3.0-py3.9.egg-info"):
        (tmp_path / name).mkdir(parents=True)
    folders = [str(tmp_path / "first"), str(tmp_path / "second"), str(tmp_path / "absent.zip")]
    assert installed_in(folders) == {"some-thing": "1.0", "egg": "3.0"}


def test_the_command_is_one_for_a_shell(tmp_path):
    """A folder with a space in its name stays one word, and packages go beside the file."""
    words = shlex.split(command(CURRENT_INTERPRETER, tmp_path / "a b" / "requirements.txt"))
    assert words[1:4] == ["-m", "pip", "install"]
    assert words[-1] == str(tmp_path / "a b")
