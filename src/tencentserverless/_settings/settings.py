"""The value of each setting: from arguments, then the environment, then the default. The only reader of `os.environ`.

The environment is read when a setting is used, not when a module is imported or a client is made. A warm instance of a
function gets new credentials in its environment, and so they are used.
"""

import os
import re

from tencentserverless._protocol.effects import Origin, Proxy
from tencentserverless._settings import credentials
from tencentserverless.exception import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple, Union

    from tencentserverless._protocol.effects import Identity

DEFAULT_REGION = "ap-guangzhou"
DEFAULT_TIMEOUT = 310.0  # seconds; the platform cuts a synchronous invocation at 300
DEFAULT_CONNECT_TIMEOUT = 10.0
LONGEST = 1000000.0  # eleven days; operating systems limit the length of one wait
DEFAULT_MAX_CONNECTIONS = 256

PUBLIC_ENDPOINT = "https://scf.tencentcloudapi.com"
INTERNAL_ENDPOINT = "https://scf.internal.tencentcloudapi.com"
REGIONAL_ENDPOINT = "https://scf.{}.tencentcloudapi.com"  # the finance regions have no other
FINANCE_REGIONS = ("ap-shanghai-fsi", "ap-shenzhen-fsi")

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

_KEPT = 64
_REGION = r"[a-z][a-z0-9-]{1,40}\Z"
_VISIBLE = r"[\x21-\x7e]+\Z"
_ENDPOINT = (
    r"(?:(?P<scheme>https?)://)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?/?\Z"
)

_regions: "Dict[str, str]" = {}
_identities: "Dict[credentials.Triple, Identity]" = {}
_roles: "Dict[str, credentials.Source]" = {}
_origins: "Dict[Tuple[str, Optional[str], Optional[str]], Origin]" = {}

_system_environ = os.environ
_table = getattr(os.environ, "_data", None)  # the dict behind it, by encoded name
_encoded: "Dict[str, Any]" = {}


def environment(name: str) -> "Optional[str]":
    """A variable of the environment; None if it is not set.

    Most of the variables that an invocation looks up are not set. `os.environ.get` raises and catches a KeyError for
    each of these, which takes 5 % of the time of an invocation. So look into the dict behind it first.
    """
    environ = os.environ
    if environ is _system_environ and _table is not None:
        key = _encoded.get(name)
        if key is None:
            key = _encoded[name] = environ.encodekey(name)
        if key not in _table:
            return None
    return environ.get(name)


def region(argument: "Optional[str]", profile: "Optional[str]" = None) -> str:
    """The region to invoke in: argument, `profile`, environment, TCCLI_PROFILE, ap-guangzhou. Raises SettingsError."""
    name = argument or (profile and credentials.region_of_profile(profile)) or environment("TENCENTCLOUD_REGION")
    if not name:
        file_profile = environment("TCCLI_PROFILE")
        name = (file_profile and credentials.region_of_profile(file_profile)) or DEFAULT_REGION
    return _regions.get(name) or _checked_region(name)


def _checked_region(name: str) -> str:
    if not isinstance(name, str) or re.match(_REGION, name) is None:
        raise _wrong(f"region {name!r} is not a region's name, such as ap-guangzhou")
    if len(_regions) >= _KEPT:
        _regions.clear()
    return _regions.setdefault(name, name)


def origin(argument: "Optional[str]", region_name: str, proxy: "Optional[str]" = None) -> Origin:
    """Where requests go: the argument, TENCENTSERVERLESS_ENDPOINT, or Tencent Cloud's endpoint for the region.

    proxy: the proxy on the way, "" for none. None for HTTPS_PROXY, which is used if the endpoint is https and NO_PROXY
        does not match it.
    """
    text = argument or environment("TENCENTSERVERLESS_ENDPOINT") or _cloud_endpoint(region_name)
    rules = None
    if proxy is None:
        proxy = environment("HTTPS_PROXY") or environment("https_proxy")
        rules = (environment("NO_PROXY") or environment("no_proxy") or "") if proxy else None
    key = (text, proxy or None, rules)
    return _origins.get(key) or _remember(key)


def _remember(key: "Tuple[str, Optional[str], Optional[str]]") -> Origin:
    """The one Origin of an endpoint and proxy: connections are pooled by the object."""
    text, proxy, rules = key
    found = parse_endpoint(text)
    if proxy and (rules is None or _needs_proxy(found, rules)):
        found.proxy = parse_proxy(proxy)
    if len(_origins) >= _KEPT:
        _origins.clear()
    found = _origins.setdefault((text, proxy if found.proxy else None, None), found)
    return _origins.setdefault(key, found)


