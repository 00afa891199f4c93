"""The envelope of the API's answers. Pure."""

from collections.abc import Mapping
from typing import Any

from tencentserverless._protocol.event import text_encoder
from tencentserverless.local.model import api_errors


def answer(request_id: str, fields: Mapping[str, Any]) -> bytes:
    """The body of a success."""
    return _encode({"Response": {**fields, "RequestId": request_id}}).encode()


def refused(request_id: str, error: api_errors.Refusal, language: str = "en-US", *, with_hint: bool = True) -> bytes:
    """The body of an API error. Its HTTP status is 200, as for a success."""
    message = error.text(language, with_hint=with_hint)
    return answer(request_id, {"Error": {"Code": error.code, "Message": message}})


_encode = text_encoder(ascii_only=True)
