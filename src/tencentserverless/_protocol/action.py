"""Which API action carries an invocation: Invoke, or InvokeFunction, which the platform allows 100 times as often.

InvokeFunction needs a permission of its own, which old programs may not have, and does not exist everywhere. Where it
was refused, Invoke is used for ten minutes.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Tuple

    from tencentserverless._protocol.effects import Moment
    from tencentserverless._protocol.invoke import Invocation

    Key = Tuple[str, str, str, str]  # region, namespace, function, secret id

INVOKE = "Invoke"
INVOKE_FUNCTION = "InvokeFunction"
REMEMBERED = 600.0  # seconds
_MOST = 1024

_UNSUPPORTED = ("UnauthorizedOperation", "AuthFailure.UnauthorizedOperation", "UnsupportedOperation")
_UNKNOWN = ("InvalidAction", "UnsupportedRegion", "ActionOffline")

_refused = {}  # type: Dict[Key, float]


def choose(invocation: "Invocation", moment: "Moment") -> "Tuple[str, bytes]":
    """The action and the body to begin with."""
    if _refused and invocation.target is not None and invocation.rebuild is not None:
        refused_at = _refused.get(_key(invocation.target, moment))
        if refused_at is not None and moment.now - refused_at < REMEMBERED:
            return INVOKE, invocation.rebuild(INVOKE)
    return invocation.action, invocation.body


def gives_way(action: str, invocation: "Invocation", code: object) -> bool:
    """Whether a refusal with this code means that Invoke should be tried instead: nothing ran."""
    if action != INVOKE_FUNCTION or not isinstance(code, str):
        return False
    if invocation.target is None or invocation.rebuild is None:  # `choose` would choose the same again
        return False
    return code in _UNKNOWN or code.startswith(_UNSUPPORTED)


def remember(invocation: "Invocation", moment: "Moment") -> None:
    """Invoke it is for the next ten minutes: for this function, and whoever asked."""
    if invocation.target is not None:
        if len(_refused) >= _MOST:
            _refused.clear()
        _refused[_key(invocation.target, moment)] = moment.now


def _key(target: "Tuple[str, str, str]", moment: "Moment") -> "Key":
    region, namespace, function_name = target
    return region, namespace, function_name, moment.identity[0]