def _needs_proxy(found: Origin, rules: str) -> bool:
    """Whether HTTPS_PROXY is meant for this origin."""
    from tencentserverless._settings.no_proxy import bypasses  # not loaded by programs without a proxy

    return found.scheme == "https" and not bypasses(found.host, found.port, rules)


def _cloud_endpoint(region_name: str) -> str:
    if environment("TENCENTCLOUD_RUNENV") == "SCF":
        return INTERNAL_ENDPOINT
    return REGIONAL_ENDPOINT.format(region_name) if region_name in FINANCE_REGIONS else PUBLIC_ENDPOINT


def parse_endpoint(text: str) -> Origin:
    """The origin of an endpoint, ``[scheme://]host[:port]``. Without a scheme it is http for this machine's own
    addresses, else https. Raises SettingsError."""
    parts = _endpoint_parts(text) if isinstance(text, str) else None
    port = int(parts.group("port") or 0) if parts is not None else -1
    if parts is None or port > 65535:
        raise _wrong(f"endpoint {_shown(text)!r} is not [scheme://]host[:port], such as http://127.0.0.1:9000")
    authority = host = parts.group("host").lower()
    scheme = (parts.group("scheme") or ("http" if _is_loopback(host) else "https")).lower()
    usual = 443 if scheme == "https" else 80
    if port not in (0, usual):
        authority = f"{host}:{port}"
    return Origin(scheme, host.strip("[]"), port or usual, authority)


def parse_proxy(text: str) -> Proxy:
    """A proxy from ``[http[s]://][name:password@]host[:port]``. Raises SettingsError, without the password in it."""
    scheme, _, rest = text.strip().rpartition("://")
    login, _, address = rest.rpartition("@")
    parts = _endpoint_parts(address)
    if parts is None or parts.group("scheme") or scheme.lower() not in ("", "http", "https"):
        raise _wrong(f"proxy {_shown(text)!r} is not [http[s]://][name:password@]host[:port]")
    scheme = scheme.lower() or "http"
    port = int(parts.group("port") or (443 if scheme == "https" else 80))
    return Proxy(scheme, parts.group("host").strip("[]"), port, _basic(login) if login else None)


def _shown(text: "Any") -> "Any":
    """A wrong address as an error shows it: without a login, which may hold a password."""
    return text[text.rfind("@") + 1 :] if isinstance(text, str) else text


def _basic(login: str) -> str:
    from base64 import b64encode
    from urllib.parse import unquote_to_bytes

    return "Basic " + b64encode(unquote_to_bytes(login)).decode("ascii")


def _endpoint_parts(text: str) -> "Any":
    # Without ASCII, IGNORECASE lets letters of other scripts match if their lower case is an ASCII letter.
    return re.match(_ENDPOINT, text, re.IGNORECASE | re.ASCII)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "[::1]") or re.match(r"127(\.[0-9]{1,3}){3}\Z", host) is not None


def identity(
    secret_id: "Optional[str]",
    secret_key: "Optional[str]",
    token: "Optional[str]",
    profile: "Optional[str]" = None,
    source: "Optional[credentials.Source]" = None,
    deadline: "Optional[float]" = None,
    may_wait: bool = True,
) -> "Identity":
    """The credentials to sign with: from arguments, then one family of the environment, then files, then a role.

    deadline: on the monotonic clock; TooLate is raised if `source` or the role has not answered by then.
    may_wait: False to raise WouldWait if `source` or the role has to be asked.

    Raises SettingsError if there are no credentials.
    """
    if secret_id and secret_key:
        triple: "credentials.Triple" = (secret_id, secret_key, _token_of(secret_id))
    elif secret_id or secret_key:
        triple = _half_given(secret_id)
    elif source is not None:
        triple = source.triple(deadline, may_wait)
    elif profile is not None:
        triple = _profile(profile)
    else:
        triple = _from_environment(None) or _from_elsewhere(deadline, may_wait)
    wanted = (triple[0], triple[1], triple[2] if token is None else token)
    return _identities.get(wanted) or _checked(wanted)


def _checked(triple: "credentials.Triple") -> "Identity":
    """The credentials without blanks around them. Other characters that do not belong into a header are refused."""
    secret_id, secret_key, token = triple
    found = (_clean(secret_id), _clean(secret_key), _clean_token(token))
    if len(_identities) >= _KEPT:
        _identities.clear()
    _identities[triple] = found
    return found


def _half_given(secret_id: "Optional[str]") -> "credentials.Triple":
    """The credentials of an id or key that was given alone. The environment completes its own id, but never a key."""
    found = _from_environment(secret_id) if secret_id else None
    if found is None:
        given, missing = ("secret_id", "secret_key") if secret_id else ("secret_key", "secret_id")
        raise _no_credentials(f"{given} was given without its {missing}")
    return found


