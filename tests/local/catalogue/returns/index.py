import decimal

VALUES = {
    "text": "Hello",
    "object": {"a": 1, "ä": [True, None, 1.5]},
    "nothing": None,
    "decimal": decimal.Decimal("1.10"),
    "nan": float("nan"),
    "surrogate": "\ud800",
    "set": {1},
    "bytes": b"x",
}


def main_handler(event, context):
    if "size" in event:
        return "x" * (event["size"] - 2)
    return VALUES[event["what"]]
