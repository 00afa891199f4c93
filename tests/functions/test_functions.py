"""Remote functions as values, of both clients: called, mapped, sent."""

import gc
import json
import threading

import pytest

from tencentserverless import exception as errors
from tests.clients import Driven
from tests.loopback import Server, answering, failure, header, http, refusal, result


def asked(body):
    """What a request asked for."""
    return json.loads(body.decode("utf-8"))


def event_of(body):
    """The event of a request."""
    told = asked(body)
    text = told.get("Event", told.get("ClientContext"))
    return None if text is None else json.loads(text)


def echo(head, body):
    """Answer with the event."""
    return http(result(json.dumps(event_of(body))))


def function_of(client, name="f", **options):
    """A function that is called the same way whichever client it is of."""
    if isinstance(client, Driven):
        return DrivenFunction(client, client.client.function(name, **options))
    return client.function(name, **options)


class DrivenFunction:
    """An AsyncFunction called like a blocking one."""

    def __init__(self, driven, function):
        self.driven = driven
        self.function = function

    def __call__(*arguments, **fields):
        self = arguments[0]
        return self.driven.run(self.function(*arguments[1:], **fields))

    def invoke(self, event=None):
        return self.driven.run(self.function.invoke(event))

    def map(self, events, **options):
        async def made():
            return self.function.map(events, **options)

        iterator = self.driven.run(made())
        while True:
            try:
                yielded = self.driven.run(iterator.__anext__())
            except StopAsyncIteration:
                return
            yield yielded


def outcomes_of(client, function, events, **options):
    """Everything that map hands out, failures caught where they are raised, without losing the iterator."""
    if isinstance(function, DrivenFunction):

        async def collect():
            found, iterator = [], function.function.map(events, **options)
            while True:
                try:
                    found.append(await iterator.__anext__())
                except StopAsyncIteration:
                    return found
                except errors.ServerlessError as error:
                    found.append(error)

        return client.run(collect())
    found, iterator = [], function.map(events, **options)
    while True:
        try:
            found.append(next(iterator))
        except StopIteration:
            return found
        except errors.ServerlessError as error:
            found.append(error)


def test_a_call_returns_the_decoded_value(open_client):
    """fn(event) and fn(**fields) return the decoded value, fn.invoke the whole result."""
    with Server(answering(echo)) as server, open_client(server) as client:
        fn = function_of(client)
        assert (fn({"a": 1}), fn(a=1), fn(), fn([1]), fn(self=1)) == ({"a": 1}, {"a": 1}, None, [1], {"self": 1})
        assert fn.invoke(5).request_id == "r" * 36
        with pytest.raises(TypeError, match="once"):
            fn({"a": 1}, b=2)


def test_options_of_a_function_travel_with_each_invocation(open_client):
    """Namespace, qualifier, region, routing key and log type of the function are sent."""
    seen = []

    def answer(head, body):
        seen.append((header(head, "X-TC-Region"), asked(body)))
        return http(result())

    with Server(answering(answer)) as server, open_client(server) as client:
        options = {"namespace": "ns", "qualifier": "3", "region": "ap-chengdu", "log_type": "Tail"}
        fn = function_of(client, routing_key={"User": "Bob"}, **options)
        fn()
        assert outcomes_of(client, fn, [1]) == ["Hello World"]
    for region, told in seen:
        assert (region, told["Namespace"], told["Qualifier"], told["LogType"]) == ("ap-chengdu", "ns", "3", "Tail")
        assert json.loads(told["RoutingKey"]) == {"User": "Bob"}


def test_returns_makes_the_value_into_something(open_client):
    """returns= is called with the decoded value, in calls and in map."""
    with Server(answering(echo)) as server, open_client(server) as client:
        fn = function_of(client, returns=lambda value: ("made", value))
        assert fn({"a": 1}) == ("made", {"a": 1})
        assert outcomes_of(client, fn, [1, 2]) == [("made", 1), ("made", 2)]


def test_returns_takes_a_dataclass(open_client):
    """A dataclass as returns= is made from the fields of the value."""
    dataclasses = pytest.importorskip("dataclasses")
    point = dataclasses.make_dataclass("Point", ["x", "y"])
    with Server(answering(echo)) as server, open_client(server) as client:
        assert function_of(client, returns=point)(x=1, y=2) == point(1, 2)
        with pytest.raises(TypeError, match=r"f ran\. It returned list, not an object"):
            function_of(client, returns=point)([1, 2])


def test_map_keeps_the_order_of_the_events(open_client):
    """map hands out one value for each event, in their order, whichever finished first."""
    with Server(answering(echo)) as server, open_client(server) as client:
        assert outcomes_of(client, function_of(client), range(500), concurrency=16) == list(range(500))
        assert server.accepted <= 16


def test_map_as_completed_says_which_event(open_client):
    """Without order, map hands out (index, value) pairs, each event once."""
    with Server(answering(echo)) as server, open_client(server) as client:
        found = outcomes_of(client, function_of(client), "abc" * 50, concurrency=8, ordered=False)
    assert sorted(found) == sorted(enumerate("abc" * 50))


