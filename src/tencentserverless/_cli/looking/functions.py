"""``tencentserverless functions``: which functions there are, and how each was invoked last."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import exit_codes, output, target
from tencentserverless._cli.language import joined, text
from tencentserverless._cli.looking import cloud, words
from tencentserverless._cli.text_width import padded, width_of

if TYPE_CHECKING:
    from tencentserverless.scf import Client

AT_A_TIME = 8  # requests
_COLUMNS = ("function", "region", "namespace", "runtime", "memory", "timeout", "last run", "outcome")


@click.command()
@click.option("--region", help="Default: TENCENTCLOUD_REGION, then ap-guangzhou. Locally: all regions.")
@click.option("--namespace", help="Default: all.")
@target.client_options
@output.options
def functions(
    region: str | None, namespace: str | None, profile: str | None, endpoint: str | None, is_local: bool, as_json: bool
) -> None:
    """List the functions of a region, or of the local endpoint that runs, and how each was invoked last."""
    with target.client_of(region, profile, endpoint, is_local) as client:
        regions = _regions(client) if region is None else [region]
        found = list(_described(client, regions, namespace))
    if not found:
        output.tell(text("There are no functions in {place}.", place=f"{', '.join(regions)}/{namespace or '*'}"))
    with output.until_the_reader_goes():
        if as_json:
            for each in found:
                output.write_json(each)
        elif found:
            heads = words.column_heads()
            for line in _table([tuple(heads[name] for name in _COLUMNS), *map(_row, found)]):
                output.write(line)


def _regions(client: "Client") -> list[str]:
    """The region that is set. A local endpoint serves all regions."""
    from tencentserverless.local.model.regions import REGIONS

    is_local = str(client._resolve(None, None)[1].host).startswith("127.")
    return sorted(REGIONS) if is_local else [cloud.region_of(client)]


def _described(client: "Client", regions: Sequence[str], namespace: str | None) -> Iterator[dict[str, Any]]:
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        places = [
            (region, each)
            for region, names in zip(regions, pool.map(lambda each: _namespaces(client, each), regions), strict=True)
            for each in ([namespace] if namespace else names)
        ]
        listed = pool.map(lambda place: _listed(client, *place), places)
        names = [(*place, each["FunctionName"]) for place, items in zip(places, listed, strict=True) for each in items]
        last_runs = LastRuns(client)
        yield from pool.map(lambda name: {**configuration(client, *name), **last_runs.of(*name)}, names)


def _namespaces(client: "Client", region: str) -> list[str]:
    return [each["Name"] for each in cloud.pages(client, "ListNamespaces", "Namespaces", region)]


def _listed(client: "Client", region: str, namespace: str) -> list[dict[str, Any]]:
    return list(cloud.pages(client, "ListFunctions", "Functions", region, Namespace=namespace))


def configuration(
    client: "Client", region: str, namespace: str, name: str, qualifier: str | None = None
) -> dict[str, Any]:
    """What GetFunction says of a function. Of its variables only the names."""
    found = cloud.ask(
        client, "GetFunction", region, FunctionName=name, Namespace=namespace, Qualifier=qualifier, ShowCode="FALSE"
    )
    return {
        "function_name": name,
        "region": region,
        "namespace": namespace,
        "qualifier": found.get("Qualifier") or qualifier or "$LATEST",
        "runtime": found.get("Runtime"),
        "handler": found.get("Handler"),
        "memory_mb": found.get("MemorySize"),
        "timeout": found.get("Timeout"),
        "init_timeout": found.get("InitTimeout"),
        "status": found.get("Status"),
        "description": found.get("Description"),
        "code_bytes": found.get("CodeSize"),
        "modified_at": found.get("ModTime") and cloud.parsed(found["ModTime"]),
        "variables": sorted(each["Key"] for each in (found.get("Environment") or {}).get("Variables") or ()),
        "layers": [f"{each['LayerName']}:{each['LayerVersion']}" for each in found.get("Layers") or ()],
        "triggers": [each.get("TriggerName") for each in found.get("Triggers") or ()],
    }


class LastRuns:
    """Asks how functions were invoked last. If the platform does not say it for one, no other is asked for."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._is_answered = True

    def of(self, region: str, namespace: str, name: str) -> dict[str, Any]:
        """The time and the outcome of the last invocation, None if they are not known."""
        items: list[dict[str, Any]] = []
        if self._is_answered:
            try:
                items = cloud.logs(self._client, region, FunctionName=name, Namespace=namespace, Limit=1)
            except exit_codes.Failure as refused:
                if self._is_answered:
                    self._is_answered = False
                    output.tell(joined(text("The last runs are not known."), refused.message))
        if not items:
            return {"last_run_at": None, "last_outcome": None}
        record = cloud.record_of(items[0], region, namespace)
        verdict = record.outcome.verdict if record.outcome else "running"
        return {"last_run_at": record.invocation.received_at, "last_outcome": verdict}


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    from tencentserverless._cli.looking.times import shown

    memory = f"{found['memory_mb']} MB" if found["memory_mb"] else ""
    timeout = f"{found['timeout']} s" if found["timeout"] else ""
    at = shown(found["last_run_at"]) if found["last_run_at"] else ""
    names = found["function_name"], found["region"], found["namespace"], found["runtime"] or ""
    return (*names, memory, timeout, at, words.verdict(found["last_outcome"] or ""))


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(padded, row, widths)).rstrip()
