"""Tests of a user, some of which fail: tests/plugin/test_complaints.py reads their reports."""

import asyncio
import os
import socket
import threading
import time

import pytest
import shop

from tencentserverless import aio, scf
from tencentserverless.exception import AuthError, FunctionError, NotFoundError, SettingsError, TransportError

seen = []


def test_fails_before_the_account(scf_local):
    scf_local.stub("Refund", returns=1)
    scf_local.stub("Pay", returns="something")
    assert shop.pay("tea") == "paid"


def test_swallows_what_the_stub_raises(scf_local):
    scf_local.stub("Pay", calls=lambda event: event["none"])
    with pytest.raises(FunctionError):
        shop.pay("tea")


@pytest.mark.scf_local(strict=False)
def test_not_strict_by_marker(scf_local):
    scf_local.stub("Refund", returns=1)


def test_strict_by_default(scf_local):
    scf_local.stub("Refund", returns=1)


def test_used_often(scf_local):
    scf_local.stub("Pay", returns=1)
    assert [shop.pay("tea") for _ in range(3)] == [1, 1, 1]


def test_never(scf_local):
    scf_local.stub("Pay", returns=1, times=0)
    shop.pay("tea")


def test_invokes_what_is_not_there(scf_local):
    with pytest.raises(NotFoundError):
        scf.invoke("Ordr")


@pytest.mark.scf_local(functions="functions/Pay")
@pytest.mark.parametrize("_", [1])
@pytest.mark.usefixtures("scf_guard")
def test_reaches_for_the_cloud(_):
    with pytest.raises(TransportError):
        scf.Client("ap-beijing", "id", "key", endpoint="https://scf.tencentcloudapi.com").invoke("Pay")
    asyncio.run(asyncio.sleep(0))  # needs a pair of sockets
    assert socket.getaddrinfo("localhost", 80)


@pytest.mark.parametrize("_", range(3))
def test_sees_a_fresh_endpoint(scf_local, scf_client, _):
    seen.append((scf_local.endpoint, scf_local.secret_id))
    scf_local.deploy(lambda event, context: len(scf_local.invocations()), name="Count")
    assert scf_client.Count().value == 1
    assert len({endpoint for endpoint, _ in seen}) == 1
    assert len({secret_id for _, secret_id in seen}) == len(seen)


late = []


def test_leaves_a_client_behind(scf_local, scf_client):
    late.append(scf_client)
    scf_local.stub("Pay", returns=1, optional=True)


def test_is_not_disturbed_by_that_client(scf_local):
    scf_local.stub("Pay", returns=1, optional=True)
    with pytest.raises(AuthError):
        late.pop().invoke("Pay")
    assert scf_local.invocations() == []


@pytest.mark.parametrize("_", range(2))
def test_asks_from_a_loop_of_its_own(scf_local, scf_async_client, _):
    scf_local.stub("Pay", returns=1)

    async def main():
        async with scf_async_client as client, aio.AsyncClient() as other:
            return (await client.invoke("Pay")).value + (await other.invoke("Pay")).value

    assert asyncio.run(main()) == 2


def test_sees_no_keys_of_the_developer(scf_local):
    assert "developers" not in (os.environ["TENCENTCLOUD_SECRET_ID"], os.environ["TENCENTCLOUD_SECRETID"])
    with pytest.raises(SettingsError):
        scf.Client(profile="work").invoke("Pay")


def test_has_the_developer_s_keys_without_the_fixture():
    assert os.environ["TENCENTCLOUD_SECRET_ID"] == "developers"


@pytest.mark.scf_local(in_process=True)
def test_runs_the_function_on_a_thread_of_its_own(scf_local):
    threads = set()
    scf_local.stub("Ship", calls=lambda event: threads.add(threading.get_ident()))
    assert shop.buy("tea") == "paid for tea"
    assert scf_local.wait_for_idle()
    assert threads
    assert threading.get_ident() not in threads


def test_has_real_time(scf_local):
    scf_local.stub("Pay", calls=lambda event: time.sleep(0.02))
    started = time.monotonic()
    shop.pay("tea")
    assert time.monotonic() - started >= 0.02


def test_gives_the_program_another_time(scf_local, monkeypatch):
    scf_local.stub("Pay", returns="paid")
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", iter([1.0, 2.0]).__next__)
        assert [time.time(), shop.pay("tea"), time.time()] == [1.0, "paid", 2.0]
    assert time.time() - scf_local.invocations("Pay")[0].invocation.received_at < 60


def test_is_skipped_after_a_stub(scf_local):
    scf_local.stub("Pay", returns="paid")
    pytest.skip("not today")


def test_is_served_on_a_free_port(scf_local):
    port = int(scf_local.endpoint.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("127.0.0.1", port))
    assert port not in (80, 5000, 8000, 8080, 9000)


CLIENTS = {
    "the host of a region": lambda: scf.Client("ap-shanghai-fsi", "id", "key", proxy="", timeout=0.3),
    "the private network": lambda: scf.Client(
        "ap-beijing", "id", "key", endpoint="https://SCF.internal.tencentcloudapi.com", timeout=0.3
    ),
}


@pytest.mark.usefixtures("scf_guard")
@pytest.mark.parametrize("client", CLIENTS)
def test_reaches_for(client, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(TransportError):
        CLIENTS[client]().invoke("Pay")


def test_reaches_for_the_cloud_with_asyncio(scf_local):
    client = aio.AsyncClient("ap-beijing", "id", "key", endpoint="https://scf.tencentcloudapi.com", timeout=0.3)
    with pytest.raises(TransportError):
        asyncio.run(client.invoke("Pay"))


@pytest.mark.scf_local(allow_hosts="scf.tencentcloudapi.com")
def test_may_reach_for_the_cloud(scf_local):
    with pytest.raises(socket.gaierror) as refused:
        socket.getaddrinfo("scf.tencentcloudapi.com", 80, flags=socket.AI_NUMERICHOST)
    assert "must not" not in str(refused.value)


@pytest.mark.usefixtures("scf_guard")
def test_reaches_other_hosts():
    for host in ("127.0.0.1", b"127.0.0.1", None):
        assert socket.getaddrinfo(host, 80)
