"""The parameters of an action: decoding from JSON or a form, and checking against their declared shapes. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from tencentserverless._protocol import strict_json
from tencentserverless.local.model import api_errors

# A shape is `str`, `int`, `bool`, [shape of the items] or {name: shape}.
Shape = Any
_TRUE, _FALSE = frozenset(("true", "1")), frozenset(("false", "0"))
_NEST_LIMIT = 8
_MOST_PARTS = 256
_PART_NAME = re.compile(rb'^content-disposition:[^\r\n]*?;\s*name="?([^";\r\n]+)', re.IGNORECASE | re.MULTILINE)
_PART_IS_JSON = re.compile(rb"^content-type:\s*application/json", re.IGNORECASE | re.MULTILINE)


def from_json(body: bytes) -> dict[str, Any]:
    """Decode a JSON object. Raises `Refusal`."""
    try:
        value = strict_json.decoded(body.decode()) if body else {}
    except UnicodeDecodeError:
        raise api_errors.malformed_body("not UTF-8") from None
    except (ValueError, RecursionError):
        raise api_errors.malformed_body("not JSON") from None
    if not isinstance(value, dict):
        raise api_errors.malformed_body("not a JSON object")
    return value


def offset_and_limit(parameters: Mapping[str, Any]) -> tuple[int, int]:
    """`Offset` and `Limit` of an action with pages."""
    return max(parameters.get("Offset", 0), 0), max(parameters.get("Limit", 20), 0)


def from_form(pairs: Mapping[str, str]) -> dict[str, Any]:
    """Return the nested object of a form such as ``A.B=1&A.C.0=2``. All its values are text. Raises `Refusal`."""
    tree: dict[str, Any] = {}
    for path, value in pairs.items():
        *parents, leaf = path.split(".")
        if len(parents) > _NEST_LIMIT:
            raise api_errors.unknown_parameter(path)
        node = tree
        for name in parents:
            node = node.setdefault(name, {})
            if not isinstance(node, dict):
                raise api_errors.wrong_type(path)
        if leaf in node:
            raise api_errors.wrong_type(path)
        node[leaf] = value
    return {name: _with_lists(value) for name, value in tree.items()}


def from_multipart(body: bytes, boundary: bytes) -> dict[str, Any]:
    """Decode a body of ``multipart/form-data`` (RFC 7578). Parts that say so are JSON. Raises `Refusal`."""
    texts: dict[str, str] = {}
    values: dict[str, Any] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary, _MOST_PARTS)[1:]:
        if part.startswith(b"--"):  # the end
            return {**from_form(texts), **values}
        head, blank, content = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head) if blank else None
        if name is None:
            break
        found = values if _PART_IS_JSON.search(head) else texts
        try:
            found[name[1].decode()] = strict_json.decoded(content.decode()) if found is values else content.decode()
        except (ValueError, RecursionError):
            break
    if not body:
        return {}
    raise api_errors.malformed_body("not multipart/form-data with this boundary")


def checked(values: Mapping[str, Any], declared: Mapping[str, Shape], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return `values` in their declared types. Raises `Refusal` for an unknown name, a missing one, or a wrong type.

    Nulls are left out, because clients send null for missing arguments. Only declared shapes are looked into, however
    deep a value is nested.
    """
    values = _without_nulls(values)
    for name in values:
        if name not in declared:
            raise api_errors.unknown_parameter(name)
    for name in required:
        if name not in values:
            raise api_errors.missing_parameter(name)
    return {
        name: value if type(value) is declared[name] else _coerced(name, value, declared[name])
        for name, value in values.items()
    }


def _coerced(path: str, value: Any, shape: Shape) -> Any:
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise api_errors.wrong_type(path)
        items = [item for item in value if item is not None]
        return [_coerced(f"{path}.{index}", item, shape[0]) for index, item in enumerate(items)]
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            raise api_errors.wrong_type(path)
        return _coerced_object(path, _without_nulls(value), shape)
    return _coerced_leaf(path, value, shape)


def _coerced_object(path: str, value: dict[str, Any], shape: dict[str, Shape]) -> dict[str, Any]:
    for name in value:
        if name not in shape:
            raise api_errors.unknown_parameter(f"{path}.{name}")
    return {name: _coerced(f"{path}.{name}", item, shape[name]) for name, item in value.items()}


def _coerced_leaf(path: str, value: Any, shape: type) -> Any:
    """Convert one value. Numbers and flags may be text: forms have only text, and some actions declare it."""
    if type(value) is shape:
        return value
    if shape is int and isinstance(value, str) and _is_integer(value):
        return int(value)
    if shape is bool and str(value).lower() in _TRUE | _FALSE:
        return str(value).lower() in _TRUE
    raise api_errors.wrong_type(path)


def _is_integer(text: str) -> bool:
    return len(text) <= 20 and text.isascii() and text.removeprefix("-").isdigit()


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {name: _with_lists(item) for name, item in value.items()}
    if items and all(name.isascii() and name.isdigit() and len(name) < 10 for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return items


def choice(parameters: Mapping[str, Any], name: str, allowed: tuple[str, ...], *, any_case: bool = False) -> str:
    """Return a parameter whose value must be one of `allowed`. The first of them is the default. Raises `Refusal`.

    any_case: whether its letters may be of any case. Then `allowed` are capitalized words.
    """
    value: str = parameters.get(name) or allowed[0]
    if any_case:
        value = value.capitalize()
    if value not in allowed:
        raise api_errors.wrong_value(name)
    return value
