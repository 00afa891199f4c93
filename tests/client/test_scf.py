"""The blocking client's public face, against a server on loopback."""

import copy
import json
import os
import pickle
import subprocess
import sys

import pytest

from tencentserverless import exception as errors
from tencentserverless import scf
from tencentserverless.aio import AsyncClient
from tencentserverless.scf import Client
from tests.loopback import KEYS, Server, answering, header, http, result


@pytest.fixture
def echo(monkeypatch):
    """A server that returns what it was asked as the function's result; the environment points to it."""

    def answer(head, body):
        names = ("X-TC-Action", "X-TC-Region", "X-TC-Language", "X-TC-Token", "Authorization")
        asked = {name: header(head, name) for name in names}
        asked["body"] = json.loads(body.decode("utf-8"))
        return http(result(json.dumps(asked)))

    for name in list(os.environ):
        if name.startswith(("TENCENT", "SCF_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", KEYS["secret_id"])
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", KEYS["secret_key"])
    with Server(answering(answer)) as server:
        monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT", server.endpoint)
        yield server


def sent(outcome):
    """The body that the echoing server was asked with."""
    return json.loads(outcome)["body"]


def event(outcome):
    """The event that the echoing server was asked with; None where there was none."""
    text = sent(outcome).get("ClientContext")
    return None if text is None else json.loads(text)


def test_the_documented_positional_order_of_invoke(echo):
    """scf.invoke takes its ten arguments in the order that was documented."""
    asked = scf.invoke("f", "ap-chengdu", "AKID", "key", " ", "ns", "Tail", "3", "RequestResponse", {"a": "b"}).value
    assert asked["X-TC-Region"] == "ap-chengdu"
    assert "Credential=AKID/" in asked["Authorization"]
    assert asked["X-TC-Token"] is None
    assert asked["body"] == {
        "FunctionName": "f",
        "Namespace": "ns",
        "Qualifier": "3",
        "InvocationType": "RequestResponse",
        "LogType": "Tail",
        "ClientContext": '{"a":"b"}',
    }


def test_the_documented_positional_order_of_client(echo):
    """Client takes region, id, key and token, and keeps them as attributes that can be assigned."""
    client = Client("ap-chengdu", "AKID", "key", "token")
    assert (client.region, client.secret_id, client.secret_key, client.token) == ("ap-chengdu", "AKID", "key", "token")
    client.region, client.token = "ap-beijing", "other"
    asked = client.invoke("f").value
    assert (asked["X-TC-Region"], asked["X-TC-Token"]) == ("ap-beijing", "other")


def test_the_documented_positional_order_of_client_invoke(echo):
    """Client.invoke takes its six arguments in the order that was documented."""
    asked = sent(Client().invoke("f", "ns", "Tail", "3", "Event", {}))
    assert [asked[name] for name in ("Namespace", "LogType", "Qualifier", "InvocationType", "ClientContext")] == [
        "ns",
        "Tail",
        "3",
        "Event",
        "{}",
    ]


def test_defaults_are_sent_explicitly(echo):
    """Namespace, qualifier, log type and invocation type are always sent, the action is Invoke."""
    asked = Client().invoke("f").value
    assert asked["X-TC-Action"] == "Invoke"
    assert asked["X-TC-Region"] == "ap-guangzhou"
    assert asked["body"] == {
        "FunctionName": "f",
        "Namespace": "default",
        "Qualifier": "$LATEST",
        "InvocationType": "RequestResponse",
        "LogType": "None",
    }


@pytest.mark.parametrize("data", [{}, [], 0, False, "", 1.5, "text", {"a": [None, {"b": "中文"}]}, "\ud800"])
def test_every_json_value_is_an_event(echo, data):
    """Falsy values are events too, and non-ASCII text arrives as it was."""
    assert event(scf.invoke("f", data=data)) == data


def test_none_is_no_event(echo):
    """None sends no event."""
    assert event(scf.invoke("f", data=None)) is None


def test_the_native_forms_send_the_same(echo):
    """data=, a positional event and keyword fields are three ways to send one event."""
    client = Client()
    for outcome in (
        client.FuncInvoked(data={"a": "b"}),
        client.FuncInvoked({"a": "b"}),
        client.FuncInvoked(a="b"),
        client["FuncInvoked"](a="b"),
        client.call("FuncInvoked")({"a": "b"}),
    ):
        assert (sent(outcome)["FunctionName"], event(outcome)) == ("FuncInvoked", {"a": "b"})


def test_only_the_four_historic_options_are_options(echo):
    """Everything but namespace, qualifier, log_type and invocation_type is a field of the event."""
    outcome = Client().f(
        namespace="ns", qualifier="1", log_type="Tail", invocation_type="Event", timeout=5, region="x", self=1, name="n"
    )
    assert event(outcome) == {"timeout": 5, "region": "x", "self": 1, "name": "n"}
    assert (sent(outcome)["Namespace"], sent(outcome)["Qualifier"]) == ("ns", "1")


def test_a_native_call_without_arguments_sends_no_event(echo):
    """client.f() sends no event, client.f({}) sends an empty one, client.f(data=None) none."""
    client = Client()
    assert (event(client.f()), event(client.f({})), event(client.f(data=None))) == (None, {}, None)


@pytest.mark.parametrize(
    "give",
    [
        lambda function: function(data=1, other=2),
        lambda function: function(1, other=2),
        lambda function: function(1, data=2),
        lambda function: function(1, 2),
    ],
)
def test_an_event_given_twice_is_a_type_error(echo, give):
    """An event in two places is refused before anything is sent."""
    with pytest.raises(TypeError, match="once"):
        give(Client().f)
    assert echo.accepted == 0


def test_names_with_an_underscore_are_not_functions():
    """Attribute names that begin with an underscore do not exist, other names do."""
    client = Client()
    assert not hasattr(client, "_anything")
    assert not hasattr(client, "__anything__")
    assert hasattr(client, "anything")
    assert repr(client.anything) == "<function 'anything' of <Client region=None endpoint=None>>"


def test_tools_do_not_invoke(echo):
    """What IPython, FastAPI, pydantic and makers of JSON call on any object is not a function of the client."""
    for name in ("getdoc", "keys", "tolist", "for_json", "to_dict", "to_plotly_json"):
        for client in (Client(), AsyncClient()):
            with pytest.raises(AttributeError, match=f"client\\['{name}'\\] is the function of this name"):
                getattr(client, name)
    assert Client()["keys"]().value["body"]["FunctionName"] == "keys"


def test_a_client_is_no_container():
    """`in`, `for`, list() and dict() raise TypeError and send nothing."""
    client = Client()
    for attempt in (iter, list, dict, lambda client: "f" in client, lambda client: client[0]):
        with pytest.raises(TypeError):
            attempt(client)


def test_the_public_names_of_a_client():
    """Every public name of a client is a function name less; these are all of them."""
    own = {"region", "secret_id", "secret_key", "token", "invoke", "call", "function", "invocation"}
    own |= {"close", "connect"}
    for client, more in ((Client(), set()), (AsyncClient(), {"aclose"})):
        assert {name for name in dir(client) if not name.startswith("_")} == own | more


def test_the_public_names_of_the_module():
    """tencentserverless.scf exports what it always did, and the result's class."""
    assert set(scf.__all__) == {
        "Client",
        "InvokeResult",
        "TencentCloudSDKException",
        "TencentServerlessSDKException",
        "invoke",
    }


def test_copies_and_pickles_of_a_client_work(echo):
    """A client that was copied or pickled invokes with the same settings."""
    client = Client("ap-chengdu", default=str)
    with client:
        for other in (copy.copy(client), copy.deepcopy(client), pickle.loads(pickle.dumps(client))):
            outcome = other.invoke("f", data={"a": {1}})
            assert (outcome.value["X-TC-Region"], event(outcome)) == ("ap-chengdu", {"a": "{1}"})


def test_a_default_that_fails(echo):
    """What `default` raises, whatever it is, is an EventError that names the place, with the exception as its cause."""

    def fail(value):
        raise OSError("disk")

    with pytest.raises(errors.EventError, match=r'data\["a"\]: set \(default\(\) raised OSError\)') as caught:
        Client(default=fail).invoke("f", data={"a": {1}})
    assert isinstance(caught.value.__cause__, OSError)
    assert (caught.value.executed, echo.accepted) == ("no", 0)


class Lazy(dict):
    """A dict that reads its items when they are wanted, which can fail."""

    def items(self):
        raise self["error"]


@pytest.mark.parametrize("error", [RuntimeError("dictionary changed size"), KeyError("x"), OSError(), MemoryError()])
def test_an_event_whose_own_code_fails(echo, error):
    """What an event raises while it is read is the cause of an EventError, in a map at its place; nothing is sent."""
    event = {"deep": [Lazy(error=error)]}
    with Client() as client:
        outcomes = list(client.function("f").map([event, event], return_exceptions=True))
        with pytest.raises(errors.EventError, match=f"reading the event raised {type(error).__name__}") as caught:
            client.invoke("f", data=event)
    for failure in (caught.value, *outcomes):
        assert (type(failure), failure.executed, failure.__cause__) == (errors.EventError, "no", error)
    assert echo.accepted == 0


@pytest.mark.parametrize("ca_file", [5, ["x"], True])
def test_certificates_are_a_path(echo, ca_file):
    """What is not a path is a SettingsError before anything is sent."""
    with pytest.raises(errors.SettingsError, match="ca_file is a path, not "):
        Client(ca_file=ca_file).invoke("f")
    assert echo.accepted == 0


def test_the_repr_of_a_client_shows_no_secret():
    """Neither id, key nor token is in a client's repr."""
    shown = repr(Client("ap-chengdu", "AKIDsecret", "keysecret", "tokensecret"))
    assert "secret" not in shown


def test_credentials_are_read_at_each_invocation(echo, monkeypatch):
    """A client made once uses the credentials that the environment has now."""
    client = Client()
    monkeypatch.setenv("TENCENTCLOUD_SESSIONTOKEN", "one")
    assert client.invoke("f").value["X-TC-Token"] == "one"
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "AKIDnew")
    monkeypatch.setenv("TENCENTCLOUD_SESSIONTOKEN", "two")
    asked = client.invoke("f").value
    assert asked["X-TC-Token"] == "two"
    assert "Credential=AKIDnew/" in asked["Authorization"]


