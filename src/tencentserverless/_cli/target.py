"""Where a verb sends its requests: to the cloud, or to a running local endpoint."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tencentserverless._cli import exit_codes, language, output
from tencentserverless._cli.language import text

if TYPE_CHECKING:
    from tencentserverless._cli.running import Running
    from tencentserverless.scf import Client

_PROFILE = click.option("--profile", help="A profile of tccli, or of ~/.tencentcloud/credentials.")
_ENDPOINT = click.option("--endpoint", metavar="URL", help="The address of the API, such as http://127.0.0.1:9000.")
_LOCAL = click.option(
    "--local", "is_local", is_flag=True, help="Use the local endpoint that runs on this machine, see `local start`."
)


def completed(_context: click.Context, _argument: click.Parameter, incomplete: str) -> list[str]:
    from tencentserverless._cli import names

    return [name for name in names.known() if name.startswith(incomplete)]


def _name(_context: click.Context, _argument: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter(text("it is empty"))
    return value


name_argument = click.argument("name", shell_complete=completed, callback=_name)
_OPTIONS = (
    click.option("--region", help="Default: TENCENTCLOUD_REGION, then ap-guangzhou."),
    _PROFILE,
    click.option("--namespace", default="default", show_default=True),
    click.option("--qualifier", default="$LATEST", show_default=True, help="A version or an alias."),
    _ENDPOINT,
    _LOCAL,
    click.option("--timeout", metavar="SECONDS", type=click.FloatRange(0, min_open=True), help="Of one invocation."),
    click.option("--idempotent", is_flag=True, help="The function may run twice: retry more failures."),
)


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of verbs that invoke a function. `client_of` takes those of the client."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def client_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which API is asked, and with which keys."""
    return _PROFILE(_ENDPOINT(_LOCAL(command)))


def client_of(
    region: str | None,
    profile: str | None,
    endpoint: str | None,
    is_local: bool = False,
    timeout: float | None = None,
    **more: Any,
) -> "Client":
    """The client that these options describe. more: other arguments of `Client`."""
    from tencentserverless.scf import Client

    if timeout is not None:
        more["timeout"] = timeout
    more["language"] = language.chosen()
    return Client(region=region, **client_arguments(is_local, endpoint, profile), **more)


def client_arguments(is_local: bool, endpoint: str | None, profile: str | None = None) -> dict[str, Any]:
    """The arguments of `Client` for the endpoint and its keys.

    Without --local a running local endpoint is used only if nothing names an endpoint or credentials.
    """
    if is_local:
        if endpoint or profile:
            raise click.UsageError(text("--local cannot be used with --endpoint or --profile"))
        return arguments_of(required())
    given = {"endpoint": endpoint, "profile": profile}
    if endpoint or os.environ.get("TENCENTSERVERLESS_ENDPOINT"):
        return given
    if profile or has_credentials():
        from tencentserverless._cli.running import all_running

        if all_running():
            output.tell(text("This uses the cloud. A local endpoint runs, too: --local"))
        return given
    found = _found()
    if found is None:
        return given
    output.tell(text("No credentials are set. This uses the local endpoint {endpoint}", endpoint=found.endpoint))
    return arguments_of(found)


def arguments_of(found: "Running") -> dict[str, Any]:
    keys = {"endpoint": found.endpoint, "secret_id": found.secret_id, "secret_key": found.secret_key}
    return {**keys, "ca_file": found.ca_file or None, "proxy": ""}


def required() -> "Running":
    """The running endpoint for this folder. The program ends with one line if there is none."""
    found = _found()
    if found is None:
        message = text("No local endpoint runs. Start one: tencentserverless local start FOLDER")
        raise exit_codes.Failure(message, exit_codes.CLOUD_FAILED)
    return found


def _found() -> "Running | None":
    from tencentserverless._cli import running

    try:
        return running.the_running()
    except running.SeveralRunningError as error:
        raise exit_codes.Failure(str(error)) from None


def has_credentials() -> bool:
    """Whether an argument, a variable or a file names credentials."""
    from tencentserverless._settings.identity import is_configured

    return is_configured()
