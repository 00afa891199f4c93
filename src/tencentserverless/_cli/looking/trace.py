"""``tencentserverless local trace``: a chain of invocations, and where its time went."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tencentserverless._cli import exit_codes, output
from tencentserverless._cli.language import text
from tencentserverless._cli.looking import sources

if TYPE_CHECKING:
    from tencentserverless._cli.looking.record_files import Source
    from tencentserverless._cli.looking.waterfall import Chain


@click.command("trace")
@click.argument("request_id", required=False)
@click.option("--last", is_flag=True, help="The newest chain. This is the default.")
@click.option("--log", "with_log", is_flag=True, help="Also print what each function printed, and why it failed.")
@click.option("--svg", type=output.FilePath(path_type=Path), metavar="FILE", help="Write the picture here.")
@sources.records_option
@output.options
def trace(
    request_id: str | None, last: bool, with_log: bool, svg: Path | None, records: str | None, as_json: bool
) -> None:
    """Show the chain of invocations that REQUEST_ID, or the beginning of a request id, is part of.

    Each invocation is a bar: it waits for an instance, then the instance may start cold, then the handler runs. Long
    stretches in which nothing ran are folded. The invocations are those of the local endpoint, once they have ended.
    """
    if request_id and last:
        raise click.UsageError(text("give REQUEST_ID or --last, not both"))
    chain = _chain(sources.required(records), request_id)
    if svg is not None:
        _write_svg(svg, chain)
    with output.until_the_reader_goes():
        if as_json:
            output.write_json(chain.as_data())
        elif svg is None or with_log:
            _show(chain, with_log=with_log)


def _chain(source: "Source", request_id: str | None) -> "Chain":
    from tencentserverless._cli.looking.waterfall import Chain
    from tencentserverless.local.invocations import search

    sources.flush(source)
    with sources.reading(source) as database:
        found = search.last_outside(database) if request_id is None else _only(database, request_id, source)
        if found is None:
            raise exit_codes.Failure(text("There are no records in {path} yet.", path=source.path))
        chain = Chain(search.chain(database, found))
    parent = chain.hops[0].record.parent
    if parent is not None:
        output.tell(text("The caller {id} has no record, perhaps because it has not ended.", id=parent))
    return chain


def _only(database: sources.Database, request_id: str, source: "Source") -> str:
    """The complete id of an invocation. Raises `Failure` if there is none, or several."""
    from tencentserverless.local.invocations import search

    found = [record.request_id for record in search.newest(database, search.Wanted(request_id=request_id), 2)]
    if not found:
        raise exit_codes.Failure(
            text(
                "There is no record of {id} in {path}. Records are written when invocations end.",
                id=request_id,
                path=source.path,
            )
        )
    if len(found) > 1:
        names = ", ".join(found)
        raise exit_codes.Failure(text("Several request ids begin with {start}: {names}", start=request_id, names=names))
    return found[0]


def _show(chain: "Chain", *, with_log: bool) -> None:
    from tencentserverless._cli.looking import chart
    from tencentserverless._cli.screen import Screen

    width, colour = output.columns(), output.has_colours()
    for line in chart.lines(chain, width, colour=colour):
        output.write_shown(line)
    if with_log:
        screen = Screen(width, colour=colour, looks_back=True)
        output.write("")
        for hop in sorted(chain.hops, key=lambda each: each.ended):
            output.write_shown("\n".join(screen.entry(hop.record)))


def _write_svg(path: Path, chain: "Chain") -> None:
    from tencentserverless._cli.looking import svg

    try:
        path.write_text(svg.picture(chain), encoding="utf-8")
    except OSError as error:
        raise exit_codes.Failure(f"{path}: {error.strerror}", exit_codes.NOT_WRITTEN) from None
    output.tell(text("Written: {path}", path=path))