def test_map_of_nothing_is_empty(open_client):
    """map over no events sends nothing."""
    with Server(answering(echo)) as server, open_client(server) as client:
        assert outcomes_of(client, function_of(client), []) == []
        assert server.accepted == 0


def test_a_failure_is_raised_at_its_place_and_the_iteration_goes_on(open_client):
    """An event that fails raises when its turn comes, with its index; the events after it are handed out."""

    def answer(head, body):
        return http(failure(430, stackTrace="T")) if event_of(body) == 3 else echo(head, body)

    with Server(answering(answer)) as server, open_client(server) as client:
        found = outcomes_of(client, function_of(client), range(7), concurrency=3)
        assert found[:3] + found[4:] == [0, 1, 2, 4, 5, 6]
        assert isinstance(found[3], errors.FunctionError)
        assert found[3].index == 3
        again = outcomes_of(client, function_of(client), range(7), concurrency=3, return_exceptions=True)
        assert [getattr(outcome, "index", outcome) for outcome in again] == list(range(7))


def test_an_event_that_is_not_json_fails_at_its_place(open_client):
    """An event that cannot be sent is a failure of that event alone."""
    with Server(answering(echo)) as server, open_client(server) as client:
        found = outcomes_of(client, function_of(client), [1, {2}, 3])
        assert (found[0], found[2]) == (1, 3)
        assert isinstance(found[1], errors.EventError)
        assert found[1].index == 1


def test_a_source_of_events_that_breaks_is_heard_after_what_it_gave(open_client):
    """What the caller's iterator raises is raised once every event before it was handed out."""

    def events():
        yield 1
        yield 2
        raise LookupError("no more")

    with Server(answering(echo)) as server, open_client(server) as client:
        iterator = iter(function_of(client).map(events()))
        assert [next(iterator), next(iterator)] == [1, 2]
        with pytest.raises(LookupError, match="no more"):
            next(iterator)


def test_throttling_slows_map_down_instead_of_failing(open_client):
    """Events that the platform has no room for are sent again until it has; each one is handed out once."""
    lock, times = threading.Lock(), {}

    def answer(head, body):
        with lock:
            number = event_of(body)
            times[number] = times.get(number, 0) + 1
            if times[number] <= 2 and number % 10 == 0:
                return http(refusal("RequestLimitExceeded") if number % 20 else failure(432))
        return echo(head, body)

    with Server(answering(answer)) as server, open_client(server) as client:
        assert outcomes_of(client, function_of(client), range(60), concurrency=8) == list(range(60))
    assert sum(times.values()) == 60 + 2 * 6


def test_an_event_that_is_throttled_for_too_long_fails(open_client):
    """Where the platform never has room, the event fails after the invocation's timeout, and never ran."""
    with Server(answering(http(failure(432)))) as server, open_client(server, timeout=0.3) as client:
        found = outcomes_of(client, function_of(client), [1])
    assert (found[0].status_code, found[0].executed) == (432, "no")


def test_map_reads_events_only_as_results_are_taken(open_client):
    """map is lazy: it reads no event before the first result is asked for, and never far ahead."""
    read = []

    def events():
        for number in range(100000):
            read.append(number)
            yield number

    with Server(answering(echo)) as server, open_client(server) as client:
        iterator = function_of(client).map(events(), concurrency=2)
        assert read == []
        assert next(iterator) == 0
        assert len(read) <= 40
        del iterator
        gc.collect()


def test_map_uses_invoke_function_and_falls_back_to_invoke(open_client):
    """map sends InvokeFunction; where that is refused it sends Invoke, and remembers."""
    actions = []

    def answer(head, body):
        actions.append(header(head, "X-TC-Action"))
        if actions[-1] == "InvokeFunction":
            return http(refusal("UnauthorizedOperation.CAM"))
        return echo(head, body)

    with Server(answering(answer)) as server, open_client(server) as client:
        assert outcomes_of(client, function_of(client), range(5), concurrency=1) == list(range(5))
        assert actions == ["InvokeFunction"] + ["Invoke"] * 5
        assert outcomes_of(client, function_of(client), [9], concurrency=1) == [9]
        assert actions[6:] == ["Invoke"]
        outcomes_of(client, function_of(client, "g"), [9], concurrency=1)
        assert actions[7:] == ["InvokeFunction", "Invoke"]


def test_single_invocations_use_invoke_unless_told_otherwise(open_client):
    """The action of single invocations is Invoke; action="InvokeFunction" sends that one, the event under its name."""
    seen = []

    def answer(head, body):
        seen.append((header(head, "X-TC-Action"), sorted(asked(body))))
        return http(result())

    with Server(answering(answer)) as server:
        with open_client(server) as client:
            client.invoke("f", data=1)
        with open_client(server, action="InvokeFunction") as client:
            client.invoke("f", data=1)
    both = ["FunctionName", "LogType", "Namespace", "Qualifier"]
    assert seen[0] == ("Invoke", sorted(["ClientContext", "InvocationType", *both]))
    assert seen[1] == ("InvokeFunction", sorted(["Event", *both]))
