"""The report on settings: the value of each and where it came from, as text for people, with secrets masked."""

from tencentserverless._protocol.identity import masked
from tencentserverless._protocol.request import CHINESE
from tencentserverless._settings import profiles, settings
from tencentserverless._settings.credentials import Source
from tencentserverless._settings.environment import environment
from tencentserverless._settings.found import without_frames
from tencentserverless._settings.identity import ARGUMENTS, find
from tencentserverless._settings.roles import RoleSource
from tencentserverless._settings.settings import UNSET
from tencentserverless.exception import SettingsError

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
    lines, errors = survey(client)
    if errors:
        raise errors[0]
    return lines


def survey(client: "BaseClient") -> "Tuple[List[Line], List[SettingsError]]":
    """What `explain` returns, of the settings that are right, and the errors of the others."""
    lines: "List[Line]" = []
    errors: "List[SettingsError]" = []
    for part in (_region_lines, _credential_lines, _way_lines, _other_lines):
        try:
            lines += part(client)
        except SettingsError as error:
            if str(error) not in map(str, errors):  # the endpoint depends on the region
                errors.append(without_frames(error))
    return lines, errors


def _region_lines(client: "BaseClient") -> "List[Line]":
    return [("region", settings.region(client.region, client._profile), _region_source(client))]


def _way_lines(client: "BaseClient") -> "List[Line]":
    region = settings.region(client.region, client._profile)
    origin = settings.origin(client._endpoint, region, client._proxy)
    proxy = "none" if origin.proxy is None else repr(origin.proxy)
    return [
        ("endpoint", repr(origin), settings.endpoint_place(client._endpoint, region)),
        ("proxy", proxy, settings.proxy_place(client._proxy is not None)),
        ("CA certificates", *_first(_ca_files(client))),
    ]


def _other_lines(client: "BaseClient") -> "List[Line]":
    seconds = settings.timeout(client._timeout)
    return [
        ("language", settings.language(client._language), _language_source(client)),
        ("timeout", "none" if seconds is None else f"{seconds:g} s", _timeout_source(client)),
        *(("not readable", reason, path) for path, reason in profiles.unreadable()),
    ]


def _first(candidates: "List[Candidate]") -> "Tuple[str, str]":
    return next((value, source) for value, source in candidates if value)


def _variables(*names: str) -> "List[Candidate]":
    return [(environment(name), name) for name in names]


def _region_source(client: "BaseClient") -> str:
    place, named = settings.region_place(client.region, client._profile), environment("TCCLI_PROFILE")
    if ", line " not in place:
        return place
    return f"profile {client._profile}" if client._profile else f"profile {named} (TCCLI_PROFILE)"


def _ca_files(client: "BaseClient") -> "List[Candidate]":
    variables = _variables("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    return [(client._ca_file, "argument"), *variables, ("the system's", "default")]


def _language_source(client: "BaseClient") -> str:
    candidates: "List[Candidate]" = [(client._language, "argument"), *_variables("TENCENTSERVERLESS_LANGUAGE")]
    return _first([*candidates, (CHINESE, "default")])[1]


def _timeout_source(client: "BaseClient") -> str:
    if client._timeout is not UNSET:
        return "argument"
    return _first([*_variables("TENCENTSERVERLESS_TIMEOUT"), ("310", "default")])[1]


def _credential_lines(client: "BaseClient") -> "List[Line]":
    found = find(client, client._profile, client._source)
    if isinstance(found, Source):
        return [("credentials", "asked for when a request is signed", _name_of(found, client))]
    identity = client._identify(None, may_wait=False)
    id_place, key_place, token_place = (_shown(place, client) for place in found.places)
    return [
        ("secret_id", masked(identity.secret_id), id_place),
        ("secret_key", "***", key_place),
        ("token", "none" if identity.token is None else "***", token_place if client.token is None else "argument"),
    ]


def _name_of(source: Source, client: "BaseClient") -> str:
    if source is client._source:
        return "callable credentials"
    return source.place if isinstance(source, RoleSource) else "role"


def _shown(place: str, client: "BaseClient") -> str:
    """The place of a value in few words; of a file, the profile if one is named."""
    if place in ARGUMENTS:
        return "argument"
    if ", line " not in place:
        return place
    named = environment("TCCLI_PROFILE")
    if client._profile is not None:
        return f"profile {client._profile}"
    return f"profile {named} (TCCLI_PROFILE)" if named else place.rpartition(": ")[0]
