"""The report on settings: the value of each and where it came from, as text for people, with secrets masked."""

from tencentserverless._protocol.request import CHINESE
from tencentserverless._settings import credentials, settings
from tencentserverless._settings.settings import UNSET, environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple

    from tencentserverless._client import BaseClient

    Line = Tuple[str, str, str]  # setting, value as shown, where it came from
    Candidate = Tuple[Optional[str], str]  # a value, and where it would come from


def explain(client: "BaseClient") -> "List[Line]":
    """The settings that a client's next invocation would use, one (setting, value, source) for each.

    Nothing is sent over the network: credentials of a role or of a callable are named but not fetched. Raises the
    SettingsError that the invocation would raise.
    """
    region, region_source = _first(_regions(client))
    origin = settings.origin(client._endpoint, settings.region(region), client._proxy)
    _, endpoint_source = _first(_endpoints(client, region))
    ca_file, ca_source = _first(_ca_files(client))
    seconds = settings.timeout(client._timeout)
    return [
        ("region", region, region_source),
        *_credential_lines(client),
        ("endpoint", repr(origin), endpoint_source),
        ("proxy", "none" if origin.proxy is None else repr(origin.proxy), _proxy_source(client)),
        ("CA certificates", ca_file, ca_source),
        ("language", settings.language(client._language), _language_source(client)),
        ("timeout", "none" if seconds is None else f"{seconds:g} s", _timeout_source(client)),
    ]


def _first(candidates: "List[Candidate]") -> "Tuple[str, str]":
    return next((value, source) for value, source in candidates if value)


def _variables(*names: str) -> "List[Candidate]":
    return [(environment(name), name) for name in names]


def _regions(client: "BaseClient") -> "List[Candidate]":
    profile, named = client._profile, environment("TCCLI_PROFILE")
    return [
        (client.region, "argument"),
        (profile and credentials.region_of_profile(profile), f"profile {profile}"),
        *_variables("TENCENTCLOUD_REGION"),
        (named and credentials.region_of_profile(named), f"profile {named} (TCCLI_PROFILE)"),
        (settings.DEFAULT_REGION, "default"),
    ]


def _endpoints(client: "BaseClient", region: str) -> "List[Candidate]":
    is_inside = environment("TENCENTCLOUD_RUNENV") == "SCF"
    return [
        (client._endpoint, "argument"),
        *_variables("TENCENTSERVERLESS_ENDPOINT"),
        ("internal" if is_inside else None, "TENCENTCLOUD_RUNENV"),
        ("regional" if region in settings.FINANCE_REGIONS else None, "region"),
        ("public", "default"),
    ]


def _ca_files(client: "BaseClient") -> "List[Candidate]":
    variables = _variables("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    return [(client._ca_file, "argument"), *variables, ("the system's", "default")]


def _proxy_source(client: "BaseClient") -> str:
    if client._proxy is not None:
        return "argument"
    return _first([*_variables("HTTPS_PROXY", "https_proxy"), ("none", "default")])[1]


def _language_source(client: "BaseClient") -> str:
    candidates: "List[Candidate]" = [(client._language, "argument"), *_variables("TENCENTSERVERLESS_LANGUAGE")]
    return _first([*candidates, (CHINESE, "default")])[1]


def _timeout_source(client: "BaseClient") -> str:
    if client._timeout is not UNSET:
        return "argument"
    return _first([*_variables("TENCENTSERVERLESS_TIMEOUT"), ("310", "default")])[1]


def _credential_lines(client: "BaseClient") -> "List[Line]":
    source = _credential_source(client)
    if source.startswith(("callable", "role")):
        return [("credentials", "asked for when a request is signed", source)]
    secret_id, _, token = client._identify(None, may_wait=False)
    return [
        ("secret_id", masked(secret_id), source),
        ("secret_key", "***", source),
        ("token", "none" if token is None else "***", source if client.token is None else "argument"),
    ]


def _credential_source(client: "BaseClient") -> str:
    if client.secret_id or client.secret_key:
        return "argument"
    if client._source is not None:
        return "callable credentials"
    if client._profile is not None:
        return f"profile {client._profile}"
    for id_name, key_name, _ in settings.FAMILIES:
        if environment(id_name) and environment(key_name):
            return id_name
    named = environment("TCCLI_PROFILE")
    if named:
        return f"profile {named} (TCCLI_PROFILE)"
    if credentials.of_file("default") is not None or environment("TENCENTCLOUD_RUNENV") == "SCF":
        return "~/.tencentcloud/credentials"
    return "role of TKE" if environment("TKE_ROLE_ARN") else "role of this CVM, if it is one"


def masked(secret_id: str) -> str:
    """Enough of an id to distinguish it from another."""
    return f"{secret_id[:4]}***{secret_id[-4:]}" if len(secret_id) > 12 else "***"
