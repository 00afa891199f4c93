"""The words of tables and pictures, in Chinese."""

import pytest

from tencentserverless._cli import language
from tencentserverless._cli.looking import chart, svg, words
from tencentserverless._cli.looking.waterfall import Chain
from tests.cli.looking.test_chart import CHAIN

PICTURE = """\
Gateway 成功，3 次调用，用时 1 min 0 s，时间 2023-11-14 22:13:20
id aaaa

                0                58.50 s
Gateway        |.-------========:::::::::        |  1.00 s  12 MB  成功
  Orders       |         =====  :::::::::        |  300 ms  12 MB  失败（430）
  Mail (Event) |           .....:::::::::========| 59.30 s  12 MB  成功

. 等待   - 冷启动   = 运行中   : 空闲（已折叠）"""


@pytest.fixture(autouse=True)
def _chinese(monkeypatch):
    monkeypatch.setattr(language, "_chosen", language.CHINESE)


def test_the_pictures():
    """The picture in the terminal is in Chinese and as wide as the English one; so are the words of the SVG."""
    assert "\n".join(chart.lines(Chain(CHAIN), 80)) == PICTURE
    drawn = svg.picture(Chain(CHAIN))
    assert all(
        f">{word}</text>" in drawn for word in ("等待", "冷启动", "运行中", "失败", "失败（430）", "空闲 58.50 s")
    )


def test_the_words():
    """Every head, label and state is in Chinese; a state that is not known stays as it is."""
    found = [*words.labels().values(), *words.kinds().values(), *map(words.verdict, ("ok", "failed", "unknown"))]
    assert all(map(language.is_chinese, found))
    assert words.verdict("paused") == "paused"