def _from_environment(secret_id: "Optional[str]") -> "Optional[credentials.Triple]":
    for id_name, key_name, token_names in FAMILIES:
        found_id, found_key = environment(id_name), environment(key_name)
        if found_id and found_key and secret_id in (None, found_id):
            return found_id, found_key, _first(token_names)
    return None


def _from_elsewhere(deadline: "Optional[float]", may_wait: bool) -> "credentials.Triple":
    name = environment("TCCLI_PROFILE")
    triple = _profile(name) if name else credentials.of_file("default")
    if triple is None:
        role = _role(may_wait)
        if role is None:
            raise _no_credentials("no credentials")
        triple = role.triple(deadline, may_wait)
    return triple


def _profile(name: str) -> "credentials.Triple":
    found = credentials.of_profile(name)
    if found is None:
        raise _no_credentials(f"no credentials in profile {name!r} (~/.tccli, ~/.tencentcloud/credentials)")
    return found


def _role(may_wait: bool) -> "Optional[credentials.Source]":
    """The role of this machine, looked for until found; inside SCF there is none beside the environment's."""
    found = _roles.get("role")
    if found is None and environment("TENCENTCLOUD_RUNENV") != "SCF":
        if not may_wait:
            raise credentials.WouldWait()
        found = credentials.of_tke() if environment("TKE_ROLE_ARN") else credentials.of_cvm()
        if found is not None:
            _roles["role"] = found
    return found


def _token_of(secret_id: str) -> "Optional[str]":
    """The environment's token if the id is the environment's too: programs pass id and key from there by hand."""
    for id_name, _, token_names in FAMILIES:
        found = environment(id_name)
        if found and found.strip() == str(secret_id).strip():
            return _first(token_names)
    return None


def _first(names: "Tuple[str, ...]") -> "Optional[str]":
    for name in names:
        value = environment(name)
        if value:
            return value
    return None


def _clean(secret: "Optional[str]") -> str:
    text = secret.strip() if isinstance(secret, str) else ""
    if re.match(_VISIBLE, text) is None:
        raise _no_credentials("a secret id or key is not plain ASCII text")
    return text


def _clean_token(token: "Optional[str]") -> "Optional[str]":
    """The token; None if it is None or blank. A blank token is the documented way to say that there is none."""
    if token is None or (isinstance(token, str) and not token.strip()):
        return None
    return _clean(token)


class Unset:
    """The default of an argument for which None means something."""

    def __repr__(self) -> str:
        return "unset"

    def __reduce__(self) -> str:
        return "UNSET"  # pickle and copy give this one object back, so that `is UNSET` holds for a client's copies


UNSET = Unset()


def timeout(argument: "Union[None, float, Unset]" = UNSET) -> "Optional[float]":
    """Seconds for one invocation; None for no limit. UNSET: TENCENTSERVERLESS_TIMEOUT, then 310."""
    if not isinstance(argument, Unset):
        return _positive("timeout", argument)
    text = environment("TENCENTSERVERLESS_TIMEOUT")
    if not text:
        return DEFAULT_TIMEOUT
    try:
        return _positive("TENCENTSERVERLESS_TIMEOUT", float(text))
    except ValueError:
        raise _wrong(f"TENCENTSERVERLESS_TIMEOUT={text} is not a number of seconds") from None


def connect_timeout(argument: "Optional[float]") -> float:
    """Seconds for making a connection."""
    return _positive("connect_timeout", argument) or DEFAULT_CONNECT_TIMEOUT


def _positive(name: str, seconds: "Optional[float]") -> "Optional[float]":
    if seconds is not None and not (isinstance(seconds, (int, float)) and seconds > 0):
        raise _wrong(f"{name} is a positive number of seconds, not {seconds!r}")
    return None if seconds is None else min(seconds, LONGEST)


def whole_number(name: str, value: "Any", least: int = 1) -> int:
    """A count. Raises SettingsError, which is a ValueError, if it is not a whole number or less than `least`."""
    if not hasattr(value, "__index__") or isinstance(value, bool) or value < least:
        raise _wrong(f"{name} is a whole number of at least {least}, not {value!r}")
    return int(value)


def ca_file(argument: "Optional[str]") -> "Optional[str]":
    """The file (or hashed directory) of the CA certificates to trust; None for the system's."""
    return argument or environment("SSL_CERT_FILE") or environment("REQUESTS_CA_BUNDLE") or None


def _wrong(message: str) -> SettingsError:
    return SettingsError("ClientParamsError", message)


def _no_credentials(what: str) -> SettingsError:
    advice = (
        "give secret_id and secret_key, or set TENCENTCLOUD_SECRETID and TENCENTCLOUD_SECRETKEY; inside SCF, give the "
        "function an execution role"
    )
    return SettingsError("InvalidCredential", f"{what}: {advice}")
