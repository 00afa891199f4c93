"""``tencentserverless logs --refused``: the requests that a local endpoint refused."""

from collections.abc import Iterator
from typing import Any

from tencentserverless._cli import output
from tencentserverless._cli.looking import sources
from tencentserverless._cli.looking.record_files import Source
from tencentserverless.local.invocations import refused_rows
from tencentserverless.local.invocations.refusals import Repeated
from tencentserverless.local.invocations.search import Wanted


def show(source: Source, wanted: Wanted, most: int, *, as_json: bool) -> None:
    """Print the last refusals of a file of records, equal ones together.

    wanted: of its conditions those about the function and the time.
    """
    sources.flush(source)
    with sources.reading(source) as database:
        found = [each for each in refused_rows.read(database) if _is_wanted(each, wanted)]
    for each in found[len(found) - most :] if most < len(found) else found:
        if as_json:
            output.write_json(_data(each))
        else:
            output.write_shown("\n".join(_lines(each)))
    if not found:
        output.tell(f"No refused request was found in {source.path}.")


def _is_wanted(repeated: Repeated, wanted: Wanted) -> bool:
    refused = repeated.refused
    place = (refused.function_name, refused.region, refused.namespace)
    asked = (wanted.name, wanted.region, wanted.namespace)
    return refused.at >= (wanted.since or 0.0) and all(
        value in (None, own) for value, own in zip(asked, place, strict=True)
    )


def _data(repeated: Repeated) -> dict[str, Any]:
    return {**repeated.refused._asdict(), "first_at": repeated.first_at, "count": repeated.number}


def _lines(repeated: Repeated) -> Iterator[str]:
    from tencentserverless._cli.screen import Screen

    screen = Screen(output.columns(), colour=output.has_colours(), looks_back=True)
    return screen.refusal(repeated.refused, repeated.number)