def test_an_event_that_is_not_json_is_named_and_nothing_is_sent(echo):
    """The path of the part that JSON does not take is in the error; nothing was sent."""
    with pytest.raises(errors.EventError, match=r'data\["user"\]\["born"\]: set') as caught:
        scf.invoke("f", data={"user": {"name": "x", "born": {1}}})
    assert isinstance(caught.value, TypeError)
    assert caught.value.executed == "no"
    assert echo.accepted == 0


def test_a_setting_that_nobody_knows_is_a_type_error():
    """A misspelt option is refused by name."""
    with pytest.raises(TypeError, match="tiemout"):
        scf.invoke("f", tiemout=5)


@pytest.mark.parametrize("name", [None, "", 5, b"f"])
def test_a_function_name_is_a_text(name):
    """A function name that is no text, or empty, is refused before anything is sent."""
    with pytest.raises(TypeError, match="function_name"):
        scf.invoke(name, **KEYS)


def test_the_result_prints_as_the_json_text(echo):
    """The result is the JSON text with its quotes, and has the decoded value and the figures beside it."""
    with Server(answering(http(result('"Hello World"', Log="END")))) as server:
        outcome = scf.invoke("f", endpoint=server.endpoint)
    assert str(outcome) == '"Hello World"'
    assert outcome.value == "Hello World"
    assert (outcome.request_id, outcome.function_request_id) == ("r" * 36, "f" * 36)
    assert (outcome.duration_ms, outcome.billed_ms, outcome.memory_bytes) == (3.5, 4, 11112448)
    assert outcome.log_tail == "END"


