"""The help pages in Chinese."""

import inspect
import io
import re
import sys

import click
import pytest

from tencentserverless._cli import language
from tencentserverless._cli.commands import Context, root
from tencentserverless._cli.help_in_chinese import TEXTS
from tencentserverless._cli.text_width import width_of
from tencentserverless._cli.verbs import GROUPS, VERBS

PAGES = ["", *GROUPS, *VERBS]
CHINESE = re.compile("[\u2e80-\ua4cf\uff00-\uff60]")


@pytest.fixture(autouse=True)
def _chinese(monkeypatch):
    monkeypatch.setattr(language, "_chosen", language.CHINESE)


def command_of(path):
    command = root
    for name in path.split():
        command = command.get_command(click.Context(command), name)
    return command


def page(path, width=80):
    command = command_of(path)
    assert command.context_class is Context
    names = {"help_option_names": ["-h", "--help"], "terminal_width": width}
    return command.get_help(Context(command, info_name=f"tencentserverless {path}".strip(), **names))


def english_texts():
    """Every text of the English pages."""
    yield from (verb.summary for verb in VERBS.values())
    yield from GROUPS.values()
    for path in PAGES:
        command = command_of(path)
        yield from (part.replace("\n", " ") for part in inspect.cleandoc(command.help).split("\n\n"))
        options = command.get_params(click.Context(command, help_option_names=["--help"]))
        yield from (option.help for option in options if getattr(option, "help", None))


def test_each_text_is_translated():
    """Each text of the pages has its Chinese one, with Chinese punctuation and the same names; there are no others."""
    assert set(english_texts()) == set(TEXTS)
    for english, translated in TEXTS.items():
        assert CHINESE.search(translated)
        assert translated.encode("gbk")
        assert not re.search("[\u4e00-\u9fff] ?[,:;?()]|[,;?] ?[\u4e00-\u9fff]", translated), translated
        names = re.compile(r"(?<![\w-])--?[a-z][\w-]*|[A-Z]+_[A-Z_]+|[a-z]+_[a-z_]+|\b[A-Z]{4,}\b")
        assert set(names.findall(english)) <= set(names.findall(translated)) | {"JSON"}, translated


@pytest.mark.parametrize("width", [80, 100])
def test_pages(width):
    """No page has an English sentence, a line that is too wide or begins with a comma, or a text that lost a part."""
    for path in PAGES:
        lines = page(path, width).split("\n")
        long_words = {line for line in lines if not CHINESE.search(line)}
        assert all(width_of(line) <= width + 1 for line in lines if line not in long_words), path
        assert not any(re.match(r"\s*[，。：；、）]", line) for line in lines), path
        assert not [line for line in lines if re.search(r"(\b[a-z']+ ){3}[a-z']+", line) and "tencentser" not in line]
        whole = re.sub(r"\s", "", "".join(lines))
        for option in command_of(path).params:
            if getattr(option, "help", None):
                assert re.sub(r"\s", "", TEXTS[option.help]) in whole
        assert "\0" not in whole
    assert "[默认：9000；0<=x<=65535]" in re.sub(r"\s", "", page("local start", width))


def test_a_page_is_in_one_language(monkeypatch):
    """If standard output has no Chinese characters, the whole page is English."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    for path in PAGES:
        assert page(path).isascii()
