"""Credentials from callables, profiles and roles."""

import contextlib
import json
import os
import threading
import time

import pytest

from tencentserverless import exception as errors
from tencentserverless._settings import roles
from tencentserverless._settings.credentials import Source, TooLate
from tencentserverless.scf import Client
from tests.clients import KINDS, client_of
from tests.loopback import Server, answering, header, http, refusal, result
from tests.settings.files import write
from tests.settings.identities import identity_of, triple


def keys_of(head):
    """The secret id and the token that a request was signed with."""
    return header(head, "Authorization").split("Credential=")[1].split("/")[0], header(head, "X-TC-Token")


def who(head, body):
    """Answer with the credentials and the region of the request."""
    return http(result(json.dumps((*keys_of(head), header(head, "X-TC-Region")))))


def test_one_thread_asks_and_fifty_share_the_answer():
    """While a callable is being asked, other threads wait for its answer instead of asking too."""
    asked, entered, release = [], threading.Event(), threading.Event()

    def ask():
        asked.append(1)
        entered.set()
        release.wait(20)
        return "AKID", "key", "token", time.time() + 3600

    source = Source(ask)
    found = []
    threads = [threading.Thread(target=lambda: found.append(triple(source))) for _ in range(50)]
    for thread in threads:
        thread.start()
    assert entered.wait(20)
    release.set()
    for thread in threads:
        thread.join()
    assert (len(asked), set(found)) == (1, {("AKID", "key", "token")})


def test_credentials_with_a_known_end_are_kept_until_a_minute_before():
    """With more than a minute to live the answer is used again, with less the callable is asked again."""
    lives = [3600.0, 3600.0]
    source = Source(lambda: (f"AKID{len(lives)}", "key", None, time.time() + lives.pop()))
    assert [triple(source)[0] for _ in range(3)] == ["AKID2"] * 3
    lives[:] = [30.0] * 3
    source = Source(lambda: (f"AKID{len(lives)}", "key", None, time.time() + lives.pop()))
    assert [triple(source)[0] for _ in range(3)] == ["AKID3", "AKID2", "AKID1"]


def test_credentials_without_an_end_are_asked_for_each_time():
    """A callable that tells no end is asked for each request."""
    numbers = iter(range(9))
    source = Source(lambda: (f"AKID{next(numbers)}", "key"))
    assert [triple(source) for _ in range(2)] == [("AKID0", "key", None), ("AKID1", "key", None)]


def test_waiting_for_credentials_ends_at_the_deadline():
    """A thread that waits for another one's answer gives up at its deadline; its client says that nothing ran."""
    entered, release = threading.Event(), threading.Event()

    def ask():
        entered.set()
        release.wait(20)
        return "AKID", "key"

    client = Client(credentials=ask, endpoint="http://127.0.0.1:1")
    first = threading.Thread(target=client._source.identity, args=(None,))
    first.start()
    assert entered.wait(20)
    with pytest.raises(TooLate):
        client._source.identity(time.monotonic() + 0.05)
    with pytest.raises(errors.InvokeTimeoutError) as caught:
        client.invoke("f", timeout=0.05)
    release.set()
    first.join()
    assert caught.value.executed == "no"


def test_a_callable_that_fails_is_heard_and_asked_again():
    """What a callable raises is the cause of a SettingsError, and the next request asks it again."""
    answers = [RuntimeError("no network"), ("AKID", "key")]

    def ask():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    source = Source(ask)
    with pytest.raises(errors.SettingsError, match="RuntimeError") as caught:
        triple(source)
    assert str(caught.value.__cause__) == "no network"
    assert triple(source) == ("AKID", "key", None)


