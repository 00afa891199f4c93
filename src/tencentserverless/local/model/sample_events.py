"""Sample events of triggers, and how to change a value inside one. Pure.

The structures are those of https://cloud.tencent.com/document/product/583/31439 and the pages that it links.
"""

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tencentserverless._protocol import strict_json

_APP_ID = "1250000000"


class PathError(ValueError):
    """The sample event has no such place. The message says which places there are."""


def changed(event: Any, path: str, text: str) -> None:
    """Set the value at `path`, such as ``Records.0.cos.cosObject.key``, or its last part if that is unique.

    Where the sample has text, the new value is `text`. Elsewhere `text` is JSON, or else the value is `text` too.
    The last part may be a new key of a map. Raises `PathError`.
    """
    whole = _whole_path(event, path)
    *parents, last = whole.split(".")
    holder = event
    for number, part in enumerate(parents):
        holder = _inside(holder, part, ".".join(parents[: number + 1]))
    if isinstance(holder, dict):
        holder[last] = _value(text, holder.get(last))
    else:
        holder[int(last)] = _value(text, _inside(holder, last, whole))


def _value(text: str, before: Any) -> Any:
    try:
        return text if isinstance(before, str) else strict_json.decoded(text)
    except (ValueError, RecursionError):
        return text


def paths(event: Any, prefix: str = "") -> Iterator[str]:
    """The path of each value that is not a map or a list."""
    items = event.items() if isinstance(event, dict) else enumerate(event) if isinstance(event, list) else ()
    for key, value in items:
        path = f"{prefix}{key}"
        inner = list(paths(value, f"{path}."))
        yield from inner or [path]


def _whole_path(event: Any, path: str) -> str:
    if "." in path or (isinstance(event, dict) and path in event):
        return path
    found = [each for each in paths(event) if each.rpartition(".")[2] == path]
    if len(found) > 1:
        raise PathError(f"`{path}` is at several places: {', '.join(found)}")
    if not found:
        raise PathError(f"no `{path}` in this event. It has: {', '.join(paths(event))}")
    return found[0]


def _inside(holder: Any, part: str, path: str) -> Any:
    try:
        return holder[int(part)] if isinstance(holder, list) else holder[part]
    except (KeyError, IndexError, TypeError, ValueError):
        raise PathError(f"no `{path}` in this event") from None


def timer() -> Any:
    """A timer. Time: when it fired, UTC. Message: the argument that was given to the trigger."""
    return {"Type": "Timer", "TriggerName": "EveryDay", "Time": "2026-01-05T01:22:00Z", "Message": ""}


def cos() -> Any:
    """An object was stored in a bucket of COS. The key begins with the account and the bucket."""
    return {
        "Records": [
            {
                "cos": {
                    "cosSchemaVersion": "1.0",
                    "cosObject": {
                        "url": f"https://pictures-{_APP_ID}.cos.ap-guangzhou.myqcloud.com/inbox/cat.jpg",
                        "meta": {"x-cos-request-id": "NjVhMTIzNDVfYTJiM2M0", "Content-Type": "image/jpeg"},
                        "vid": "",
                        "key": f"/{_APP_ID}/pictures/inbox/cat.jpg",
                        "size": 20480,
                    },
                    "cosBucket": {"region": "gz", "name": "pictures", "appid": _APP_ID},
                    "cosNotificationId": "unkown",
                },
                "event": {
                    "eventName": "cos:ObjectCreated:Put",
                    "eventVersion": "1.0",
                    "eventTime": 1767576120,
                    "eventSource": "qcs::cos",
                    "requestParameters": {"requestSourceIP": "203.0.113.9", "requestHeaders": {"Authorization": ""}},
                    "eventQueue": f"qcs:0:lambda:gz:appid/{_APP_ID}:default.Thumbnail.$LATEST",
                    "reservedInfo": "",
                    "reqid": 179398952,
                },
            }
        ]
    }


def ckafka() -> Any:
    """A message of CKafka. msgKey is the text "None" if the message has no key."""
    message = {"topic": "orders", "partition": 1, "offset": 36, "msgKey": "None", "msgBody": "Hello from Ckafka!"}
    return {"Records": [{"Ckafka": message}]}


def cmq() -> Any:
    """A message of a CMQ topic. All values are texts."""
    return {
        "Records": [
            {
                "CMQ": {
                    "type": "topic",
                    "topicOwner": _APP_ID,
                    "topicName": "orders",
                    "publishTime": "2026-01-05T01:22:00.000Z",
                    "msgId": "123345346",
                    "requestId": "123345346",
                    "msgBody": "Hello from CMQ!",
                    "msgTag": "tag1,tag2",
                    "subscriptionName": "orders-to-scf",
                }
            }
        ]
    }


def cls() -> Any:
    """Lines of the log service, not yet packed: see `packed`. timestamp: microseconds."""
    records = [{"timestamp": "1767576120000000", "content": "GET /items/7 200"}]
    return {"topic_id": "5f4e3d2c-0000-4000-8000-1a2b3c4d5e6f", "topic_name": "access", "records": records}


def url() -> Any:
    """A request to a function URL."""
    return {
        "httpMethod": "POST",
        "path": "/items/7",
        "queryString": {"page": "2"},
        "headers": {
            "accept": "*/*",
            "content-type": "application/json",
            "user-agent": "curl/8.5.0",
            "x-scf-remote-addr": "203.0.113.9",
        },
        "body": '{"n": 3}',
    }


def apigw() -> Any:
    """A request through API gateway, which no longer takes new triggers."""
    return {
        "requestContext": {
            "serviceId": "service-f94sy04v",
            "path": "/items/{id}",
            "httpMethod": "POST",
            "requestId": "c6af9ac67b6111e7a05b525400c75458",
            "identity": {"secretId": "abdcdxxxxxxxsdfs"},
            "sourceIp": "203.0.113.9",
            "stage": "release",
        },
        "headers": {"accept": "*/*", "content-type": "application/json", "user-agent": "curl/8.5.0"},
        "body": '{"n": 3}',
        "pathParameters": {"id": "7"},
        "queryStringParameters": {"page": "2"},
        "headerParameters": {},
        "stageVariables": {"stage": "release"},
        "path": "/items/7",
        "queryString": {"page": "2"},
        "httpMethod": "POST",
        "isBase64Encoded": False,
    }


def packed(trigger: str, event: Any) -> Any:
    """The event as the function gets it. Lines of the log service are compressed, and encoded in base64."""
    if trigger != "cls":
        return event
    text = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return {"clslogs": {"data": base64.b64encode(gzip.compress(text, mtime=0)).decode()}}


SAMPLES: dict[str, Callable[[], Any]] = {
    "timer": timer,
    "cos": cos,
    "ckafka": ckafka,
    "cmq": cmq,
    "cls": cls,
    "url": url,
    "apigw": apigw,
}


def sample_event(trigger: str, changes: Mapping[str, Any] | None = None) -> Any:
    """Return the event that a function gets from a trigger.

    trigger: timer, cos, ckafka, cmq, cls, url or apigw, as for the command ``tencentserverless event``.
    changes: new values by their place, such as "Records.0.cos.cosObject.key", or its last part if that is unique.

    Raises ValueError if there is no such trigger or place. The message says which there are.
    """
    if trigger not in SAMPLES:
        raise ValueError(f"there is no sample of {trigger}. There are: {', '.join(SAMPLES)}")
    event = SAMPLES[trigger]()
    for path, value in (changes or {}).items():
        changed(event, path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return packed(trigger, event)