@pytest.mark.parametrize("name", ["namespace", "log_type", "qualifier", "invocation_type"])
@pytest.mark.parametrize("value", [{"a": 1}, {}, ["a"], 5, 0, True, False, b"default"])
def test_an_option_that_is_not_a_text(echo, name, value):
    """An option that is not a text is named with its type."""
    with pytest.raises(TypeError, match=f"^{name} is a text, not {type(value).__name__}"):
        Client().invoke("f", **{name: value})


def test_an_event_as_the_second_argument(echo):
    """An event in the place of the namespace or the region is answered with how an event is given."""
    for event in ({"a": 1}, {}, [], 0, False):
        with pytest.raises(TypeError, match="the second argument is the namespace, the event is data="):
            Client().invoke("f", event)
        with pytest.raises(TypeError, match="the second argument is the region, the event is data=; f was not invoked"):
            scf.invoke("f", event)
    assert echo.accepted == 0


def test_the_language_of_the_messages(echo, monkeypatch):
    """The language is Chinese, or that of the environment, or of the argument, in every form of invocation."""
    assert Client().invoke("f").value["X-TC-Language"] == "zh-CN"
    assert scf.invoke("f", language="en-US").value["X-TC-Language"] == "en-US"
    monkeypatch.setenv("TENCENTSERVERLESS_LANGUAGE", "en-US")
    assert Client().function("f").invoke().value["X-TC-Language"] == "en-US"
    assert [value["X-TC-Language"] for value in Client().function("f").map([1])] == ["en-US"]
    assert Client(language="zh-CN").f().value["X-TC-Language"] == "zh-CN"


@pytest.mark.parametrize(("argument", "variable"), [("fr", None), (None, "English"), ("zh-CN\r\nX: y", None)])
def test_a_language_that_the_api_does_not_have(echo, monkeypatch, argument, variable):
    """Another language is a SettingsError that names where it came from, and nothing is sent."""
    if variable is not None:
        monkeypatch.setenv("TENCENTSERVERLESS_LANGUAGE", variable)
    name = "TENCENTSERVERLESS_LANGUAGE" if argument is None else "language"
    with pytest.raises(errors.SettingsError, match=f"{name} is zh-CN or en-US") as caught:
        Client(language=argument).invoke("f")
    assert caught.value.function_name == "f"


def test_the_routing_key_travels_as_json_text(echo):
    """routing_key is sent as the JSON text that the API asks for."""
    assert sent(Client().invoke("f", routing_key={"User": "Bob"}))["RoutingKey"] == '{"User": "Bob"}'


def test_importing_the_client_loads_nothing_heavy():
    """`import tencentserverless.scf` loads none of the modules that cost a cold start."""
    heavy = ("asyncio", "dataclasses", "http.client", "logging", "random", "requests", "ssl", "typing", "urllib.parse")
    program = f"import sys, tencentserverless.scf; print(*[name for name in {heavy!r} if name in sys.modules])"
    # -S: what the environment's own start-up files load is not ours
    path = os.pathsep.join(entry for entry in sys.path if entry)
    shown = subprocess.check_output(
        [sys.executable, "-S", "-c", program], env=dict(os.environ, PYTHONPATH=path), universal_newlines=True
    )
    assert shown.split() == []