@pytest.mark.parametrize("kind", KINDS)
def test_refused_credentials_are_forgotten(kind):
    """Credentials that the platform refused are asked for once more, though they have not ended, and not used again."""
    asked = []

    def ask():
        asked.append(1)
        return f"AKID{len(asked)}", "key", None, time.time() + 3600

    def answer(head, body):
        return http(refusal("AuthFailure.TokenFailure")) if keys_of(head)[0] == "AKID1" else who(head, body)

    with Server(answering(answer)) as server, client_of(kind, server.endpoint, credentials=ask) as client:
        assert [client.invoke("f").value[0] for _ in range(3)] == ["AKID2"] * 3
    assert len(asked) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_credentials_that_are_refused_again(kind):
    """A source that gives the refused credentials again is asked once for each invocation, which then fails."""
    asked, sent = [], []

    def ask():
        asked.append(1)
        return "AKID", "key", None, time.time() + 3600

    def answer(head, body):
        sent.append(1)
        return http(refusal("AuthFailure.SecretIdNotFound"))

    with Server(answering(answer)) as server, client_of(kind, server.endpoint, credentials=ask) as client:
        for _ in range(2):
            with pytest.raises(errors.AuthError) as caught:
                client.invoke("f")
            assert caught.value.executed == "no"
    assert (len(asked), len(sent)) == (3, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_the_end_is_by_the_clock_of_the_server(kind):
    """Where our clock is known to be behind, credentials that have ended by the server's clock are not used."""
    ahead, asked = 7200, []

    def ask():
        asked.append(1)
        return f"AKID{len(asked)}", "key", None, time.time() + 3600 * len(asked)

    def answer(head, body):
        now = int(time.time()) + ahead
        if abs(int(header(head, "X-TC-Timestamp")) - now) > 300:
            return http(refusal("AuthFailure.SignatureExpire", f"server time `{now}` ..."))
        return who(head, body)

    with Server(answering(answer)) as server, client_of(kind, server.endpoint, credentials=ask) as client:
        assert [client.invoke("f").value[0] for _ in range(2)] == ["AKID2", "AKID3"]


def test_threads_that_wait_share_a_failure():
    """A thread that waited for a callable which then failed does not call it again: it has an error of its own."""
    entered, release, asked, failures = threading.Event(), threading.Event(), [], []

    def ask():
        asked.append(1)
        entered.set()
        release.wait(20)
        raise OSError("no network")

    source = Source(ask)

    class Lock:
        """The lock of the source; another thread that waits for it lets the callable end."""

        def __init__(self, inner):
            self.inner = inner

        def acquire(self, *arguments):
            return self.inner.acquire(False) or (release.set(), self.inner.acquire(*arguments))[1]

        def release(self):
            self.inner.release()

    def work():
        try:
            source.identity(None)
        except errors.SettingsError as failure:
            failures.append(failure)

    source._locks[os.getpid()] = Lock(threading.Lock())
    threads = [threading.Thread(target=work) for _ in range(2)]
    threads[0].start()
    assert entered.wait(20)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert (len(asked), len(set(map(id, failures)))) == (1, 2)
    assert {type(failure.__cause__) for failure in failures} == {OSError}


def test_a_callable_that_is_broken_off_did_not_answer():
    """Where the callable is broken off, the thread that waits for it calls it, and nothing stays locked."""
    entered, release, asked, found = threading.Event(), threading.Event(), [], []

    def ask():
        asked.append(1)
        if len(asked) == 1:
            entered.set()
            release.wait(20)
            raise SystemExit
        return "AKID", "key"

    def work():
        with contextlib.suppress(SystemExit):
            found.append(triple(source))

    source = Source(ask)
    threads = [threading.Thread(target=work) for _ in range(2)]
    threads[0].start()
    assert entered.wait(20)
    threads[1].start()
    release.set()
    for thread in threads:
        thread.join(20)
    assert (len(asked), found) == (2, [("AKID", "key", None)])
    assert triple(source) == ("AKID", "key", None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork_while_a_callable_is_asked():
    """A child that was forked while another thread asked for credentials asks for its own."""
    entered, release, parent = threading.Event(), threading.Event(), os.getpid()

    def ask():
        if os.getpid() == parent:
            entered.set()
            release.wait(20)
        return "AKID", "key"

    source = Source(ask)
    thread = threading.Thread(target=source.identity, args=(None,))
    thread.start()
    assert entered.wait(20)
    child = os.fork()
    if child == 0:
        os._exit(0 if triple(source)[0] == "AKID" else 1)
    assert os.waitpid(child, 0)[1] == 0
    release.set()
    thread.join()


@pytest.mark.parametrize("answer", [None, "AKID", (), ("AKID",), (1, 2, 3, 4, 5)])
def test_an_answer_that_is_no_credentials_is_refused(answer):
    """A callable that returns something else is told what to return, without repeating what it returned."""
    with pytest.raises(errors.SettingsError, match="secret_id, secret_key, token"):
        triple(Source(lambda: answer))


def set_keys(number, setenv=os.environ.__setitem__):
    """Put the id, key and token of this number into the environment, one after the other."""
    for name, value in (("SECRETID", "AKID%d"), ("SECRETKEY", "key%d"), ("SESSIONTOKEN", "token%d")):
        setenv("TENCENTCLOUD_" + name, value % number)


def renew_keys(stop):
    """Replace the keys in the environment every few milliseconds."""
    number = 0
    while not stop.wait(0.002):
        number += 1
        set_keys(number)


def test_keys_renewed_in_the_environment_do_not_fail_fifty_threads(home, monkeypatch):
    """While the environment's keys are replaced, a request that caught them in between is signed again."""

    def check(head, body):
        secret_id, token = keys_of(head)
        if secret_id[4:] == token[5:]:
            return http(result())
        return http(refusal("AuthFailure.TokenFailure"))

    failures = []

    def work():
        try:
            for _ in range(20):
                client.invoke("f")
        except errors.ServerlessError as failure:
            failures.append(failure)

    stop = threading.Event()
    set_keys(0, monkeypatch.setenv)
    with Server(answering(check)) as server:
        client = Client(endpoint=server.endpoint, timeout=60)
        threads = [threading.Thread(target=work) for _ in range(50)]
        threads.append(threading.Thread(target=renew_keys, args=(stop,)))
        for thread in threads:
            thread.start()
        for thread in threads[:-1]:
            thread.join()
        stop.set()
        threads[-1].join()
    assert failures == []


def test_a_refused_signature_is_tried_again_with_keys_renewed_meanwhile(home, monkeypatch):
    """Keys that were replaced while a request was under way are used at once; the same keys are not tried again."""
    seen = []

    def answer(head, body):
        seen.append(keys_of(head))
        monkeypatch.setenv("TENCENTCLOUD_SESSIONTOKEN", "new")
        return http(refusal("AuthFailure.TokenFailure")) if seen[-1][1] == "old" or len(seen) > 2 else http(result())

    for name, value in (("SECRETID", "AKID"), ("SECRETKEY", "key"), ("SESSIONTOKEN", "old")):
        monkeypatch.setenv("TENCENTCLOUD_" + name, value)
    with Server(answering(answer)) as server:
        client = Client(endpoint=server.endpoint)
        assert client.invoke("f").value == "Hello World"
        with pytest.raises(errors.AuthError) as caught:
            client.invoke("f")
    assert seen == [("AKID", "old"), ("AKID", "new"), ("AKID", "new")]
    assert caught.value.executed == "no"


def test_a_profile_of_tccli(home):
    """profile= takes id, key, token and region from the two files that tccli writes, and sees changes of them."""
    write(home, ".tccli/work.credential", {"secretId": "AKIDone", "secretKey": "k", "token": "t"})
    write(home, ".tccli/work.configure", {"_sys_param": {"region": "ap-chengdu", "output": "json"}})
    with Server(answering(who)) as server:
        client = Client(endpoint=server.endpoint, profile="work")
        assert client.invoke("f").value == ["AKIDone", "t", "ap-chengdu"]
        write(home, ".tccli/work.credential", {"secretId": "AKIDother", "secretKey": "k"})
        assert client.invoke("f").value == ["AKIDother", None, "ap-chengdu"]


def test_a_profile_named_by_the_environment(home, monkeypatch):
    """TCCLI_PROFILE names a profile, which comes after the environment's own credentials and region."""
    write(home, ".tccli/work.credential", {"secretId": "AKIDfile", "secretKey": "k"})
    write(home, ".tccli/work.configure", {"region": "ap-chengdu"})
    monkeypatch.setenv("TCCLI_PROFILE", "work")
    with Server(answering(who)) as server:
        assert Client(endpoint=server.endpoint).invoke("f").value == ["AKIDfile", None, "ap-chengdu"]
        monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "AKIDenvironment")
        monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "k")
        monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-beijing")
        assert Client(endpoint=server.endpoint).invoke("f").value == ["AKIDenvironment", None, "ap-beijing"]


