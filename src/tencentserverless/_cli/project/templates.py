"""What `init` writes: for each template the files, by their names, and what to type next."""

from typing import NamedTuple

PYTEST_INI = "[pytest]\ntestpaths = tests\n"


class Template(NamedTuple):
    """files: their texts by their names. event: the event of `command`, as JSON."""

    files: dict[str, str]
    function: str
    event: str


def _settings(name: str, region: str = "ap-guangzhou", timeout: int = 3, more: str = "") -> str:
    return f"""\
component: scf
name: {name.lower()}
inputs:
  name: {name}
  region: {region}
  runtime: Python3.10
  handler: index.main_handler
  src: ./
  memorySize: 128
  timeout: {timeout}
{more}"""


_HELLO = """\
def main_handler(event, context):
    return "Hello " + event.get("name", "World")
"""
_TEST_HELLO = """\
def test_greeting(scf_client):
    assert scf_client.Hello(name="SCF").value == "Hello SCF"


def test_greeting_without_a_name(scf_client):
    assert scf_client.Hello({}).value == "Hello World"
"""

_GATEWAY = """\
from tencentserverless import scf


def main_handler(event, context):
    price = scf.invoke("Price", region="ap-shanghai", data={"item": event["item"]}).value
    return {"item": event["item"], "total": price * event.get("count", 1)}
"""
_PRICE = """\
PRICES = {"tea": 12, "cup": 30}


def main_handler(event, context):
    return PRICES[event["item"]]
"""
_TEST_CHAIN = """\
import pytest
from tencentserverless.exception import FunctionError


def test_the_chain(scf_local, scf_client):
    assert scf_client.Gateway(item="tea", count=2).value == {"item": "tea", "total": 24}
    assert [record.event for record in scf_local.invocations("Price")] == [{"item": "tea"}]


def test_the_first_function_alone(scf_local, scf_client):
    scf_local.stub("Price", returns=5)
    assert scf_client.Gateway(item="tea", count=2).value["total"] == 10


def test_an_unknown_item(scf_client):
    with pytest.raises(FunctionError):
        scf_client.Gateway(item="gold")
"""

_TIMER = """\
from datetime import datetime, timedelta, timezone


def main_handler(event, context):
    now = datetime.strptime(event["Time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    day = (now - timedelta(days=1)).date().isoformat()
    print("report for", day)
    return {"trigger": event["TriggerName"], "day": day}
"""
_TIMER_TRIGGER = """\
  triggers:
    - type: timer
      parameters:
        name: EveryDay
        cronExpression: '0 0 9 * * * *'
        enable: true
"""
_TEST_TIMER = """\
def test_the_report_is_about_the_day_before(scf_client):
    event = {"Type": "Timer", "TriggerName": "EveryDay", "Time": "2026-01-05T01:22:00Z", "Message": ""}
    assert scf_client.Report(event).value == {"trigger": "EveryDay", "day": "2026-01-04"}
"""
_TIMER_EVENT = '{"Type": "Timer", "TriggerName": "EveryDay", "Time": "2026-01-05T01:22:00Z", "Message": ""}'

_COS = """\
from urllib.parse import unquote


def main_handler(event, context):
    return [_name(record["cos"]["cosObject"]["key"]) for record in event["Records"]]


def _name(key):
    \"\"\"The name of the object in its bucket: the key begins with /APPID/BUCKET/.\"\"\"
    return unquote(key.split("/", 3)[3])
"""
_COS_TRIGGER = """\
  triggers:
    - type: cos
      parameters:
        bucket: pictures-1250000000.cos.ap-guangzhou.myqcloud.com
        events: cos:ObjectCreated:*
        enable: true
"""
_TEST_COS = """\
def test_the_names_of_new_objects(scf_client):
    event = {"Records": [{"cos": {"cosObject": {"key": "/1250000000/pictures/inbox/my%20cat.jpg"}}}]}
    assert scf_client.Inbox(event).value == ["inbox/my cat.jpg"]
"""
_COS_EVENT = '{"Records": [{"cos": {"cosObject": {"key": "/1250000000/pictures/cat.jpg"}}}]}'


def _of_one(name: str, code: str, test: str, event: str, trigger: str = "") -> Template:
    files = {
        f"{name}/index.py": code,
        f"{name}/serverless.yml": _settings(name, more=trigger),
        f"tests/test_{name.lower()}.py": test,
        "pytest.ini": PYTEST_INI,
    }
    return Template(files, name, event)


TEMPLATES = {
    "hello": _of_one("Hello", _HELLO, _TEST_HELLO, '{"name": "SCF"}'),
    "chain": Template(
        {
            "Gateway/index.py": _GATEWAY,
            "Gateway/requirements.txt": "tencentserverless\n",
            "Gateway/serverless.yml": _settings("Gateway", timeout=10),
            "Price/index.py": _PRICE,
            "Price/serverless.yml": _settings("Price", "ap-shanghai"),
            "tests/test_chain.py": _TEST_CHAIN,
            "pytest.ini": PYTEST_INI,
        },
        "Gateway",
        '{"item": "tea", "count": 2}',
    ),
    "timer": _of_one("Report", _TIMER, _TEST_TIMER, _TIMER_EVENT, _TIMER_TRIGGER),
    "cos": _of_one("Inbox", _COS, _TEST_COS, _COS_EVENT, _COS_TRIGGER),
}
