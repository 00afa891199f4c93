"""The credentials to sign with: from arguments, one family of the environment, files, or a role."""

from tencentserverless._settings import profiles, roles
from tencentserverless._settings.credentials import Source
from tencentserverless._settings.environment import bare, environment
from tencentserverless._settings.found import Found, no_credentials
from tencentserverless.exception import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple, Union

    from tencentserverless._protocol.identity import Identity

# The families of variables: secret id, secret key, tokens. An id is used only with a key and a token of its own family.
FAMILIES = (
    ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", ("TENCENTCLOUD_SESSIONTOKEN",)),
    (
        "TENCENTCLOUD_SECRET_ID",
        "TENCENTCLOUD_SECRET_KEY",
        ("TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SESSION_TOKEN", "TENCENTCLOUD_SECURITY_TOKEN"),
    ),
    ("TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", ("TENCENT_TOKEN",)),
)
ARGUMENTS = ("the argument secret_id", "the argument secret_key", "the argument token")

_KEPT = 64
_identities: "Dict[Tuple[Any, Any, Any], Identity]" = {}


def identity(
    given: "Any",
    profile: "Optional[str]" = None,
    source: "Optional[Source]" = None,
    deadline: "Optional[float]" = None,
    may_wait: bool = True,
) -> "Identity":
    """The credentials to sign with.

    given: an object with the arguments `secret_id`, `secret_key` and `token`, such as the client.
    deadline: on the monotonic clock; TooLate is raised if `source` or a role has not answered by then.
    may_wait: False to raise WouldWait if `source` or a role has to be asked.

    Raises SettingsError if there are no credentials.
    """
    found: "Any" = find(given, profile, source)
    if isinstance(found, Source):
        found = found.identity(deadline, may_wait)
        if given.token is None:
            return found  # type: ignore[no-any-return]
        found = Found(found.secret_id, found.secret_key, None, ARGUMENTS)
    if given.token is not None:
        found.token = given.token
        found.places = (*found.places[:2], ARGUMENTS[2])
    try:
        kept = _identities.get((found.secret_id, found.secret_key, found.token))
    except TypeError:  # one of them is a list, for example
        kept = None
    return kept or _checked(found)


def _checked(found: Found) -> "Identity":
    checked = found.identity()
    if len(_identities) >= _KEPT:
        _identities.clear()
    _identities[found.secret_id, found.secret_key, found.token] = checked
    return checked


def find(given: "Any", profile: "Optional[str]", source: "Optional[Source]") -> "Union[Found, Source]":
    """Where the credentials come from, or the credentials themselves if they need not be asked for."""
    if given.secret_id and given.secret_key:
        return Found(given.secret_id, given.secret_key, _token_of(given), ARGUMENTS)
    if given.secret_id or given.secret_key:
        return _half_given(given)
    if source is not None:
        return source
    if profile is not None:
        return _profile(profile, "the argument profile")
    return _from_environment(None) or _from_elsewhere()


def is_configured() -> bool:
    """Whether a variable or a file names credentials, also half of them, or wrong ones. No role is asked for."""
    names = [name for id_name, key_name, _ in FAMILIES for name in (id_name, key_name)]
    if any(map(environment, (*names, "TCCLI_PROFILE", "TKE_ROLE_ARN"))) or environment("TENCENTCLOUD_RUNENV") == "SCF":
        return True
    try:
        return profiles.searched() is not None
    except SettingsError:
        return True


def _half_given(given: "Any") -> Found:
    """The credentials of an id or key that was given alone. The environment completes its own id, but never a key."""
    found = _from_environment(bare(str(given.secret_id))) if given.secret_id else None
    if found is None:
        there, missing = ("secret_id", "secret_key") if given.secret_id else ("secret_key", "secret_id")
        raise no_credentials(f"{there} was given without its {missing}")
    return found


def _from_environment(secret_id: "Optional[str]") -> "Optional[Found]":
    for id_name, key_name, token_names in FAMILIES:
        found_id, found_key = environment(id_name), environment(key_name)
        if found_id and found_key and secret_id in (None, found_id):
            token_name = _first(token_names)
            return Found(found_id, found_key, environment(token_name), (id_name, key_name, token_name))
    return None


def _from_elsewhere() -> "Union[Found, Source]":
    halves = _halves()
    if halves:  # what comes after the environment would be somebody else
        raise no_credentials("; ".join(halves))
    name = environment("TCCLI_PROFILE")
    found = _profile(name, "TCCLI_PROFILE") if name else profiles.searched()
    return found or _role()


def _halves() -> "List[str]":
    """What is said of each family of which only the id or only the key is set."""
    said = []
    for id_name, key_name, _ in FAMILIES:
        has_id, has_key = bool(environment(id_name)), bool(environment(key_name))
        if has_id != has_key:
            there, missing = (id_name, key_name) if has_id else (key_name, id_name)
            said.append(f"{there} is set, {missing} is not")
    return said


def _profile(name: str, place: str) -> "Union[Found, Source]":
    found = profiles.named(name)
    if found is None:
        message = f"there are no credentials in the profile that {place} names"
        raise no_credentials(message, "look into ~/.tccli and ~/.tencentcloud/credentials")
    return found


def _role() -> Source:
    """The role of this machine; inside SCF there is none beside the environment's."""
    if environment("TENCENTCLOUD_RUNENV") == "SCF":
        raise no_credentials("no credentials")
    return roles.of_this_machine("TKE" if environment("TKE_ROLE_ARN") else "CVM")


def _token_of(given: "Any") -> "Optional[str]":
    """The environment's token if the id is the environment's too: programs pass id and key from there by hand."""
    for id_name, _, token_names in FAMILIES:
        found = environment(id_name)
        if found and found == bare(str(given.secret_id)):
            return environment(_first(token_names))
    return None


def _first(names: "Tuple[str, ...]") -> str:
    """The first of these variables that is set; the first one if none is."""
    for name in names:
        if environment(name):
            return name
    return names[0]
