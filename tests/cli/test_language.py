"""The language of the command line."""

import ast
import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tencentserverless._cli import chinese, language, output
from tencentserverless._cli.commands import root
from tests.cli.conftest import environment
from tests.environments import ROOT


@pytest.mark.parametrize(
    ("variables", "encoding", "code"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "utf-8", "zh-CN"),
        ({"LANG": "zh_CN.GBK"}, "gbk", "zh-CN"),
        ({"LANG": "zh_CN.UTF-8"}, "ascii", "en-US"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "utf-8", "en-US"),
        ({"LANG": "de_DE.UTF-8"}, "utf-8", "en-US"),
        ({}, "utf-8", "en-US"),
        ({"LANG": "en_US.UTF-8", "TENCENTSERVERLESS_LANGUAGE": "zh-CN"}, "utf-8", "zh-CN"),
    ],
)
def test_which_language(monkeypatch, variables, encoding, code):
    """The language is that of the setting, then that of the locale, and English if the terminal has no Chinese."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "TENCENTSERVERLESS_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(language.sys, "stderr", SimpleNamespace(encoding=encoding))
    assert language.chosen() == code


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("invoke --help --language zh-CN", "用法"),
        ("--language=zh-CN --help", "用法"),
        ("invke --language zh-CN", "错误"),
        ("map --nope --language en-US --language zh-CN", "错误"),
        ("local exec . -- echo --language zh-CN", "Error"),
        ("invoke --language", "Error"),
    ],
)
def test_the_option_counts_wherever_it_is(monkeypatch, tmp_path, capsys, arguments, expected):
    """Help and mistakes before `--language` are in its language too; the arguments of COMMAND do not count."""
    monkeypatch.setattr(language, "_chosen", None)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        root.main(arguments.split(), prog_name="tencentserverless")
    assert re.search(f"^{expected}", "".join(capsys.readouterr()), re.MULTILINE)


def texts():
    """Every text that the command line passes to `text`, with the names of its values."""
    for path in (ROOT / "src" / "tencentserverless" / "_cli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "text":
                yield ast.literal_eval(node.args[0]), {keyword.arg for keyword in node.keywords}


def test_the_catalogue_is_complete():
    """Each text has its Chinese one, with no other values in it, and with Chinese punctuation; there are no others."""
    found = dict(texts())
    assert set(found) == set(chinese.TEXTS)
    for english, translated in chinese.TEXTS.items():
        values = set(re.findall(r"\{(\w+)\}", translated))
        assert values <= found[english] or None in found[english], english
        assert not re.search("[\u4e00-\u9fff] ?[,:;?()]|[,;?] ?[\u4e00-\u9fff]", translated), translated


CASES = (
    ["invke"],
    ["map"],
    ["map", "Work", "e.jsonl", "--resum"],
    ["map", "Work", "e.jsonl", "--resume"],
    ["map", "Work", "missing.jsonl"],
    ["map", "Work", "e.jsonl"],
    ["invoke", "Work", "-d", "e.jsonl"],
    ["invoke", "Work", "-d", "{"],
    ["invoke", "Work", "--local"],
    ["invoke", "Work", "--local", "--profile", "x"],
    ["invoke", "Work", "-d", "1"],
    ["local", "exec", "."],
    ["local", "invoke", "hello", "--env", "x"],
    ["event", "apigw"],
    ["init", "full"],
    ["doctor", "hello", "--no-network"],
)


@pytest.mark.parametrize(
    ("code", "encoding"), [("zh-CN", "utf-8"), ("zh-CN", "gbk"), ("zh-CN", "ascii"), ("en-US", "ascii")]
)
def test_what_is_told(tmp_path, code, encoding):
    """In each language and encoding every message can be encoded, is whole, and is in one language; the exit codes are
    the same."""
    (tmp_path / "e.jsonl").write_text("{\n")
    (tmp_path / "hello").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "hello" / "index.py").write_text("def main_handler(event, context):\n    return {1}\n")
    program = "from tests.cli.test_language import tell; tell()"
    variables = {
        "PYTHONIOENCODING": encoding,
        "TENCENTSERVERLESS_LANGUAGE": code,
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment(**variables), capture_output=True, check=False)
    found = dict(json.loads(line) for line in done.stdout.decode(encoding).splitlines() if line.startswith("["))
    codes = [2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 4, 2, 2, 2, 2, 1]
    assert [found[" ".join(case)] for case in CASES] == codes, done.stderr
    lines = done.stderr.decode(encoding).splitlines()
    if encoding == "ascii":
        lines = [json.loads(f'"{line}"') for line in lines]
    translated = [line for line in lines if language.is_chinese(line)]
    assert not [line for line in translated if re.search(r"(\b[a-z']+ ){3}[a-z']+", line)]
    # The client's own message and the system's reason for a file are in English.
    whole = [line for line in lines if line and line not in translated]
    assert (len(translated) > 30, len(whole)) == (True, 2) if code == "zh-CN" else translated == []


def tell():
    """Run the cases in this process, and print their exit codes."""
    for case in CASES:
        try:
            root.main(case, prog_name="tencentserverless")
        except SystemExit as end:
            output.write_json([" ".join(case), end.code])
