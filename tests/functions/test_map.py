"""`map` of both clients: what ends it, what is sent again, what it hands out, and how it does with few threads."""

import os
import signal
import threading

import pytest

from tencentserverless import exception as errors
from tests.clients import Driven, client_of
from tests.functions.test_functions import echo, event_of, function_of, outcomes_of
from tests.loopback import CERTIFICATES, Server, answering, failure, http, refusal, result
from tests.signals import Interrupted, interrupt_elsewhere

STRANGER = os.path.join(CERTIFICATES, "stranger.pem")
HOPELESS = ("ResourceNotFound.Function", "ResourceNotFound.Qualifier", "InvalidParameterValue.Namespace")
HOPELESS += ("AuthFailure.SecretIdNotFound", "UnauthorizedOperation.CAM")


class Refusing:
    """Echoes the events before `first` and refuses the others; `seen` are the events that came."""

    def __init__(self, code, first=0):
        self.code = code
        self.first = first
        self.seen = []

    def __call__(self, head, body):
        event = event_of(body)
        self.seen.append(event)
        return http(refusal(self.code)) if event >= self.first else echo(head, body)


@pytest.mark.parametrize("options", [{}, {"return_exceptions": True}, {"ordered": False}])
@pytest.mark.parametrize("code", HOPELESS)
def test_a_failure_that_every_event_would_meet_ends_it(open_client, code, options):
    """Of 20,000 events no more than `concurrency` are sent, and the failure is raised once, with `index` and `sent`."""
    answer = Refusing(code)
    with Server(answering(answer)) as server, open_client(server) as client:
        found = outcomes_of(client, function_of(client), range(20000), concurrency=4, **options)
    sent = set(answer.seen)
    assert len(sent) <= 4
    assert (found[-1].index, found[-1].sent) == (0, len(sent))
    assert isinstance(found[-1], errors.APIError)
    assert len(found) == (1 + len(sent) if options.get("return_exceptions") else 1)


@pytest.mark.parametrize("return_exceptions", [False, True])
def test_outcomes_before_the_end_line_up_with_their_events(open_client, return_exceptions):
    """What succeeded before the failure is handed out first, in order, and each event that was sent has its outcome."""
    answer = Refusing("ResourceNotFound.Function", first=10)
    with Server(answering(answer)) as server, open_client(server) as client:
        options = {"concurrency": 3, "return_exceptions": return_exceptions}
        found = outcomes_of(client, function_of(client), range(1000), **options)
    assert found[:10] == list(range(10))
    assert (found[-1].index, found[-1].sent) == (10, len(set(answer.seen)))
    if return_exceptions:
        assert len(found) == found[-1].sent + 1
        assert [outcome.index for outcome in found[10:-1]] == list(range(10, found[-1].sent))
    else:
        assert len(found) == 11


def test_without_order_the_end_comes_after_all_outcomes(open_client):
    """Without order, every success that was sent is handed out before the failure that ended it."""
    together = threading.Barrier(4)

    def answer(head, body):
        together.wait(20)
        return http(refusal("ResourceNotFound.Function")) if event_of(body) == 1 else echo(head, body)

    with Server(answering(answer)) as server, open_client(server) as client:
        found = outcomes_of(client, function_of(client), range(4), concurrency=4, ordered=False)
    assert sorted(found[:-1]) == [(0, 0), (2, 2), (3, 3)]
    assert (found[-1].index, found[-1].sent) == (1, 4)


def test_missing_credentials_end_it_before_anything_is_sent(open_client, monkeypatch):
    """Without credentials, `map` raises SettingsError once and sends nothing."""
    asked = []

    def credentials():
        asked.append(None)
        raise errors.SettingsError("InvalidCredential", "none today")

    with Server(answering(echo)) as server, open_client(server, credentials=credentials) as client:
        found = outcomes_of(client, function_of(client), range(1000), concurrency=2, return_exceptions=True)
        assert server.accepted == 0
    assert isinstance(found[-1], errors.SettingsError)
    assert found[-1].sent == 0
    assert len(asked) <= 4


def test_renewed_credentials_do_not_end_it(open_client):
    """Refused credentials are asked for afresh: if there are others, the event is sent with these and `map` goes on."""
    keys = iter([("AKIDold", "key")])

    def credentials():
        return next(keys, ("AKIDnew", "key"))

    def answer(head, body):
        return http(refusal("AuthFailure.TokenFailure")) if "AKIDold/" in head else echo(head, body)

    with Server(answering(answer)) as server, open_client(server, credentials=credentials) as client:
        assert outcomes_of(client, function_of(client), range(20), concurrency=1) == list(range(20))


