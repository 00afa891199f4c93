"""No secret leaves the package: not in a message, a repr or a trace, nor in the variables of a traceback."""

import contextlib
import json
import os
import traceback
from collections.abc import Mapping, Sequence, Set

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless import exception as errors
from tencentserverless import scf
from tencentserverless._protocol import tc3
from tencentserverless.scf import Client
from tests.clients import KINDS, client_of
from tests.loopback import Server, answering, http, read_request, refusal, result

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # the tests' own variables hold the secrets
# A digit in front: no word of a program, which hypothesis draws too, begins with one.
secrets = st.lists(
    st.text([chr(number) for number in range(0x21, 0x7F) if chr(number) not in "'\"\\"], min_size=14, max_size=80).map(
        "7{}".format
    ),
    min_size=4,
    max_size=4,
    unique=True,
)


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """An environment without settings."""
    for name in list(os.environ):
        if name.upper().startswith(("TENCENT", "TCCLI_", "TKE_", "HTTPS_PROXY", "NO_PROXY")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("TENCENTCLOUD_RUNENV", "SCF")


def shown(value, depth=0):
    """What tools such as Sentry show of a variable: they look into containers, and take the repr of other things."""
    if depth < 6 and isinstance(value, Mapping):
        return " ".join(shown(key, depth + 1) + shown(item, depth + 1) for key, item in list(value.items()))
    if depth < 6 and isinstance(value, (Sequence, Set)) and not isinstance(value, (str, bytes, memoryview)):
        return " ".join(shown(item, depth + 1) for item in list(value))
    try:
        return repr(value)
    except Exception:  # a dead object, for example
        return ""


def texts_of(error):
    """Everything that is shown of an error and of those behind it: messages, and the variables of their frames."""
    seen, texts = set(), []
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        texts += [str(error), repr(error), shown(vars(error))]
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if not frame.f_code.co_filename.startswith(HERE):
                texts += [f"{name} = {shown(value)}" for name, value in frame.f_locals.items()]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return texts


def check(texts, hidden):
    """No text holds one of these secrets, as it is or as a repr writes it."""
    for text in texts:
        for secret in hidden:
            assert secret not in text, "a secret is shown in: " + text.replace(secret, "<SECRET>")[:300]


def failure_of(invoke):
    """The error that a call raises."""
    try:
        invoke()
    except Exception as error:
        return error
    raise AssertionError("no error")


def closing(connection, number):
    """Read a request and leave."""
    read_request(connection)


def mirror(head, body):
    """Send the request back, as a wrong server may."""
    return http(head.encode("latin-1") + body)


def refusing(head, body):
    """Refuse the credentials."""
    return http(refusal("AuthFailure.TokenFailure"))


def garbling(connection, number):
    """Send the header lines of the request back, one of them as a status line or not as a field at all."""
    lines = read_request(connection)[0].encode("latin-1").split(b"\r\n")[1:]
    token = next(line for line in lines if line.startswith(b"X-TC-Token"))
    connection.sendall(
        token + b"\r\n\r\n" if number % 2 else b"HTTP/1.1 200 OK\r\n" + token.replace(b": ", b" ") + b"\r\n"
    )


def quoting(head, body):
    """Refuse the credentials, and quote them in the message."""
    return http(refusal("AuthFailure.TokenFailure", head))


def escaping(head, body):
    """Send the request back in JSON whose slashes are escaped."""
    return http(json.dumps(head).replace("/", "\\/").encode("ascii"))


SERVERS = {"closing": closing, "mirror": answering(mirror), "refusing": answering(refusing)}
SERVERS.update(garbling=garbling, quoting=answering(quoting), escaping=answering(escaping))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SERVERS)
def test_after_the_request_was_sent(kind, name):
    """Whatever a server does with a request, neither the error nor the trace shows an id, a key or a token."""
    steps = []

    @settings(max_examples=8, deadline=None)
    @given(secrets)
    def prove(hidden):
        secret_id, secret_key, token, _ = hidden
        keys = {"secret_id": secret_id, "secret_key": secret_key, "token": token, "trace": steps.append}
        with client_of(kind, server.endpoint, credentials=None, **keys) as client:
            error = failure_of(lambda: client.invoke("f"))
            check([*texts_of(error), repr(client), *map(repr, steps), *(repr(step.about) for step in steps)], hidden)
            assert isinstance(error, errors.CloudError)
        del steps[:]

    with Server(SERVERS[name]) as server:
        prove()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("proxy", ["http://me:%s@127.0.0.1:1", "http://me:%s", "me:%s@host:x", "socks5://me:%s@h:1"])
@pytest.mark.parametrize("where", ["argument", "HTTPS_PROXY"])
def test_the_login_of_a_proxy(kind, proxy, where, monkeypatch):
    """A proxy that is not there, and an address that is written wrong, are told without the password."""

    @settings(max_examples=10, deadline=None)
    @given(st.text("abcXYZ019%#?/@:", min_size=14, max_size=30))
    def prove(password):
        address = proxy % password
        given_proxy = address if where == "argument" else None
        if where != "argument":
            monkeypatch.setenv(where, address)
        with client_of(kind, "https://scf.example", proxy=given_proxy) as client:
            check([*texts_of(failure_of(lambda: client.invoke("f", timeout=0.05))), repr(client)], [password])

    prove()


