"""The messages on docs/errors.md are those that people get: each mistake is made, and what is printed is compared."""

import datetime as dt
import json
import os
import re
from textwrap import dedent
from unittest import mock

import pytest

from tencentserverless import scf
from tencentserverless.local import LocalSCF
from tests.environments import ROOT
from tests.loopback import KEYS, Server, answering, http, refusal

PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
GOLDEN = re.compile(r"^\*\*(.+?)\*\*\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)

HANDLER = "def main_handler(event, context):\n    "
CALLS = "from tencentserverless import scf\n\n\n" + HANDLER
FUNCTIONS = {
    "Gateway": CALLS + 'return scf.invoke("Orders", data=event).value\n',
    "Orders": CALLS + 'return scf.invoke("Prices", data=event).value\n',
    "Prices": HANDLER + 'return event["price"]\n',
    "NoHandler": "def handler(event, context):\n    pass\n",
    "Typo": "def main_handler(event, context)\n    pass\n",
    "Pandas": "import pandas_of_tomorrow\n\n\n" + HANDLER + "pass\n",
    "Slow": "import time\n\n\n" + HANDLER + "time.sleep(event)\n",
    "Hungry": "import time\n\n\n" + HANDLER + "held = b'x' * (400 << 20)\n    time.sleep(8)\n",
    "Exits": "import os\n\n\n" + HANDLER + "os._exit(3)\n",
    "Today": "import datetime\n\n\n" + HANDLER + 'return {"days": [1, datetime.date.today()]}\n',
    "Large": HANDLER + "return 'x' * (7 << 20)\n",
    "Hello": HANDLER + "return event\n",
}
SETTINGS = {"NoHandler": "handler: index.main_handler", "Hungry": "memorySize: 64\n  timeout: 20"}
FORM = "component: scf\nname: it\ninputs:\n  name: {}\n  region: ap-guangzhou\n  {}\n"


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A local endpoint with all functions that fail in a way of their own."""
    home = tmp_path_factory.mktemp("functions")
    for name, text in FUNCTIONS.items():
        (home / name).mkdir()
        (home / name / "index.py").write_text(dedent(text), encoding="utf-8")
        if name in SETTINGS:
            (home / name / "serverless.yml").write_text(FORM.format(name, SETTINGS[name]), encoding="utf-8")
    with LocalSCF(*sorted(home.iterdir())) as local:
        local.home = tmp_path_factory.mktemp("home")
        yield local


def throttled(name, **options):
    """Invoke at an endpoint that has no room."""
    message = "请求的次数超过了频率限制。"
    with Server(answering(lambda head, body: http(refusal("RequestLimitExceeded", message)))) as server:
        return scf.Client(endpoint=server.endpoint, timeout=5, **KEYS).invoke(name)


def with_variables(home, **variables):
    """Invoke with this home folder and these variables alone."""
    with mock.patch.dict(os.environ, {"HOME": str(home), "USERPROFILE": str(home), **variables}):
        scf.Client(endpoint="http://127.0.0.1:9", timeout=5, profile=None if variables else "work").invoke("Hello")


def with_login(local):
    """Invoke with a login of tccli that has ended."""
    home = local.home
    (home / ".tccli").mkdir(exist_ok=True)
    login = {"type": "oauth", "secretId": "AKID", "secretKey": "key", "expiresAt": 1700000000}
    (home / ".tccli" / "work.credential").write_text(json.dumps(login, indent=1), encoding="utf-8")
    with_variables(home)


MISTAKES = {
    "The handler does not exist": lambda invoke, local: invoke("NoHandler"),
    "A syntax error": lambda invoke, local: invoke("Typo"),
    "A package is missing": lambda invoke, local: invoke("Pandas"),
    "The function takes too long": lambda invoke, local: invoke("Slow", data=9),
    "The function takes too much memory": lambda invoke, local: invoke("Hungry"),
    "The function ends its process": lambda invoke, local: invoke("Exits"),
    "The function returns something else than JSON": lambda invoke, local: invoke("Today"),
    "The function returns more than 6 MB": lambda invoke, local: invoke("Large"),
    "The handler raises": lambda invoke, local: invoke("Prices", data={}),
    "A function behind others raises": lambda invoke, local: invoke("Gateway", data={}),
    "The function does not exist": lambda invoke, local: invoke("Helo", language="en-US"),
    "The same, in the default language": lambda invoke, local: invoke("Hallo", namespace="test"),
    "The function is in another namespace": lambda invoke, local: invoke(
        "Hello", namespace="defualt", language="en-US"
    ),
    "The version does not exist": lambda invoke, local: invoke("Hello", qualifier="prod"),
    "The event is not JSON": lambda invoke, local: invoke("Hello", data={"born": [dt.date(2020, 1, 1)]}),
    "A number in the event that JSON does not have": lambda invoke, local: invoke("Hello", data={"when": float("nan")}),
    "The event is too large": lambda invoke, local: invoke("Hello", data="x" * 6300000),
    "The event in the place of the namespace": lambda invoke, local: invoke("Hello", {"a": 1}),
    "The event in the place of the region": lambda invoke, local: scf.invoke("Hello", {"a": 1}),
    "A secret id that the local endpoint does not know": lambda invoke, local: invoke("Hello", **KEYS),
    "The secret key is wrong": lambda invoke, local: invoke("Hello", secret_id=local.secret_id, secret_key="wrong"),
    "Half of a key pair is set": lambda invoke, local: with_variables(local.home, TENCENTCLOUD_SECRETID="AKID"),
    "A login has ended": lambda invoke, local: with_login(local),
    "Keys in the wrong order": lambda invoke, local: scf.Client("AKIDid", "key").invoke("Hello"),
    "Too many requests": lambda invoke, local: throttled("Hello"),
    "The local endpoint is not running": lambda invoke, local: invoke("Hello", endpoint="http://127.0.0.1:9"),
    "No network": lambda invoke, local: invoke("Hello", endpoint="https://scf.invalid"),
    "https to an endpoint that speaks http": lambda invoke, local: invoke(
        "Hello", endpoint=local.endpoint.replace("http:", "https:")
    ),
    "The time that the client waits is over": lambda invoke, local: invoke("Slow", data=2, timeout=0.5),
}


def printed(make, local):
    """What Python prints of the error, without what differs from run to run."""

    def invoke(name, namespace="default", qualifier="$LATEST", data=None, timeout=30, **settings):
        settings = {"endpoint": local.endpoint, **settings}
        settings.setdefault("secret_id", local.secret_id)
        settings.setdefault("secret_key", local.secret_key)
        client = scf.Client(**settings)
        return client.invoke(name, namespace, qualifier=qualifier, data=data, timeout=timeout)

    with pytest.raises(Exception) as caught:  # noqa: PT011  the text is compared
        make(invoke, local)
    text = f"{caught.type.__name__}: {caught.value}"
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|r{36}", "62ad…", text)
    text = re.sub(r"127\.0\.0\.1:[0-9]{4,}", "127.0.0.1:9000", text)
    text = re.sub(r"\[SSL[^\]]*\][^;]*", "[SSL: …]", text)
    text = re.sub(r"(scf\.invalid: )\[Errno[^\]]*\][^;]*", r"\1[Errno -2] Name or service not known", text)
    text = text.replace(str(local.home), "~")
    return [line.rstrip() for line in text.split("\n") if line.strip(" ~^")]


GOLDENS = dict(GOLDEN.findall(PAGE))


def test_every_mistake_is_on_the_page():
    """The page has the message of every mistake, and no other one."""
    assert list(GOLDENS) == list(MISTAKES)


RAN = r"; (it|Gateway) (ran|did not run|may have run)|；没有运行|; Hello was not invoked\Z"
ADVICE = r"\n(Hint: |提示：)|: give |; use |: store it |: run `|; the order is |, the event is data="


@pytest.mark.parametrize("mistake", GOLDENS)
def test_the_message_answers_four_questions(mistake):
    """Each message on the page says what is wrong, in which function, what to do about it, and whether it ran."""
    first = GOLDENS[mistake].split("\n")[0]
    assert re.match(r"\w+: (\w+ → )*[A-Z]\w+ \(\S+/\S+\)|TypeError: |SettingsError: Hello \(default\): ", first)
    assert re.search(RAN, first)
    assert re.search(ADVICE, GOLDENS[mistake])


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_message_is_the_one_on_the_page(mistake, local):
    """The mistake leads to the message on the page: what, which function, where, what to do, did it run."""
    lines = printed(MISTAKES[mistake], local)
    golden = GOLDENS[mistake].rstrip("\n").split("\n")
    if golden[-1] == "...":
        golden.pop()
        assert len(lines) > len(golden)
        lines = lines[: len(golden)]
    assert lines == golden