class Failing:
    """Fails each event `times` times with an answer, then echoes it; `seen` counts how often each event came."""

    def __init__(self, answer, times):
        self.answer = answer
        self.times = times
        self.seen = {}
        self.lock = threading.Lock()

    def __call__(self, head, body):
        event = event_of(body)
        with self.lock:
            self.seen[event] = self.seen.get(event, 0) + 1
            return http(self.answer) if self.seen[event] <= self.times else echo(head, body)


def test_retries_are_for_failures_without_an_execution(open_client):
    """`retries` sends an event again of which the failure says that the function did not run."""
    answer = Failing(failure(437), 2)
    with Server(answering(answer)) as server, open_client(server) as client:
        assert outcomes_of(client, function_of(client), range(5), concurrency=2, retries=2) == list(range(5))
    assert set(answer.seen.values()) == {3}
    answer = Failing(failure(437), 2)
    with Server(answering(answer)) as server, open_client(server) as client:
        (found,) = outcomes_of(client, function_of(client), [7], retries=1)
    assert (found.status_code, found.executed, answer.seen) == (437, "no", {7: 2})


def test_retries_for_events_that_stay_throttled(open_client):
    """An event that is throttled for longer than the time-out is sent for as long again, `retries` times."""
    with Server(answering(http(failure(432)))) as server, open_client(server, timeout=0.2) as client:
        (found,) = outcomes_of(client, function_of(client), [1], retries=1)
    assert (found.status_code, found.index) == (432, 0)


@pytest.mark.parametrize("answer", [failure(430, stackTrace="T"), failure(434), refusal("InternalError")])
def test_retries_of_what_ran_are_for_idempotent_functions(open_client, answer):
    """What ran or may have run is never sent again by `retries`, except of a function that is `idempotent`."""
    failing = Failing(answer, 1)
    with Server(answering(failing)) as server, open_client(server) as client:
        (found,) = outcomes_of(client, function_of(client), [1], retries=5)
    assert found.executed != "no"
    assert failing.seen == {1: 1}
    failing = Failing(answer, 1)
    with Server(answering(failing)) as server, open_client(server) as client:
        assert outcomes_of(client, function_of(client, idempotent=True), [1], retries=5) == [1]
    assert failing.seen == {1: 2}


def test_retries_of_a_refused_event_would_be_refused_again(open_client):
    """An event that the API does not accept, or that is not JSON, is not sent again by `retries`."""
    failing = Failing(refusal("InvalidParameterValue.Param"), 1)
    with Server(answering(failing)) as server, open_client(server) as client:
        found = outcomes_of(client, function_of(client), [1, {2}], retries=5)
    assert [type(outcome) for outcome in found] == [errors.ParameterError, errors.EventError]
    assert failing.seen == {1: 1}


@pytest.mark.parametrize("retries", [0, 1])
def test_a_connection_that_cannot_be_made_is_tried_again(open_client, retries):
    """With `retries`, the attempts to connect for an event begin anew."""
    attempts = []

    def trace(step):
        if step.name == "open":
            attempts.append(step)

    with Server(answering(echo)) as gone:
        pass
    with open_client(gone, trace=trace) as client:
        (found,) = outcomes_of(client, function_of(client), [1], retries=retries)
    assert isinstance(found, errors.ConnectError)
    assert len(attempts) == 3 * (1 + retries)


def test_results_beside_the_values(open_client):
    """with_results=True hands out (value, InvokeResult) pairs, with the index of the event if there is no order."""
    answer = http(result("5", Log="END"))
    with Server(answering(answer)) as server, open_client(server) as client:
        fn = function_of(client, returns=str)
        found = outcomes_of(client, fn, range(3), with_results=True)
        told = [(value, result.value, result.log_tail, result.duration_ms) for value, result in found]
        assert told == [("5", 5, "END", 3.5)] * 3
        unordered = outcomes_of(client, fn, [0], ordered=False, with_results=True)
        assert [(index, value, told.request_id) for index, (value, told) in unordered] == [(0, "5", "r" * 36)]


