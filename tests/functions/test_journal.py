"""The journal of `map`, with both clients."""

import json
import os

import pytest

from tencentserverless import exception as errors
from tencentserverless._functions.journal import Journal
from tests.functions.test_functions import event_of, function_of, outcomes_of
from tests.loopback import Server, answering, failure, http, refusal, result


class Answers:
    """Echoes events; an event that is a text gets what the text names. `seen` are the events that came."""

    def __init__(self):
        self.seen = []
        self.refuses = False

    def __call__(self, head, body):
        event = event_of(body)
        self.seen.append(event)
        if self.refuses:
            return http(refusal("AuthFailure.SecretIdNotFound"))
        if event == "fail":
            return http(failure(430))
        return http(result(json.dumps(event)))


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def run(open_client, answers, tmp_path):
    """`run(events, ...)` maps with a journal and returns the outcomes; the journal is `tmp_path / "journal"`."""

    def mapped(events, name="Work", idempotent=False, **options):
        with Server(answering(answers)) as server, open_client(server) as client:
            function = function_of(client, name, idempotent=idempotent)
            options.setdefault("return_exceptions", True)
            return outcomes_of(client, function, events, journal=str(tmp_path / "journal"), **options)

    return mapped


def test_finished_events_are_not_sent_again(run, answers, tmp_path):
    """A second map hands out the same outcomes in the same order, failures included, and sends the new events only."""
    first = run([1, "fail", None, {"ü\ud800": 1}], with_results=True)
    sent = len(answers.seen)
    with open(str(tmp_path / "journal"), "ab") as journal:
        journal.write(b'["started",4,"cut o')  # by kill -9
    again = run([1, "fail", None, {"ü\ud800": 1}, 5], with_results=True)
    assert answers.seen[sent:] == [5]
    assert [outcome[0] for outcome in again if isinstance(outcome, tuple)] == [1, None, {"ü\ud800": 1}, 5]
    assert again[0][1].__dict__["request_id"] == first[0][1].request_id
    assert again[0][1].duration_ms == first[0][1].duration_ms
    assert (type(again[1]), str(again[1]), again[1].index) == (type(first[1]), str(first[1]), 1)


@pytest.mark.parametrize("is_idempotent", [False, True])
def test_what_was_under_way(run, answers, tmp_path, is_idempotent):
    """An event that was started and has no outcome is a "maybe", now and later; idempotent functions get it again."""
    run([1, 2, 3])
    path = str(tmp_path / "journal")
    with open(path, "rb") as journal:
        lines = [line for line in journal if not line.startswith(b'["ended",1,')]
    with open(path, "wb") as journal:
        journal.writelines(lines)
    sent = len(answers.seen)
    for _ in range(2):
        found = run([1, 2, 3], idempotent=is_idempotent)
        assert (found[0], found[2]) == (1, 3)
        if is_idempotent:
            assert found[1] == 2
        else:
            assert isinstance(found[1], errors.TransportError)
            assert (found[1].executed, found[1].index) == ("maybe", 1)
    assert answers.seen[sent:] == ([2] if is_idempotent else [])


def test_what_ends_a_map_is_sent_again(run, answers):
    """Events that met a failure which every event would meet did not run, and the next map sends them."""
    run([1])
    answers.refuses = True
    found = run([1, 2, 3], ordered=False)
    assert isinstance(found[-1], errors.AuthError)
    answers.refuses = False
    assert run([1, 2, 3]) == [1, 2, 3]


def test_other_events_and_other_functions_are_refused(run, answers, tmp_path):
    """A changed event ends the map before it is sent; the journal of another function and another file are refused and
    stay as they are."""
    run([1, 2])
    sent = len(answers.seen)
    first, ended = run([1, 3, 4])
    assert (first, type(ended)) == (1, errors.SettingsError)
    assert "event 1 is not the one in" in str(ended)
    assert answers.seen[sent:] == []
    with pytest.raises(errors.SettingsError, match="function Work then, Other now"):
        run([1], name="Other")
    (tmp_path / "journal").write_bytes(b"precious\n")
    with pytest.raises(errors.SettingsError, match="is not a journal"):
        run([1])
    assert (tmp_path / "journal").read_bytes() == b"precious\n"
    with pytest.raises(errors.SettingsError, match="is not a journal"):
        Journal(os.devnull, {})
    Journal(str(tmp_path / "other"), {"function": "Work"}).close()
    with_other_ends = (tmp_path / "other").read_bytes().replace(b"\n", b"\r\n")
    (tmp_path / "other").write_bytes(with_other_ends)
    with pytest.raises(errors.SettingsError, match="is not a journal"):
        Journal(str(tmp_path / "other"), {"function": "Work"})


def test_one_map_at_a_time(tmp_path):
    """A journal that another map has open is refused."""
    journal = Journal(str(tmp_path / "journal"), {"function": "Work"})
    with pytest.raises(errors.SettingsError, match=r"in use by another `map` of this program: call close\(\)"):
        Journal(str(tmp_path / "journal"), {"function": "Work"})
    journal.close()
    Journal(str(tmp_path / "journal"), {"function": "Work"}).close()


def test_a_damaged_journal(tmp_path):
    """A journal with a line that is not its own is refused, and stays as it is."""
    path = tmp_path / "journal"
    Journal(str(path), {"function": "Work"}).close()
    for damage in (b"\0\0\n", b"[1]\n", b'"text"\n', b"\xff\n"):
        whole = path.read_bytes()
        path.write_bytes(whole + damage)
        with pytest.raises(errors.SettingsError, match="is damaged at byte %d" % len(whole)):
            Journal(str(path), {"function": "Work"})
        assert path.read_bytes() == whole + damage
        path.write_bytes(whole)


def test_how_often_the_disk_is_forced(tmp_path, monkeypatch):
    """What is written is forced to the disk ten times a second at most, and less often if the disk is slow."""
    from tencentserverless._functions import journal as module

    now, forced = [0.0], []

    def fsync(_):
        forced.append(round(now[0], 1))
        now[0] += 0.05 if now[0] < 2 else 0.0

    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.os, "fsync", fsync)
    journal = module.Journal(str(tmp_path / "journal"), {})
    for index in range(300):
        now[0] += 0.01
        journal.start(index, "digest")
    journal.close()
    assert forced[:4] == [0.0, 0.6, 1.1, 1.7]
    assert 10 <= len([at for at in forced if at >= 2]) <= 12


def test_a_full_disk(open_client, answers, tmp_path, monkeypatch):
    """If the journal cannot be written, nothing more is sent and the OSError is raised; what was written stays good."""
    options = {"journal": str(tmp_path / "journal"), "return_exceptions": True, "concurrency": 1}
    write, room = os.write, [100]

    def limited(descriptor, data):
        taken = write(descriptor, data[: room[0]]) if data.startswith(b'["') else write(descriptor, data)
        room[0] -= taken
        if taken < len(data):
            raise OSError(28, "No space left on device")
        return taken

    with Server(answering(answers)) as server, open_client(server) as client:
        monkeypatch.setattr(os, "write", limited)
        room[0] = 600
        with pytest.raises(OSError, match="No space left"):
            outcomes_of(client, function_of(client), range(100), **options)
        monkeypatch.undo()
        sent = list(answers.seen)
        assert 0 < len(sent) < 5
        found = outcomes_of(client, function_of(client), range(100), **options)
        assert answers.seen == list(range(100))
        unknown = [one for one in found if isinstance(one, Exception)]
        assert [one.executed for one in unknown] in ([], ["maybe"])
