"""The way to the cloud from here: the settings and where each comes from, the endpoint, the clock."""

from collections.abc import Iterator
from typing import Any

from tencentserverless._cli import exit_codes, settings, target
from tencentserverless._cli.project import reach
from tencentserverless._cli.project.rules import endpoint as rules
from tencentserverless._cli.project.rules.finding import Finding
from tencentserverless._protocol.effects import Fault, Origin
from tencentserverless._settings.report import survey
from tencentserverless._transport import tls_context
from tencentserverless.scf import Client


def look(
    region: str | None, profile: str | None, endpoint: str | None, is_local: bool, has_network: bool
) -> tuple[list[settings.Row], list[Finding]]:
    """The rows of a report, and the findings. Without has_network nothing is sent."""
    try:
        arguments = target.client_arguments(is_local, endpoint, profile)
    except exit_codes.Failure as error:  # no local endpoint runs, or several do
        return [], [rules.setting(error.format_message())]
    return _of_client(Client(region=region, **arguments), arguments, has_network)


def _of_client(
    client: Client, arguments: dict[str, Any], has_network: bool
) -> tuple[list[settings.Row], list[Finding]]:
    lines, errors = survey(client)
    findings = [rules.setting(str(error)) for error in errors]
    findings += rules.region({name: value for name, value, _ in lines}.get("region"))
    origin = client._next_origin()
    unread = list(_unread_certificates(client, origin))
    if unread:
        findings += unread
    elif origin is not None and has_network:  # without an origin a setting is wrong, which is a finding of its own
        places = {name: source for name, _, source in lines}
        is_needed = places.get("endpoint", "") not in ("default", "region")
        try:
            answer = reach.ask(origin, client._trust())
        except Fault as fault:
            findings.append(rules.unreached(origin, fault, is_needed or target.has_credentials()))
        else:
            behind = rules.seconds_behind(answer.date, answer.now)
            lines.append(("clock", _shown(behind), "the endpoint's Date"))
            findings += rules.clock(origin, behind)
    return settings.rows(lines, arguments), findings


def _unread_certificates(client: Client, origin: Origin | None) -> Iterator[Finding]:
    if origin is not None and origin.scheme == "https":
        try:
            tls_context.context(client._trust())
        except Fault as fault:
            yield rules.setting(fault.reason)


def _shown(behind: float | None) -> str:
    if behind is None:
        return "not known"
    return f"{abs(behind):.0f} s {'behind' if behind > 0 else 'ahead'}"
