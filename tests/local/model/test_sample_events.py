"""`sample_events`: the events of triggers, and changes inside them."""

import base64
import gzip
import json

import pytest

from tencentserverless.local.model.sample_events import SAMPLES, PathError, changed, packed, paths, sample_event


def value_at(event, path):
    for part in path.split("."):
        event = event[int(part)] if isinstance(event, list) else event[part]
    return event


@pytest.mark.parametrize("trigger", SAMPLES)
def test_every_value_can_be_changed_by_its_path(trigger):
    """Each value of a sample has a path that sets it and nothing else, and texts stay texts."""
    for path in paths(SAMPLES[trigger]()):
        event = SAMPLES[trigger]()
        before = value_at(event, path)
        changed(event, path, "7")
        assert value_at(event, path) == ("7" if isinstance(before, str) else 7)
        other = SAMPLES[trigger]()
        assert [each for each in paths(event) if value_at(event, each) != value_at(other, each)] in ([path], [])


def test_the_last_part_is_enough_where_it_is_unique():
    """`key` names the key of the stored object."""
    event = SAMPLES["cos"]()
    changed(event, "key", "/1/b/猫.jpg")
    assert event["Records"][0]["cos"]["cosObject"]["key"] == "/1/b/猫.jpg"


def test_a_last_part_at_several_places():
    """The message names the places of a key that is not unique."""
    with pytest.raises(PathError, match=r"requestContext\.path, queryString\.path$"):
        changed({"requestContext": {"path": 1}, "queryString": {"path": 2}}, "path", "x")


def test_a_new_key_of_a_map():
    """A header that the sample lacks is added, with its value read as JSON or else as text."""
    event = SAMPLES["url"]()
    changed(event, "headers.x-user", "me")
    changed(event, "queryString.n", "1")
    assert (event["headers"]["x-user"], event["queryString"]["n"]) == ("me", 1)


@pytest.mark.parametrize(
    ("trigger", "path", "text"),
    [
        ("timer", "Tmie", "no `Tmie` in this event. It has: Type, TriggerName, Time, Message"),
        ("cos", "Records.1.cos", "no `Records.1` in this event"),
        ("cos", "Records.1", "no `Records.1` in this event"),
        ("cos", "Records.x.cos", "no `Records.x` in this event"),
        ("timer", "Type.x", "no `Type.x` in this event"),
        ("apigw", "httpMethod2", "no `httpMethod2` in this event"),
    ],
)
def test_a_path_that_leads_nowhere(trigger, path, text):
    """The message says which place is missing; nothing is changed."""
    event = SAMPLES[trigger]()
    with pytest.raises(PathError) as raised:
        changed(event, path, "1")
    assert str(raised.value).startswith(text)
    assert event == SAMPLES[trigger]()


def test_lines_of_the_log_service_are_packed():
    """The data of CLS is compressed JSON in base64, as functions decode it."""
    event = SAMPLES["cls"]()
    changed(event, "content", "猫")
    data = packed("cls", event)["clslogs"]["data"]
    assert json.loads(gzip.decompress(base64.b64decode(data)))["records"][0]["content"] == "猫"


def test_a_sample_for_a_test():
    """A program gets a sample with values of its own; where the sample has text, other values become JSON."""
    event = sample_event("url", {"queryString.page": 3, "body": {"n": 4}, "path": "/items/8"})
    assert (event["queryString"]["page"], event["body"], event["path"]) == ("3", '{"n": 4}', "/items/8")
    assert sample_event("ckafka", {"offset": 5})["Records"][0]["Ckafka"]["offset"] == 5
    assert list(sample_event("cls")) == ["clslogs"]
    with pytest.raises(ValueError, match=r"no sample of cron. There are: timer, cos"):
        sample_event("cron")
    with pytest.raises(ValueError, match="no `n` in this event"):
        sample_event("timer", {"n": 1})
