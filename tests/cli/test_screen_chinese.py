"""What `local start` shows of facts, in Chinese."""

import re
import subprocess
import sys
import time

import pytest

from tencentserverless._cli import language, output, serving
from tencentserverless._cli.screen import Screen
from tencentserverless._cli.text_width import width_of
from tencentserverless.local.model import outcomes
from tencentserverless.local.model.facts import Begun, Noticed, Printed, Refused
from tests.cli.conftest import environment
from tests.cli.test_screen import AT, FROM_BELOW, TRACE, ended, invocation, raised, shown

PRINTED = "价格 × 2"
CHAIN = """\
{time}  Orders 开始
{time}    Prices 开始（Event）
                  Prices | 价格 × 2
{time}    Prices 失败（430），用时 12 ms，冷启动 71 ms，11 MB，id r2
                  Orders → Prices：KeyError: 'gold'
                    File "/code/Prices/index.py", line 3, in main_handler
                      return PRICES["gold"]
{time}  Orders 失败（430），用时 12 ms，id r1
                Orders → Prices：KeyError: 'gold'
                  File "/code/Orders/index.py", line 4, in main_handler
                    return scf.invoke("Prices")
                  [tencentserverless 的 1 个栈帧]
{time}  拒绝：ResourceNotFound.Function Invoke：Function not found: [Work]
"""


@pytest.fixture(autouse=True)
def _chinese(monkeypatch):
    monkeypatch.setattr(language, "_chosen", language.CHINESE)


def show_chain():
    """Show a failing chain as `local start` shows it."""
    orders = invocation()
    prices = invocation("Prices", ("Orders",), "r2", "r1")._replace(invocation_type="Event")
    failed = outcomes.raised(prices, TRACE)
    refused = Refused(AT, "ResourceNotFound.Function", "Function not found: [Work]", "Invoke")
    screen = Screen(output.columns(sys.stderr))
    for fact in (
        Begun(orders),
        Begun(prices),
        Printed(prices, f"{PRINTED}\n"),
        ended(prices, failed, memory_bytes=11 << 20, init_ms=70.6),
        raised(orders, FROM_BELOW),
        refused,
    ):
        serving.print_text("\n".join(screen.lines(fact)))


def show_in_encodings():
    """Show it in each encoding in turn, the first one being that of PYTHONIOENCODING."""
    show_chain()
    for encoding in ("utf-8", "ascii"):
        sys.stderr.reconfigure(encoding=encoding)
        show_chain()


def test_a_chain_that_fails():
    """Every line of a failing chain is Chinese in each encoding; what an encoding lacks is replaced or escaped."""
    program = "from tests.cli.test_screen_chinese import show_in_encodings; show_in_encodings()"
    variables = environment(PYTHONIOENCODING="gbk", TENCENTSERVERLESS_LANGUAGE="zh-CN")
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, check=True)
    golden = CHAIN.format(time=f"{time.strftime('%H:%M:%S', time.localtime(AT))}.112")
    in_ascii = golden.replace("→", "->").replace("×", "x").encode("ascii", "backslashreplace")
    assert done.stderr == golden.encode("gbk") + golden.encode("utf-8") + in_ascii


def test_no_line_is_left_in_english():
    """The other lines are Chinese too: what is left out, an exception before, a debugger, repeated refusals."""
    orders = invocation()
    frames = "".join(f'  File "/var/runtime/{number}.py", line 1, in f\n' for number in range(2))
    user = "".join(f'  File "/var/user/index.py", line {number}, in f\n' for number in range(500))
    head = "Traceback (most recent call last):\n"
    link = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
    both = f"{head}{frames}E: x{link}{head}{frames}"
    quit_ = f'{head}  File "/var/user/index.py", line 1, in f\nbdb.BdbQuit'
    lines = shown(
        *[Printed(orders, "x\n" * 999)] * 2,
        raised(orders, f"{both}E: y"),
        raised(orders, quit_),
        raised(orders, f"{head}{user}E: z"),
        ended(orders),
        *[Refused(AT, "Code", "text")] * 3,
        Noticed(AT, "notice"),
    )
    translated = [line.strip() for line in lines if language.is_chinese(line)]
    assert translated == [
        "Orders | [更多输出见调用记录]",
        "Orders 失败（430），用时 12 ms，id r1",
        "[运行环境 的 2 个栈帧]",
        "在此之前：E: x",
        "[运行环境 的 2 个栈帧]",
        "Orders 失败（430），用时 12 ms，id r1",
        "breakpoint() 需要调试器：请用 --debug 启动本地服务",
        "Orders 失败（430），用时 12 ms，id r1",
        "[省略 440 行]",
        "Orders 成功，用时 12 ms",
        "拒绝：Code：text",
        "拒绝：Code × 3：text",
    ]
    rest = [line for line in lines if not language.is_chinese(line)]
    assert not [line for line in rest if not re.search(r"\| x|File|Orders：|notice", line)]


def test_chinese_characters_are_two_columns_wide():
    """No line of a summary or a refusal is wider than the terminal, in colours or not, and lines are well filled."""
    deep = invocation(callers=("A",) * 10)
    for width in range(60, 100, 3):
        for colour in (False, True):
            screen = Screen(width, colour=colour)
            facts = (ended(deep, memory_bytes=11 << 20, init_ms=1234.0), Refused(AT, "Code", "word " * 30))
            lines = [line for fact in facts for line in screen.lines(fact)]
            assert width - 10 < max(map(width_of, lines)) <= width
