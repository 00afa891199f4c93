"""The tree of commands."""

import pytest
from click.testing import CliRunner

from tencentserverless._cli.commands import root


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], "invoke local settings"), (["local"], "env exec start stop"), (["local", "start"], "PATH --port --accept")],
)
def test_help_names_everything(arguments, words):
    """Each level's help names what is below it."""
    text = CliRunner().invoke(root, [*arguments, "--help"]).output
    assert all(word in text for word in words.split())


@pytest.mark.parametrize("arguments", [["nothing"], ["local", "nothing"], ["local", "start"], ["invoke"]])
def test_wrong_use_is_two(arguments):
    """An unknown verb or a missing argument is exit code 2."""
    assert CliRunner().invoke(root, arguments).exit_code == 2
