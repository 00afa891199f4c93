"""Which API action carries an invocation: Invoke, or InvokeFunction, which the platform allows 100 times as often.

InvokeFunction needs a permission of its own, which old programs may not have, and not every region offers it. Where
the platform refused it, Invoke is used for ten minutes. A `Refusals` remembers that; it belongs to the clients, because
the protocol itself keeps no state.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Tuple

    from tencentserverless._protocol.effects import Moment
    from tencentserverless._protocol.invoke import Invocation

    Target = Tuple[str, str, str]  # region, namespace, function

INVOKE = "Invoke"
INVOKE_FUNCTION = "InvokeFunction"
REMEMBERED = 600.0  # seconds
MOST_REFUSALS = 1024

_UNSUPPORTED = ("UnauthorizedOperation", "AuthFailure.UnauthorizedOperation", "UnsupportedOperation")
_UNKNOWN = ("InvalidAction", "UnsupportedRegion", "ActionOffline")


class Refusals:
    """The functions for which the platform refused InvokeFunction lately, and when.

    A refusal holds for one secret id: another one may have the permission.
    """

    def __init__(self) -> None:
        self._refused_at: "Dict[Tuple[str, ...], float]" = {}  # monotonic

    def __len__(self) -> int:
        return len(self._refused_at)

    def add(self, target: "Target", moment: "Moment") -> None:
        if len(self._refused_at) >= MOST_REFUSALS:  # to forget one costs one request that is refused again
            self._refused_at.clear()
        self._refused_at[_key(target, moment)] = moment.now

    def has(self, target: "Target", moment: "Moment") -> bool:
        """Whether this target was refused in the last ten minutes."""
        if not self._refused_at:
            return False
        refused_at = self._refused_at.get(_key(target, moment))
        return refused_at is not None and moment.now - refused_at < REMEMBERED


def _key(target: "Target", moment: "Moment") -> "Tuple[str, ...]":
    return (*target, moment.identity.secret_id)


class Fallback:
    """How an invocation by InvokeFunction goes on as Invoke.

    refusals: where a refusal is remembered. target: the function it is remembered for. make_body: makes the body of the
    action Invoke, which names the event differently.
    """

    __slots__ = ("make_body", "refusals", "target")

    def __init__(self, refusals: Refusals, target: "Target", make_body: "Callable[[], bytes]") -> None:
        self.refusals = refusals
        self.target = target
        self.make_body = make_body


def choose(invocation: "Invocation", moment: "Moment") -> "Tuple[str, bytes]":
    """The action and the body to begin with."""
    fallback = invocation.fallback
    if fallback is not None and fallback.refusals.has(fallback.target, moment):
        return INVOKE, fallback.make_body()
    return invocation.action, invocation.body


def should_fall_back(action: str, invocation: "Invocation", code: object) -> bool:
    """Whether a refusal with this code means that Invoke should be tried instead. Such a refusal means: nothing ran."""
    if action != INVOKE_FUNCTION or invocation.fallback is None or not isinstance(code, str):
        return False
    return code in _UNKNOWN or code.startswith(_UNSUPPORTED)


def fall_back(invocation: "Invocation", moment: "Moment") -> "Tuple[str, bytes]":
    """Use Invoke for this function and secret id for the next ten minutes. Returns the action and the body to send."""
    fallback = invocation.fallback
    assert fallback is not None
    fallback.refusals.add(fallback.target, moment)
    return INVOKE, fallback.make_body()
