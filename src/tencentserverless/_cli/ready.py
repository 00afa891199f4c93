"""What `local start` shows once it serves: the functions, the variables for programs, and what to type next. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from tencentserverless._cli.language import text
from tencentserverless._cli.local_env import assignment
from tencentserverless._cli.looking.words import column_heads
from tencentserverless._cli.text_width import padded, width_of
from tencentserverless.local.model.function import DEFAULT_NAMESPACE, Function
from tencentserverless.local.model.regions import DEFAULT_REGION

MOST_ROWS = 200
LEAST_COLUMNS = 20  # of the last column
_COLUMNS = ("function", "region", "namespace", "runtime", "memory", "timeout", "code")


def variables(line: Mapping[str, str | int]) -> dict[str, str]:
    """The environment variables for programs that use the endpoint. line: what is printed to standard output."""
    found = {
        "TENCENTSERVERLESS_ENDPOINT": str(line["endpoint"]),
        "TENCENTCLOUD_SECRETID": str(line["secret_id"]),
        "TENCENTCLOUD_SECRETKEY": str(line["secret_key"]),
    }
    if "ca_file" in line:
        found["SSL_CERT_FILE"] = str(line["ca_file"])
    return found


def ready(
    functions: Sequence[Function],
    values: Mapping[str, str],
    width: int,
    *,
    records: object = "",
    is_windows: bool = False,
) -> Iterator[str]:
    """The lines to show.

    values: the environment variables. width: the columns of the terminal. records: the file of the records that are
    kept, "" if they are not.
    """
    count = {"count": len(functions), "endpoint": values["TENCENTSERVERLESS_ENDPOINT"]}
    yield (
        text("Serving 1 function at {endpoint}", **count)
        if len(functions) == 1
        else text("Serving {count} functions at {endpoint}", **count)
    )
    yield ""
    heads = column_heads()
    rows = [tuple(heads[name] for name in _COLUMNS), *map(_row, functions[:MOST_ROWS])]
    yield from (f"  {row}" for row in _table(rows, width - 2))
    if len(functions) > MOST_ROWS:
        yield "  " + text("and {count} more", count=len(functions) - MOST_ROWS)
    yield ""
    yield text("In another terminal{which}:", which=" (PowerShell)" if is_windows else "")
    yield ""
    for name, value in values.items():
        yield f"  {assignment('powershell' if is_windows else 'sh', name, value)}"
    if functions:
        yield f"  {_invocation(functions[0])}"
    yield ""
    if records:
        yield text("Records are kept for 7 days in {file}", file=records)
        yield text("Look back: tencentserverless logs --failed, tencentserverless local trace")
        yield ""
    yield text("Saved code takes effect at the next invocation. Press Ctrl-C to stop.")


def _row(function: Function) -> tuple[str, ...]:
    runtime, memory, timeout = function.runtime or "", f"{function.memory_mb} MB", f"{function.timeout} s"
    return function.name, function.region, function.namespace, runtime, memory, timeout, str(function.code)


def _invocation(function: Function) -> str:
    region = "" if function.region == DEFAULT_REGION else f" --region {function.region}"
    namespace = "" if function.namespace == DEFAULT_NAMESPACE else f" --namespace {function.namespace}"
    return f"tencentserverless invoke {function.name} --local{region}{namespace} --data '{{}}'"


def _table(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    """Rows in columns, without the columns that are empty. The last column loses its beginning if it is too long."""
    filled = [column for column in zip(*rows, strict=True) if any(column[1:]) or len(rows) == 1]
    *others, last = filled
    widths = [max(map(width_of, column)) for column in others]
    room = max(width - sum(widths) - 2 * len(widths), LEAST_COLUMNS)
    for row in zip(*others, last, strict=True):
        end = row[-1] if len(row[-1]) <= room else f"...{row[-1][3 - room :]}"
        yield "  ".join([*map(padded, row, widths), end])
