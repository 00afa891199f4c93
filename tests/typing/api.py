"""What a type checker makes of the public names. Checked, never run: `make lint` runs mypy and pyright on it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Tuple, TypedDict

from tencentserverless import scf
from tencentserverless.aio import AsyncClient
from tencentserverless.exception import ServerlessError, TencentServerlessSDKException
from tencentserverless.scf import Client, InvokeResult

if TYPE_CHECKING:
    from typing_extensions import assert_type


class Thumbnail(TypedDict):
    key: str
    width: int


@dataclass
class Order:
    number: int


def count(value: Dict[str, int]) -> int:
    return sum(value.values())


def blocking(client: Client) -> None:
    assert_type(scf.invoke("f", "ap-guangzhou", data={"a": "b"}, timeout=5), InvokeResult)
    assert_type(client.invoke("f", data=[1, None], region="ap-chengdu", routing_key={"User": "Bob"}), InvokeResult)
    text: str = client.invoke("f")
    value: Any = client.invoke("f").value
    print(text, value, client.FuncInvoked(a=1), client["fn-name"]({"a": 1}))
    assert_type(client.function("f")(a=1), Any)
    assert_type(client.function("f", returns=Thumbnail)({"key": "a"}), Thumbnail)
    assert_type(client.function("f", returns=Order, namespace="ns")(number=1), Order)
    assert_type(client.function("f", returns=count).invoke(1), InvokeResult)
    assert_type(list(client.function("f", returns=count).map(range(3))), List[int])
    pairs = client.function("f", returns=count).map(range(3), with_results=True, retries=2)
    assert_type(list(pairs), List[Tuple[int, InvokeResult]])
    client.connect()
    client.close()
    with client as same:
        assert_type(same, Client)


async def awaited(client: AsyncClient) -> None:
    assert_type(await client.invoke("f", data=1), InvokeResult)
    assert_type(await client.function("f", returns=Order)(number=1), Order)
    assert_type([found async for found in client.function("f", returns=count).map("ab")], List[int])
    await client.connect()
    await client.close()
    await client.aclose()
    handle = await client.function("f").send({"a": 1})
    assert_type((await handle.wait(5)).is_final, bool)


def caught(error: ServerlessError) -> None:
    assert_type(error.executed, str)
    assert_type(error.safe_to_retry, bool)
    if isinstance(error, TencentServerlessSDKException):
        print(error.get_code(), error.get_stack_trace())
