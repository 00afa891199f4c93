import asyncio

import pytest
import shop

from tencentserverless.exception import FunctionError, InvocationError

THINGS = ["tea", "coffee", "milk", "sugar", "salt"]


@pytest.mark.parametrize("item", THINGS[:2])
def test_buying(scf_local, item):
    assert shop.buy(item) == "paid for " + item
    assert scf_local.wait_for_idle()
    order, pay, ship = sorted(scf_local.invocations(), key=lambda record: record.function_name)
    assert (pay.parent, ship.parent) == (order.request_id, order.request_id)
    assert pay.invocation.function.region == "ap-shanghai"
    assert ship.log == "shipping %s\n" % item


@pytest.mark.parametrize("item", THINGS)
def test_a_stub_pays(scf_local, item):
    scf_local.stub("Pay", calls=lambda event: event["item"].upper(), region="ap-shanghai", times=1)
    assert shop.pay(item) == item.upper()


@pytest.mark.parametrize("item", THINGS)
def test_paying(scf_client, scf_local, item):
    assert scf_client.function("Pay", region="ap-shanghai")(item=item) == shop.pay(item)
    assert len(scf_local.invocations("Pay")) == 2


@pytest.mark.parametrize("item", THINGS)
def test_no_order_is_left_of_another_test(scf_local, item):
    scf_local.stub("Order", returns={"paid": "paid"})
    assert shop.buy(item) == "paid"
    assert [record.event for record in scf_local.invocations("Order")] == [{"item": item}]


def test_an_instance_is_new_in_each_test_and_kept_within_it(scf_local, scf_client):
    scf_local.stub("Pay", status=433, times=1)
    scf_local.stub("Pay", returns="paid")
    with pytest.raises(FunctionError) as failed:
        scf_client.Order(item="tea")
    assert [hop.function_name for hop in failed.value.chain] == ["Order", "Pay"]
    assert scf_client.Order(item="tea").value == {"paid": "paid", "count": 2}


@pytest.mark.scf_local(functions="functions/Pay", in_process=True)
def test_marker(scf_local):
    assert [function.name for function in scf_local.functions] == ["Pay"]
    assert shop.pay("tea") == "paid for tea"


def test_asyncio(scf_local, scf_async_client):
    async def main():
        async with scf_async_client as client:
            pay = client.function("Pay", region="ap-shanghai")
            return await asyncio.gather(*(pay(item=item) for item in THINGS))

    assert asyncio.run(main()) == ["paid for " + item for item in THINGS]


@pytest.mark.scf_faults("Pay", only=[407, 430, 433, 439, 443, 500, "reset-before", "reset-after", "truncated"])
def test_paying_with_faults(scf_local):
    assert shop.pay("tea") == "paid for tea"


@pytest.mark.scf_faults("Order", only=[433, 435, 437, 443, "truncated"])
def test_what_the_customer_reads(scf_local, scf_fault):
    scf_local.stub("Order", returns={"paid": "paid"})
    expected = {None: "paid", "435": "not bought", "437": "not bought"}.get(scf_fault, "ask us")
    assert shop.buy("tea") == expected


@pytest.mark.scf_faults("Pay", only=434)
@pytest.mark.scf_faults("Ship", only=434, times=1)
def test_two_functions(scf_local, scf_fault):
    scf_local.stub("Pay", returns="paid")
    scf_local.stub("Ship", returns="shipped", times=range(1, 3))
    if scf_fault is None or scf_fault.function == "Ship":
        assert shop.pay_and_ship("tea") == ("paid", "shipped")
    else:
        with pytest.raises(InvocationError):
            shop.pay_and_ship("tea")


def test_nothing_else():
    with pytest.raises(InvocationError):
        raise InvocationError(-1, "a test that needs no endpoint")
