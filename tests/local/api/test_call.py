"""Calls on their way back."""

import asyncio
import json
import threading
import uuid

from tencentserverless.local.api.call import PendingCall, new_request_id
from tencentserverless.local.model import api_errors


def pending_with(language="en-US"):
    """A call that is being served, and the answers that it gets."""
    answers = []
    return PendingCall(language, lambda *answer: answers.append(answer[:2])), answers


def test_an_answer(caplog):
    """The fields stand in the envelope with the id of the request."""
    pending, answers = pending_with()
    pending.answer({"Result": 1})
    ((request_id, body),) = answers
    assert json.loads(body) == {"Response": {"Result": 1, "RequestId": request_id}}
    assert (request_id, caplog.records) == (pending.request_id, [])


def test_a_refusal(caplog):
    """A refusal is answered in the language that was asked for, and is not logged."""
    texts = []
    for language in ("en-US", "zh-CN"):
        pending, answers = pending_with(language)
        pending.fail(api_errors.Refusal("AuthFailure.SecretIdNotFound", "no", "否"))
        error = json.loads(answers[0][1])["Response"]["Error"]
        texts.append(error["Message"])
        assert error["Code"] == "AuthFailure.SecretIdNotFound"
    assert (texts, caplog.records) == (["no", "否"], [])


def test_a_mistake_of_ours(caplog):
    """Any other error is InternalError, whose text says where the traceback is; the log has it, once."""
    pending, answers = pending_with()
    try:
        raise KeyError("secret")
    except KeyError as error:
        pending.fail(error)
    error = json.loads(answers[0][1])["Response"]["Error"]
    assert error["Code"] == "InternalError"
    assert "tencentserverless.local" in error["Message"]
    assert b"secret" not in answers[0][1]
    (record,) = caplog.records
    assert (record.name.startswith("tencentserverless.local"), record.exc_info[0]) == (True, KeyError)


def test_an_answer_that_takes_a_while():
    """What a coroutine returns is the answer, and so is what it raises."""

    async def fields():
        return {"A": 1}

    async def refusal():
        raise api_errors.event_not_json()

    found = []
    for work in (fields(), refusal()):
        pending, answers = pending_with()
        asyncio.run(pending.answer_with(work))
        found.append(json.loads(answers[0][1])["Response"])
    assert found[0]["A"] == 1
    assert found[1]["Error"]["Code"] == "InvalidParameterValue.Param"


def test_request_ids():
    """They are random UUIDs of version 4, also when many threads make them at the same time."""
    ids = []
    threads = [threading.Thread(target=lambda: ids.extend(new_request_id() for _ in range(2000))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 16000
    assert {(uuid.UUID(text).version, uuid.UUID(text).variant) for text in ids} == {(4, uuid.RFC_4122)}
