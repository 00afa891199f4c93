"""Requests on their way back."""

import json
import uuid

from tencentserverless.local.api.call import Asked, new_request_id
from tencentserverless.local.model import api_errors


def asked_with(language="en-US"):
    """A request, the answers it gets, and the notices."""
    answers, notices = [], []
    return Asked(language, lambda *answer: answers.append(answer), notices.append), answers, notices


def test_an_answer():
    """The fields stand in the envelope with the id of the request."""
    asked, answers, notices = asked_with()
    asked.answer({"Result": 1})
    ((request_id, body),) = answers
    assert json.loads(body) == {"Response": {"Result": 1, "RequestId": request_id}}
    assert (request_id, notices) == (asked.request_id, [])


def test_a_refusal():
    """A refusal is answered in the language that was asked for, and is no notice."""
    texts = []
    for language in ("en-US", "zh-CN"):
        asked, answers, notices = asked_with(language)
        asked.fail(api_errors.Refusal("AuthFailure.SecretIdNotFound", "no", "否"))
        error = json.loads(answers[0][1])["Response"]["Error"]
        texts.append(error["Message"])
        assert (error["Code"], notices) == ("AuthFailure.SecretIdNotFound", [])
    assert texts == ["no", "否"]


def test_a_mistake_of_ours():
    """Any other error is InternalError to who asked, who is not told what it was; the notice tells."""
    asked, answers, notices = asked_with()
    asked.fail(KeyError("secret"))
    assert json.loads(answers[0][1])["Response"]["Error"]["Code"] == "InternalError"
    assert b"secret" not in answers[0][1]
    assert notices == ["internal error: KeyError('secret')"]


def test_request_ids():
    """They are random UUIDs of version 4."""
    ids = {new_request_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {(uuid.UUID(text).version, uuid.UUID(text).variant) for text in ids} == {(4, uuid.RFC_4122)}
