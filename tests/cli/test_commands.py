"""The tree of commands, and what all verbs have in common."""

import json
import re

import click
import pytest
from click.testing import CliRunner

from tencentserverless._cli import names, running
from tencentserverless._cli.commands import root
from tencentserverless._cli.verbs import VERBS
from tencentserverless.local import LocalSCF
from tests.environments import ROOT

CLI = ROOT / "src" / "tencentserverless" / "_cli"
SCHEMA = json.loads((CLI / "output.schema.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
TYPES["null"] = type(None)


def run(*arguments, **options):
    return CliRunner().invoke(root, list(arguments), **options)


def command_of(verb):
    command, context = root, click.Context(root)
    for name in verb.split():
        command = command.get_command(context, name)
    return command


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "invoke local map settings"),
        (["local"], "env exec start stop"),
        (["local", "start"], "PATH --port --accept"),
    ],
)
def test_help_names_everything(arguments, words):
    """Each level's help names what is below it."""
    text = run(*arguments, "--help").output
    assert all(word in text for word in words.split())


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["nothing"], "No such command nothing.\n"),
        (["invke"], "Did you mean invoke?"),
        (["local", "strat"], "Did you mean local start?"),
        (["start"], "Did you mean local start?"),
        (["local", "map"], "Did you mean map?"),
        (["invoke", "x", "--dta"], "Did you mean --data?"),
        (["local", "start"], "Missing the argument PATH..."),
        (["invoke", ""], "Invalid value for 'NAME': it is empty"),
        (["invoke"], "Missing the argument NAME"),
    ],
)
def test_wrong_use_is_two(arguments, hint):
    """Wrong use is exit code 2, with nothing on standard output, and the verb or option that was meant."""
    done = run(*arguments)
    assert (done.exit_code, done.stdout, hint in done.stderr) == (2, "", True), done.stderr


@pytest.mark.parametrize("arguments", [[], ["local"]])
def test_help_if_nothing_is_typed(arguments):
    """Without a verb the help is shown, on standard error, and the exit code is 2."""
    done = run(*arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", run(*arguments, "--help").stdout)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb(verb):
    """A verb in the table has a command with --json and a help of its own, and a schema of its output."""
    command = command_of(verb)
    assert any("--json" in option.opts for option in command.params)
    assert command.help
    assert verb in SCHEMA["$defs"]


@pytest.mark.parametrize(
    "arguments", ["map F e -o", "pack . -o", "local trace --svg", "logs --records", "local start . --records"]
)
def test_an_empty_name_of_a_file(arguments, capsys):
    """A file that is named by a variable of the shell that is not set is wrong use."""
    with pytest.raises(SystemExit) as ended:
        root.main([*arguments.split(), ""], prog_name="tencentserverless")
    assert ended.value.code == 2
    assert "it is empty" in capsys.readouterr().err


def test_completion(tmp_path, monkeypatch):
    """Completion knows the verbs without loading them, the options of one, and the functions that were used here."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    names.remember(["Work", "Other"])
    names.remember(["Work"])
    assert names.known() == ["Work", "Other"]
    for words, position, expected in (
        ("tencentserverless lo", 1, "plain,local"),
        ("t local s", 2, "plain,start"),
        ("t map --res", 2, "plain,--resume"),
        *((f"t {verb} Wo", 2, "plain,Work") for verb in ("invoke", "map", "show", "logs")),
        ("t status ID --function Wo", 4, "plain,Work"),
    ):
        variables = {"_TENCENTSERVERLESS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
        done = CliRunner().invoke(root, [], env=variables, prog_name="tencentserverless")
        assert expected in done.output.splitlines()


def test_standard_output_has_one_writer():
    """No module of the command line but `output` prints, and none asks questions."""
    printing = re.compile(
        r"click\.(echo|secho|prompt|confirm|style|progressbar)|\bprint\(|sys\.stdout\.write|\binput\("
    )
    files = [path for path in CLI.rglob("*.py") if path.name not in ("output.py", "templates.py")]
    assert not [
        f"{path.name}: {found}" for path in files if (found := printing.findall(path.read_text(encoding="utf-8")))
    ]


def test_output_parses_whatever_is_told(functions, tmp_path, monkeypatch):
    """With --json each line of standard output is JSON as the schema says, while each verb has notices to tell."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "e.jsonl").write_text('1\n"raise"\n')
    here = f"{functions}/here"
    (tmp_path / "functions" / "here" / "requirements.txt").write_text("# none\n")
    with LocalSCF(functions) as scf, running.announced(scf, [str(tmp_path)], lambda text: None):
        for verb, arguments, has_notice in (
            ("doctor", [here], False),
            ("event", ["timer"], False),
            ("init", ["new"], False),
            ("invoke", ["hello", "-d", "1", "--log"], True),
            ("invoke", ["hello", "-d", "1", "--type", "Event"], True),
            ("local env", [], False),
            ("local invoke", [here, "-d", "1", "--log"], True),
            ("map", ["hello", "e.jsonl"], True),
            ("map", ["hello", "e.jsonl", "-o", "r.jsonl"], True),
            ("pack", [here, "--runtime", "Python3.9", "-o", "x.zip"], True),
            ("settings", [], True),
            ("functions", [], True),
            ("show", ["hello"], True),
            ("logs", ["--failed"], False),
            ("local trace", [], False),
            ("status", ["ID"], True),
        ):
            arguments = [scf.records[0].request_id if each == "ID" else each for each in arguments]
            done = run(*verb.split(), *arguments, "--json", input="")
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            assert lines, (verb, done.stderr)
            assert done.stderr or not has_notice
            for line in lines:
                assert list(wrong(line, SCHEMA["$defs"][verb], verb)) == []


def wrong(value, schema, path):
    """Where a value is not as the schema says: the part of JSON Schema that ours uses."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "anyOf" in schema and all(list(wrong(value, each, path)) for each in schema["anyOf"]):
        yield f"{path}: none of the forms"
    if value not in schema.get("enum", [value]):
        yield f"{path}: {value}"
    names = schema.get("type", [])
    allowed = [names] if isinstance(names, str) else names
    if allowed and not any(isinstance(value, TYPES[name]) for name in allowed):
        yield f"{path}: not {names}"
        return
    for name in schema.get("required", []):
        if name not in value:
            yield f"{path}: {name} is missing"
    for name, part in schema.get("properties", {}).items():
        if name in value:
            yield from wrong(value[name], part, f"{path}.{name}")
