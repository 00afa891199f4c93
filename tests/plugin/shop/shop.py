"""The program under test: it buys things with functions."""

from tencentserverless import scf
from tencentserverless.exception import CloudError, InvocationError


def buy(item):
    """What the customer reads."""
    try:
        return scf.invoke("Order", data={"item": item}).value["paid"]
    except (CloudError, InvocationError) as error:
        return "not bought" if error.safe_to_retry else "ask us"


def pay(item):
    return scf.invoke("Pay", region="ap-shanghai", data={"item": item}).value


def pay_and_ship(item):
    paid = pay(item)
    try:
        return paid, scf.invoke("Ship").value
    except InvocationError:
        return paid, scf.invoke("Ship").value
