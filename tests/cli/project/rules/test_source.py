"""`source`: each rule on code that breaks it and on code that does not."""

import pytest

from tencentserverless._cli.project.rules.source import check, imports, invokes

HANDLER = "def main_handler(event, context):\n    {}\n"

BAD = {
    "D01 newer syntax": ("D01", "def main_handler(event, context):\n    return (a := 1)\n"),
    "D01 no Python": ("D01", "def main_handler(event, context)\n"),
    "D02 one argument": ("D02", "def main_handler(event):\n    pass\n"),
    "D02 three arguments": ("D02", "def main_handler(event, context, more):\n    pass\n"),
    "D03": ("D03", "async def main_handler(event, context):\n    pass\n"),
    "D04": ("D04", HANDLER.format("return context.request_id")),
    "D04 another name": ("D04", "def main_handler(e, ctx):\n    return ctx.request_id\n"),
    "D05 set": ("D05", HANDLER.format("return {1, 2}")),
    "D05 set inside": ("D05", HANDLER.format('return {"a": [{x for x in event}]}')),
    "D05 bytes": ("D05", HANDLER.format('return "a".encode()')),
    "D05 datetime": ("D05", HANDLER.format('return {"now": datetime.datetime.now()}')),
    "D05 generator": ("D05", HANDLER.format("return (x for x in event)")),
    "D06": ("D06", HANDLER.format("client = scf.Client()")),
    "D06 official": ("D06", HANDLER.format("c = scf_client.ScfClient(cred, 'ap-guangzhou')")),
    "D07 open": ("D07", HANDLER.format("open('out.txt', 'w')")),
    "D07 mode named": ("D07", HANDLER.format("open('/var/x', mode='ab')")),
    "D07 Path": ("D07", HANDLER.format("Path('log.txt').write_text('a')")),
    "D07 folder, at import": ("D07", "import os\nos.makedirs('data', exist_ok=True)\n"),
}

GOOD = {
    "D01": ("def main_handler(event, context):\n    print(f'{event}')\n"),
    "D02": ("def main_handler(event, context=None, *more):\n    pass\n"),
    "D02 any": ("def main_handler(*arguments):\n    pass\n"),
    "D03": ("def main_handler(event, context):\n    return asyncio.run(work())\n\nasync def work():\n    pass\n"),
    "D04": (HANDLER.format("return context['request_id'] or context.get('x')")),
    "D04 another object": (HANDLER.format("return event.request_id")),
    "D05": (HANDLER.format("return {'a': sorted({1, 2}), 'b': str(datetime.now())}")),
    "D05 inner": (HANDLER.format("return list(map(lambda x: {x}, event))")),
    "D05 inner function": (HANDLER.format("\n    def inner():\n        return {1}\n    return len(inner())")),
    "D06": ("client = scf.Client()\ndef main_handler(event, context):\n    return client.Echo(data=event)\n"),
    "D07": (HANDLER.format("open('/tmp/out.txt', 'w'); open('in.txt'); open('in.txt', 'rb')")),
    "D07 computed": (HANDLER.format("open(path, 'w'); Path('in.txt').read_text(); os.mkdir('/tmp/a')")),
}


@pytest.mark.parametrize(("rule", "code"), BAD.values(), ids=BAD)
def test_code_that_breaks_a_rule(rule, code):
    """The finding has the number, the file, the line and what to do."""
    found = check(code, "index.py", "main_handler", (3, 6))
    assert [each.rule for each in found] == [rule]
    assert found[0].file == "index.py"
    assert found[0].line in (1, 2)
    assert found[0].fix.endswith(".")


@pytest.mark.parametrize("code", GOOD.values(), ids=GOOD)
def test_code_that_breaks_none(code):
    """Right code has no finding."""
    assert check(code, "index.py", "main_handler", (3, 6)) == []


def test_python_2_is_not_read():
    """Code for Python 2.7 has another grammar and no finding."""
    assert check("print 'a'\n", "index.py", "main_handler", (2, 7)) == []


def test_imports():
    """Modules and their lines; what is in `try` may be missing, and relative imports are the function's own."""
    code = "import os, a.b\nfrom c import d\nfrom . import e\ntry:\n    import f\nexcept ImportError:\n    f = None\n"
    assert imports(code) == {"os": 1, "a.b": 1, "c": 2}
    assert imports("def broken(:") == {}


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("from tencentserverless import scf", True),
        ("import tencentserverless.scf", True),
        ("from tencentcloud.scf.v20180416 import scf_client", True),
        ("from tencentcloud.cvm import x", False),
        ("import json", False),
    ],
)
def test_code_that_invokes_functions(code, right):
    """Our client and the SDK's client for SCF invoke functions."""
    assert invokes(code) is right