def test_the_credentials_file_of_the_official_sdk(home):
    """~/.tencentcloud/credentials is read: its default section, or the one that profile= names."""
    text = '[default]\nsecret_id = "AKIDdefault"\nsecret_key = k%\n[other]\nsecret_id=AKIDother\nsecret_key=k\n'
    write(home, ".tencentcloud/credentials", text)
    assert identity_of(None, None, None) == ("AKIDdefault", "k%", None)
    assert identity_of(None, None, None, profile="other") == ("AKIDother", "k", None)


@pytest.mark.parametrize("name", ["missing", "../work", "a/b"])
def test_a_profile_that_is_not_there_is_named(home, name):
    """A profile that does not exist, or that is a path, is one clear error."""
    with pytest.raises(errors.SettingsError, match="profile"):
        identity_of(None, None, None, profile=name)


def test_a_broken_profile_is_named_without_its_text(home):
    """A file that cannot be read is named; its text, which may be a secret, is not."""
    write(home, ".tccli/work.credential", '{"secretKey": "verysecret"')
    with pytest.raises(errors.SettingsError, match=r"work\.credential") as caught:
        identity_of(None, None, None, profile="work")
    assert "verysecret" not in str(caught.value)


def test_without_any_credentials_the_error_says_what_to_do(home, monkeypatch):
    """Nowhere any credentials: one error that names the arguments and the variables, and nothing ran."""
    monkeypatch.setattr(roles, "METADATA", ("127.0.0.1", 1))
    with pytest.raises(errors.SettingsError, match="TENCENTCLOUD_SECRETID") as caught:
        Client().invoke("f")
    assert caught.value.executed == "no"


def test_a_function_without_a_role_does_not_look_for_a_machine_s(home, monkeypatch):
    """Inside SCF nobody asks a metadata server: the error says that the function needs an execution role."""
    monkeypatch.setenv("TENCENTCLOUD_RUNENV", "SCF")
    with Server(answering(http(result()))) as server:
        monkeypatch.setattr(roles, "METADATA", ("127.0.0.1", server.port))
        with pytest.raises(errors.SettingsError, match="execution role"):
            Client().invoke("f")
        assert server.accepted == 0
