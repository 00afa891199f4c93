"""Rules for the way to the cloud: the settings, the endpoint, and the clock. Pure."""

from collections.abc import Iterator
from difflib import get_close_matches
from email.utils import parsedate_to_datetime

from tencentserverless._cli.language import text
from tencentserverless._cli.project.rules.finding import Finding
from tencentserverless._protocol.effects import Fault, Origin
from tencentserverless.local.model.regions import DEFAULT_REGION, REGIONS

MOST_OFF = 60  # seconds
REFUSED_OFF = 300  # seconds; signatures that are further off are refused


def setting(reason: str) -> Finding:
    """A setting that an invocation would refuse. The reason names its place."""
    fix = text("`tencentserverless settings --help` names the options; the page on settings has all variables.")
    return Finding("D30", "settings", 0, reason, fix)


def region(name: str | None) -> Iterator[Finding]:
    """The finding about a region that is not known here. It may be new, so it is a warning."""
    if name is None or name in REGIONS:
        return
    near = get_close_matches(name, sorted(REGIONS), n=1, cutoff=0.5) or [DEFAULT_REGION]
    reason = text("the region {name} is not known", name=name)
    yield Finding("D33", "settings", 0, reason, text("Did you mean {name}?", name=near[0]), "warning")


def unreached(origin: Origin, fault: Fault, is_needed: bool) -> Finding:
    """No answer came. is_needed: False for someone who may only work on this machine."""
    reason = text("not reached ({phase}): {reason}", phase=fault.phase, reason=fault.reason)
    fix = _fix(fault, origin) + text(" Without a network: --no-network.")
    return Finding("D31", repr(origin), 0, reason, fix, "error" if is_needed else "warning")


def _fix(fault: Fault, origin: Origin) -> str:
    if fault.phase == "proxy":
        return text("Correct the proxy's address in HTTPS_PROXY, or name the endpoint's host in NO_PROXY.")
    if fault.phase == "tls":
        return text("Name the file of the CA's certificate in SSL_CERT_FILE. A server without TLS needs http://.")
    if fault.phase in ("resolve", "connect") and origin.proxy is None and origin.scheme == "https":
        return text("Check the endpoint's address and the network. Where a proxy is needed, set HTTPS_PROXY.")
    return text("Check the endpoint's address, and that its server runs.")


def seconds_behind(date: str, now: float) -> float | None:
    """How far a clock that shows `now` (Unix time) is behind an answer's Date; None if that is not a date."""
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (TypeError, ValueError, OverflowError):
        return None


def clock(origin: Origin, behind: float | None) -> Iterator[Finding]:
    """The finding about a clock that is this many seconds behind the endpoint's; ahead if it is negative."""
    if behind is None or abs(behind) <= MOST_OFF:
        return
    seconds = {"seconds": f"{abs(behind):.0f}", "limit": REFUSED_OFF}
    reason = (
        text("this machine's clock is {seconds} s behind: beyond {limit} s signatures are refused", **seconds)
        if behind > 0
        else text("this machine's clock is {seconds} s ahead: beyond {limit} s signatures are refused", **seconds)
    )
    yield Finding("D32", repr(origin), 0, reason, text("Let the system set its clock: timedatectl set-ntp true"))