@pytest.mark.parametrize("kind", KINDS)
def test_while_a_request_is_signed(kind, monkeypatch):
    """An error in the midst of signing shows neither the key nor the token."""

    def fail(*_):
        raise MemoryError

    hidden = ["AKIDsign0123456789abcdef", "sign-key-0123456789", "sign-token-0123456789"]
    for name in ("sha256", "_hmac", "_pads", "utc_date"):
        with monkeypatch.context() as patched, client_of(
            kind, "http://127.0.0.1:1", credentials=None, **dict(zip(("secret_id", "secret_key", "token"), hidden))
        ) as client:
            patched.setattr(tc3, name, fail)
            patched.setattr(tc3, "_keys", {})
            patched.setattr("tencentserverless._protocol.request._forms", {})
            check(texts_of(failure_of(lambda used=client: used.invoke("f"))), hidden)


class Unusable:
    """An end of credentials that raises something of its own."""

    def timestamp(self):
        raise LookupError


WRONG_ORDERS = {
    "key first": lambda secret_id, secret_key: Client(secret_key, secret_id).invoke("f"),
    "id first": lambda secret_id, secret_key: Client(secret_id, secret_key).invoke("f"),
    "all of them": lambda secret_id, secret_key: Client(secret_id, secret_key, "ap-guangzhou").invoke("f"),
    "key alone": lambda secret_id, secret_key: Client(secret_key=secret_key).invoke("f"),
    "id alone": lambda secret_id, secret_key: Client(secret_id=secret_id).invoke("f"),
    "as endpoint": lambda secret_id, secret_key: Client(endpoint=secret_key + " ").invoke("f"),
    "as timeout": lambda secret_id, secret_key: Client("ap-guangzhou", secret_id, secret_key, timeout="5").invoke("f"),
    "of invoke": lambda secret_id, secret_key: scf.invoke("f", secret_key, secret_id),
    "with a wrong option": lambda secret_id, secret_key: scf.invoke(
        "f", "ap-guangzhou", secret_id, secret_key, connect_timeout=-1
    ),
    "with a blank in it": lambda secret_id, secret_key: Client(None, secret_id, "se cret" + secret_key).invoke("f"),
    "in a list": lambda secret_id, secret_key: Client(None, secret_id, [secret_key]).invoke("f"),
    "of a function": lambda secret_id, secret_key: Client().function("f", secret_id=secret_id, secret_key=secret_key),
    "of a callable that fails": lambda secret_id, secret_key: Client(
        credentials=lambda: (secret_id, secret_key, None, Unusable())
    ).invoke("f"),
    "of a callable": lambda secret_id, secret_key: Client(
        credentials=lambda: (secret_id, secret_key, None, "x")
    ).invoke("f"),
}


@pytest.mark.parametrize("name", WRONG_ORDERS)
def test_arguments_in_the_wrong_place(name):
    """A key or an id that was given in the wrong place is not shown, and the error says what is wrong."""
    secret_id, secret_key = "AKIDWrong0123456789ABCDEF", "Wrong/Key+0123456789"
    error = failure_of(lambda: WRONG_ORDERS[name](secret_id, secret_key))
    assert isinstance(error, (errors.SettingsError, ValueError, TypeError))
    check(texts_of(error), [secret_id, secret_key])


def test_reprs():
    """The repr of a client shows the region and the endpoint, but nothing that stands in their place."""
    assert "ap-chengdu" in repr(Client("ap-chengdu", "AKIDx", "k", endpoint="http://127.0.0.1:9000"))
    assert "http://127.0.0.1:9000" in repr(Client("ap-chengdu", "AKIDx", "k", endpoint="http://127.0.0.1:9000"))
    shown_wrongly = repr(Client("AKIDx/secret", endpoint="http://me:password@host"))
    assert "secret" not in shown_wrongly
    assert "password" not in shown_wrongly


def test_the_environment_and_files(monkeypatch, tmp_path):
    """A value of the environment or of a file that cannot be sent is told by its place alone."""
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "AKIDenv")
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "env secret")
    error = failure_of(lambda: Client().invoke("f"))
    assert "TENCENTCLOUD_SECRETKEY holds the character U+0020" in error.message
    check(texts_of(error), ["AKIDenv", "env secret"])
    folder = tmp_path / ".tccli"
    folder.mkdir()
    with contextlib.suppress(OSError):
        (folder / "work.credential").write_text('{"secretId": "AKIDfile",\n "secretKey": "file secret"', "utf-8")
    error = failure_of(lambda: Client(profile="work").invoke("f"))
    assert "work.credential, line 2" in error.message
    check(texts_of(error), ["AKIDfile", "file secret"])


def test_a_result_is_not_touched():
    """A result that holds the id of the caller arrives as the function returned it."""
    with Server(answering(http(result('"AKIDEXAMPLE"')))) as server:
        assert Client(None, "AKIDEXAMPLE", "k", endpoint=server.endpoint).invoke("f").value == "AKIDEXAMPLE"
