"""The way to the cloud from here: the settings and where each comes from, the endpoint, the clock."""

from collections.abc import Iterator
from typing import Any

from tencentserverless._cli import exit_codes, settings, target
from tencentserverless._cli.project import reach
from tencentserverless._cli.project.rules import endpoint as rules
from tencentserverless._cli.project.rules.finding import Finding
from tencentserverless._protocol.effects import Fault
from tencentserverless._settings.report import survey
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
    if has_network:
        places = {name: source for name, _, source in lines}
        for each in _network(client, places.get("endpoint", "")):
            findings.append(each) if isinstance(each, Finding) else lines.append(each)
    return settings.rows(lines, arguments), findings


def _network(client: Client, endpoint_place: str) -> Iterator[settings.Row | Finding]:
    """The row and the finding about the clock, or the finding that the endpoint gave no answer."""
    origin = client._next_origin()
    if origin is None:  # a setting is wrong, which is a finding of its own
        return
    try:
        answer = reach.ask(origin, client._trust())
    except Fault as fault:
        is_needed = endpoint_place not in ("default", "region") or target.has_credentials()
        yield rules.unreached(origin, fault, is_needed)
        return
    behind = rules.seconds_behind(answer.date, answer.now)
    yield "clock", _shown(behind), "the endpoint's Date"
    yield from rules.clock(origin, behind)


def _shown(behind: float | None) -> str:
    if behind is None:
        return "not known"
    return f"{abs(behind):.0f} s {'behind' if behind > 0 else 'ahead'}"
