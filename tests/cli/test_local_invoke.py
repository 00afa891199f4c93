"""``local invoke``: one function, once."""

import json

from click.testing import CliRunner

from tencentserverless._cli.commands import root


def run(*arguments):
    return CliRunner().invoke(root, ["local", "invoke", *arguments], input="")


def test_one_shot(functions):
    """The result is on standard output, the log on standard error, and the exit code 1 if the function fails."""
    done = run(f"{functions}/here", "-d", "1", "--log", "--json")
    assert (done.exit_code, json.loads(done.stdout)["value"]["event"]) == (0, 1), done.stderr
    assert "printed" in done.stderr
    done = run(f"{functions}/here:hello", "-d", '"raise"')
    assert (done.exit_code, done.stdout, "ValueError: no" in done.stderr) == (1, "", True)


def test_which_function(functions):
    """If FOLDER does not say which function is meant, the message has the names or the regions."""
    for place, words in (
        (functions, "give FOLDER:NAME"),
        (f"{functions}:hello", "several regions"),
        (f"{functions}:x", "It has: hello"),
    ):
        done = run(place)
        assert (done.exit_code, done.stdout, words in done.stderr) == (2, "", True)
