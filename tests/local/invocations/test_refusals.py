"""The requests that were refused lately."""

from tencentserverless.local.invocations import refusals
from tencentserverless.local.model.facts import Refused


def test_repeated_refusals_are_counted():
    """Equal refusals are counted, whenever they came; the last one stands last, and their number has a bound."""
    kept = refusals.Refusals()
    for at, name in enumerate(["a", "b", "a"]):
        kept.add(Refused(at, "Code", "text", function_name=name))
    assert [(refused.function_name, count) for refused, count in kept.all()] == [("b", 1), ("a", 2)]
    for number in range(refusals.MOST):
        kept.add(Refused(0, "Code", "text", function_name=str(number)))
    assert len(kept.all()) == refusals.MOST
    assert kept.all()[0][0].function_name == "0"
