"""``tencentserverless invoke``: invoke one function, in the cloud or on a local endpoint."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from tencentserverless._cli import target
from tencentserverless._protocol import strict_json

OK, FUNCTION_FAILED, USAGE, CLOUD_FAILED, NOT_PRINTED = 0, 1, 2, 3, 4


@click.command()
@click.argument("name")
@click.option("--data", metavar="JSON|@FILE|-", help="The event: JSON text, @ and a file, or - for standard input.")
@click.option("--region", help="Default: TENCENTCLOUD_REGION, then ap-guangzhou.")
@click.option("--namespace", default="default", show_default=True)
@click.option("--qualifier", default="$LATEST", show_default=True, help="A version or an alias.")
@click.option("--log-tail", is_flag=True, help="Print the end of the execution log to standard error.")
@click.option("--endpoint", metavar="URL", help="The address of the API, such as http://127.0.0.1:9000.")
@target.local_option
def invoke(
    name: str,
    data: str | None,
    region: str | None,
    namespace: str,
    qualifier: str,
    log_tail: bool,
    endpoint: str | None,
    is_local: bool,
) -> None:
    """Invoke the function NAME and print what it returned.

    A running local endpoint is also used without --local if no option, variable or file names credentials or an
    endpoint.

    The result goes to standard output, everything else to standard error. The exit code is 1 if the function failed
    and 2 if the command line is wrong. It is 3 if the cloud, the connection or the settings failed, and 4 if the
    function succeeded and its result cannot be printed.
    """
    from tencentserverless.exception import CloudError, EventError, TencentServerlessSDKException
    from tencentserverless.scf import Client

    event = parse_event(data)
    arguments = target.client_arguments(is_local, endpoint)
    try:
        with Client(region=region, **arguments) as client:
            result = client.invoke(
                name, namespace=namespace, qualifier=qualifier, log_type="Tail" if log_tail else "None", data=event
            )
    except EventError as error:
        raise click.BadParameter(str(error), param_hint="--data") from None
    except TencentServerlessSDKException as error:
        _fail(error, FUNCTION_FAILED)
    except CloudError as error:
        _fail(error, CLOUD_FAILED)
    if log_tail:
        _tell(result.log_tail)
    try:
        _print(result, sys.stdout)
    except OSError as error:
        _fail(f"the function succeeded, but its result cannot be printed: {error}", NOT_PRINTED)


def parse_event(data: str | None) -> Any:
    """Return the event of ``--data``, None without this option."""
    if data is None:
        return None
    try:
        return strict_json.decoded(_text(data))
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--data") from None


def _text(data: str) -> str:
    if data == "-":
        return sys.stdin.buffer.read().decode("utf-8-sig")
    if not data.startswith("@"):
        return data
    try:
        return Path(data[1:]).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise click.BadParameter(f"{data[1:]}: {error.strerror}", param_hint="--data") from None


def _tell(text: str) -> None:
    """Print text to standard error. The result and the exit code do not depend on whether that is possible."""
    with suppress(OSError):
        _print(text, sys.stderr)


def _print(text: str, stream: Any) -> None:
    """Print text, unless the stream is closed. Characters that the terminal does not have are escaped."""
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def _fail(error: object, code: int) -> NoReturn:
    _tell(str(error))
    sys.exit(code)
