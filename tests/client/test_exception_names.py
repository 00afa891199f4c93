"""Every error of an invocation names the function, its region and its namespace, whichever client made it."""

import pytest

from tencentserverless import exception as errors
from tests.clients import KINDS, client_of
from tests.loopback import Server, answering, failure, http, read_request, refusal


def no_credentials():
    raise errors.SettingsError("InvalidCredential", "the vault is closed")


def named(error):
    return error.function_name, error.region, error.namespace


def hang_up(connection, number):
    read_request(connection)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "family", "executed"),
    [
        (failure(430, stackTrace="KeyError: 1"), errors.FunctionError, "yes"),
        (failure(433), errors.InvocationError, "yes"),
        (refusal("ResourceNotFound.Function"), errors.NotFoundError, "no"),
        (b"<html>", errors.ProtocolError, "maybe"),
    ],
)
def test_answers(kind, answer, family, executed):
    """The error of an answer names the function and says whether it ran."""
    with Server(answering(lambda head, body: http(answer))) as server:
        with client_of(kind, server.endpoint, region="ap-chengdu") as client:
            with pytest.raises(family) as caught:
                client.invoke("Prices", namespace="shop")
    assert named(caught.value) == ("Prices", "ap-chengdu", "shop")
    first = str(caught.value).split("\n")[0]
    assert first.startswith("Prices (ap-chengdu/shop)")
    assert {"yes": "; it ran", "no": "; it did not run", "maybe": "; it may have run"}[executed] in first


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_ends(kind):
    """A connection that ends after the request leaves open whether the function ran, and the first line says why."""
    with Server(hang_up) as server:
        with client_of(kind, server.endpoint) as client:
            with pytest.raises(errors.TransportError) as caught:
                client.invoke("Prices")
    assert named(caught.value) == ("Prices", "ap-guangzhou", "default")
    assert caught.value.endpoint == server.endpoint
    assert str(caught.value).startswith(
        "Prices (ap-guangzhou/default) gave no result; it may have run: "
        f"the connection ended while waiting for the answer [{server.endpoint}]\n"
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("settings", "options", "family"),
    [
        ({"credentials": no_credentials}, {}, errors.SettingsError),
        ({}, {"data": {1, 2}}, errors.EventError),
        ({}, {"routing_key": {"a": "b" * 2000}}, errors.SettingsError),
        ({}, {}, errors.ConnectError),
    ],
)
def test_before_anything_is_sent(kind, settings, options, family):
    """An error before anything is sent names the function too, and says that it did not run."""
    with client_of(kind, "http://127.0.0.1:1", **settings) as client:
        with pytest.raises(family) as caught:
            client.invoke("Prices", **options)
    assert named(caught.value) == ("Prices", "ap-guangzhou", "default")
    assert "; it did not run" in str(caught.value).split("\n")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_credentials_that_are_gone_for_the_second_attempt(kind):
    """Credentials that cannot be had for another attempt are told with the function's name."""
    found = [("AKIDEXAMPLE", "example-secret-key", None)]

    def credentials():
        return found.pop() if found else no_credentials()

    with Server(answering(lambda head, body: http(refusal("RequestLimitExceeded")))) as server:
        with client_of(kind, server.endpoint, credentials=credentials) as client:
            with pytest.raises(errors.SettingsError) as caught:
                client.invoke("Prices")
    assert named(caught.value) == ("Prices", "ap-guangzhou", "default")
    assert caught.value.executed == "no"
