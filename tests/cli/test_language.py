"""The language of the command line."""

import ast
import re
from types import SimpleNamespace

import pytest

from tencentserverless._cli import chinese, language
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


def texts():
    """Every text that the command line passes to `text`."""
    for path in (ROOT / "src" / "tencentserverless" / "_cli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "text":
                yield ast.literal_eval(node.args[0])


def test_the_catalogue_is_complete():
    """Each text has its Chinese one, with the same values in it, and the catalogue has no others."""
    assert set(texts()) == set(chinese.TEXTS)
    for english, translated in chinese.TEXTS.items():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", translated)), english
        assert not re.search("[\u4e00-\u9fff] ?[,:;?]", translated), translated
