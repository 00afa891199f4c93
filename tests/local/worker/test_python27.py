"""Text on Python 2.7 that is not ASCII, in every place where a function, its folder and its answers can have some."""

import json
import os

import pytest

from tencentserverless.local.processes.frames import Kind
from tests.local.worker.test_bootstrap import Worker

GBK = """\
# -*- coding: gbk -*-
def raise_bytes():
    raise ValueError('国标')  # 编码

def raise_text():
    raise ValueError(u'国标文字')
"""
CODE = """\
# -*- coding: utf-8 -*-
\"\"\"模块的说明\"\"\"
from __future__ import print_function
import decimal, logging, os, sys
gbk = __import__('目录.包.gbk', fromlist=['gbk'])

class Odd(Exception):
    def __str__(self):
        return u'奇怪'

class Older:
    pass

class Attribute(Exception):
    def __init__(self, word):
        Exception.__init__(self, word)
        self.word = word

def raised(what):
    raise what  # 抛出

def main_handler(event, context):
    assert all(type(each) is str for pair in os.environ.items() for each in pair)
    assert type(event) is type(context['function_name']) is type(u'')
    return eval(event)
"""
VALUES = {
    "'字节'": "字节",
    "u'文字'": "文字",
    "['字节', u'文字', ('元', u'组')]": ["字节", "文字", ["元", "组"]],
    "{'键': u'值', u'键二': '值'}": {"键": "值", "键二": "值"},
    "{u'键': [u'值']}": {"键": ["值"]},
    "decimal.Decimal('1.10')": "1.10",
    "os.environ['GREETING']": "你好",
    "[os.getcwd()[-6:], __file__[-22:]]": ["项目", "项目/目录/index.py"],
    "__doc__": "模块的说明",
    "context['function_name']": "函数",
    "u'\\U0001f600'": "😀",
    "Attribute(u'词').word": "词",
    "sorted(os.listdir('目录'))": ["__init__.py", "index.py", "包"],
}
PRINTS = {
    "print('字节', u'文字')": "字节 文字",
    "print(u'错误', file=sys.stderr)": "错误",
    "print(u'原来', file=sys.__stdout__)": "原来",
    "sys.stdout.write('字节\\n')": "字节",
    "sys.stdout.writelines([u'文', '字\\n'])": "文字",
    "os.write(1, '字节\\n')": "字节",
    "logging.warning(u'文字 %s', u'一')": "文字 一",
    "logging.warning('字节 %s', '一')": "字节 一",
    "os.system('echo $GREETING')": "你好",
    "sys.stdout.close()": None,
    "print(u'又打开')": "又打开",
}
RAISES = {
    "raised(ValueError('密码不对'))": "ValueError: 密码不对",
    "raised(ValueError(u'密码不对'))": "ValueError: 密码不对",
    "raised(ValueError(u'一', '二'))": "ValueError: (u'\\u4e00', '\\xe4\\xba\\x8c')",
    "raised(Odd())": "Odd: 奇怪",
    "raised(Attribute(u'属性'))": "Attribute: 属性",
    "raised(IOError(2, '没有文件', u'名字'))": "IOError: [Errno 2] 没有文件: u'\\u540d\\u5b57'",
    "raised(Older())": "Older: <目录.index.Older instance at ",
    "raised(ValueError('\\xff'))": "ValueError: \\xff",
    "gbk.raise_bytes()": "ValueError: 国标",
    "gbk.raise_text()": "ValueError: 国标文字",
    "compile('x = （', '文件.py', 'exec')": "SyntaxError: invalid syntax",
    "__import__('没有')": "ImportError: No module named 没有",
    "'中' + u'文'": "UnicodeDecodeError: 'ascii' codec can't decode byte 0xe4 in position 0: ordinal not in range(128)",
    "{u'键': Odd()}": "TypeError: Odd() is not JSON serializable",
    "'\\xd6\\xd0'": "UnicodeDecodeError: 'utf8' codec can't decode byte 0xd6 in position 0: invalid continuation byte",
}


@pytest.fixture
def project(tmp_path):
    """A function in Chinese folders, which imports a module in GBK."""
    place = tmp_path / "项目"
    package = place / "目录" / "包"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "gbk.py").write_text(GBK, encoding="gbk")
    (package.parent / "index.py").write_text(CODE, encoding="utf-8")
    return place


def test_text_in_every_place(project):
    """Values, keys, variables, names of folders, prints, logs and exceptions keep their text, in UTF-8 and in GBK."""
    handler, context = "目录/index.main_handler", {"function_name": "函数"}
    environment = {"PWD": str(project), "PATH": os.defpath, "GREETING": "你好"}
    with Worker("2.7", project, handler=handler, context=context, environment=environment) as worker:
        ready = worker.receive()
        assert ready.kind is Kind.READY, ready.body.decode()
        answers = {each: worker.event(json.dumps(each).encode()) for each in [*VALUES, *PRINTS, *RAISES]}
    assert {each: json.loads(answers[each].body) for each in VALUES} == VALUES
    assert worker.output.splitlines() == [printed for printed in PRINTS.values() if printed]
    traces = {each: answers[each].body.decode().splitlines() for each in RAISES}
    assert {each: lines[-1][: len(RAISES[each])] for each, lines in traces.items()} == RAISES
    assert {answers[each].kind for each in RAISES} == {Kind.RAISED}
    assert '  File "/var/user/目录/包/gbk.py", line 3, in raise_bytes' in traces["gbk.raise_bytes()"]
    assert "    raise ValueError('国标')  # 编码" in traces["gbk.raise_bytes()"]
    assert "    raise what  # 抛出" in traces["raised(Odd())"]
    assert "    x = （" in traces["compile('x = （', '文件.py', 'exec')"]


LOADING = {
    "raise ValueError('没有配置')": "ValueError: 没有配置",
    "raise ValueError(u'没有配置')": "ValueError: 没有配置",
    "没有 = 1": "SyntaxError: invalid syntax",
}


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("code", LOADING)
def test_text_in_a_function_that_does_not_load(folder, code, encoding):
    """The traceback of a function that does not load keeps its text, in both encodings."""
    place = folder("函数")
    (place / "index.py").write_bytes(f"# coding={encoding}\n{code}\n".encode(encoding))
    with Worker("2.7", place) as worker:
        answer = worker.receive()
    lines = answer.body.decode().splitlines()
    assert (answer.kind, lines[-1]) == (Kind.NOT_STARTED, LOADING[code])
    assert f"    {code}" in lines