@pytest.mark.parametrize("wrong", [0, -1, None, "10", 2.5, True])
def test_wrong_counts_are_value_errors_at_once(open_client, wrong):
    """`concurrency` and `max_connections` are at least 1, `retries` at least 0; anything else raises at once."""
    with Server(answering(echo)) as server, open_client(server) as client:
        fn = client.client.function("f") if isinstance(client, Driven) else client.function("f")
        with pytest.raises(ValueError, match="concurrency is a whole number of at least 1"):
            fn.map([1], concurrency=wrong)
        with pytest.raises(ValueError, match="max_connections is a whole number of at least 1"):
            open_client(server, max_connections=wrong)
        if wrong != 0:
            with pytest.raises(ValueError, match="retries is a whole number of at least 0"):
                fn.map([1], retries=wrong)
        assert server.accepted == 0


@pytest.mark.parametrize("most", [0, 1, 3])
def test_map_goes_on_with_the_threads_that_there_are(monkeypatch, most):
    """Where no more threads can be started, `map` goes on with those it has; with none, in the caller's own."""
    started, start = [], threading.Thread.start

    def limited(thread):
        if thread.name == "tencentserverless-map":
            if len(started) >= most:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    with Server(answering(echo)) as server, client_of("blocking", server.endpoint) as client:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", limited)
            assert list(client.function("f").map(range(100), concurrency=8)) == list(range(100))
        assert len(started) == most
        assert server.accepted <= max(1, most)


def test_a_dataclass_ignores_fields_that_it_lacks(open_client):
    """returns= a dataclass takes its own fields of an answer: the function may add others later."""
    dataclasses = pytest.importorskip("dataclasses")
    fields = ["x", ("y", int, dataclasses.field(default=5)), ("z", int, dataclasses.field(init=False, default=7))]
    point = dataclasses.make_dataclass("Point", fields)
    with Server(answering(echo)) as server, open_client(server) as client:
        fn = function_of(client, returns=point)
        assert (fn(x=1, new=2, self=3), fn(x=1, y=2, z=3)) == (point(1), point(1, 2))
        with pytest.raises(TypeError):
            fn(y=1)
        with pytest.raises(TypeError):
            fn([1, 2])


def test_context_variables_go_with_the_events(open_client):
    """The caller's callables see the variables that were set when their event was read, in threads and in tasks too."""
    contextvars = pytest.importorskip("contextvars")
    request = contextvars.ContextVar("request", default=None)
    seen = set()

    def events():
        for number in range(20):
            token = request.set(number)
            yield number
            request.reset(token)

    def credentials():
        seen.add(("credentials", request.get()))
        return "AKIDEXAMPLE", "example-secret-key"

    def returns(value):
        seen.add((value, request.get()))
        return value

    with Server(answering(echo)) as server, open_client(server, credentials=credentials) as client:
        fn = function_of(client, returns=returns)
        assert outcomes_of(client, fn, events(), concurrency=4) == list(range(20))
    assert seen == {pair for number in range(20) for pair in (("credentials", number), (number, number))}


def test_a_certificate_that_is_not_trusted_ends_it(open_client):
    """A connection that no event can have ends it: the failure is raised once, and nothing was sent."""
    with Server(answering(echo), tls=True) as server, open_client(server, ca_file=STRANGER) as client:
        found = outcomes_of(client, function_of(client), range(1000), concurrency=2, retries=3)
    assert isinstance(found[-1], errors.ConnectError)
    assert (len(found), found[-1].index, found[-1].sent) == (1, 0, 0)
    assert server.accepted <= 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_map_stays_in_the_process_that_began_it():
    """A forked child cannot go on with the map of its parent, which goes on as if nothing had happened."""
    with Server(answering(echo)) as server, client_of("blocking", server.endpoint) as client:
        mapped = client.function("f").map(range(20), concurrency=2)
        assert next(mapped) == 0
        child = os.fork()
        if child == 0:
            os._exit(0 if is_refused(mapped) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert list(mapped) == list(range(1, 20))


def is_refused(mapped):
    try:
        next(mapped)
    except RuntimeError:
        mapped.close()
        return True
    return False


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
def test_a_signal_that_interrupts_no_wait(monkeypatch):
    """The handler of a signal runs while a map of the blocking client waits, also if another thread got the signal."""
    monkeypatch.setattr("tencentserverless._functions.blocking.LONGEST_SECONDS", 0.2)
    over, in_time = threading.Event(), []

    def answer(head, body):
        in_time.append(over.wait(8))
        return echo(head, body)

    with Server(answering(answer)) as server, client_of("blocking", server.endpoint) as client:
        with pytest.raises(Interrupted):
            interrupt_elsewhere(lambda: next(function_of(client).map([1])))
        over.set()
    assert in_time in ([], [True])
