"""The value of each setting: from arguments, then the environment, then the default. `identity` has the credentials.

The environment is read when a setting is used, not when a module is imported or a client is made. A warm instance of a
function gets new credentials in its environment, and so they are used.
"""

import re

from tencentserverless._protocol.effects import Origin, Proxy
from tencentserverless._protocol.request import CHINESE, ENGLISH
from tencentserverless._settings import profiles
from tencentserverless._settings.environment import environment
from tencentserverless.exception import SettingsError

__tracebackhide__ = True  # from pytest: it shows the caller's frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple, Union

DEFAULT_REGION = "ap-guangzhou"
DEFAULT_TIMEOUT = 310.0  # seconds; the platform cuts a synchronous invocation at 300
DEFAULT_CONNECT_TIMEOUT = 10.0
LONGEST = 1000000.0  # eleven days; operating systems limit the length of one wait
DEFAULT_MAX_CONNECTIONS = 256

PUBLIC_ENDPOINT = "https://scf.tencentcloudapi.com"
INTERNAL_ENDPOINT = "https://scf.internal.tencentcloudapi.com"
REGIONAL_ENDPOINT = "https://scf.{}.tencentcloudapi.com"  # the finance regions have no other
FINANCE_REGIONS = ("ap-shanghai-fsi", "ap-shenzhen-fsi")

_KEPT = 64
_REGION = r"[a-z][a-z0-9-]{1,40}\Z"
_ENDPOINT = (
    r"(?:(?P<scheme>https?)://)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?/?\Z"
)

_regions: "Dict[str, str]" = {}
_origins: "Dict[Tuple[str, Optional[str], Optional[str]], Origin]" = {}


def region(argument: "Optional[str]", profile: "Optional[str]" = None) -> str:
    """The region to invoke in: argument, `profile`, environment, TCCLI_PROFILE, ap-guangzhou. Raises SettingsError."""
    name = argument or (_region_of(profile) if profile else None) or environment("TENCENTCLOUD_REGION")
    if not name:
        file_profile = environment("TCCLI_PROFILE")
        name = (_region_of(file_profile) if file_profile else None) or DEFAULT_REGION
    known = _regions.get(name) if isinstance(name, str) else None
    return known or _checked_region(name, argument, profile)


def _region_of(profile: str) -> "Optional[str]":
    found = profiles.region(profile)
    return None if found is None else found[0]


def region_place(argument: "Optional[str]", profile: "Optional[str]" = None) -> str:
    """Where `region` finds its value: "argument", a variable, a line of a file, or "default"."""
    if argument:
        return "argument"
    found = profiles.region(profile) if profile else None
    if found is None and environment("TENCENTCLOUD_REGION"):
        return "TENCENTCLOUD_REGION"
    file_profile = environment("TCCLI_PROFILE")
    if found is None and file_profile:
        found = profiles.region(file_profile)
    return "default" if found is None else found[1]


def is_region(name: "Any") -> bool:
    return isinstance(name, str) and re.match(_REGION, name) is not None


def _checked_region(name: "Any", argument: "Optional[str]", profile: "Optional[str]") -> str:
    if not is_region(name):
        place = region_place(argument, profile)
        hint = "; the order is Client(region, secret_id, secret_key, token)" if place == "argument" else ""
        raise _wrong(f"region ({place}) is not a region's name, such as ap-guangzhou{hint}")
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
    known = _origins.get(key) if isinstance(text, str) and isinstance(proxy, (str, type(None))) else None
    return known or _remember(key, endpoint_place(argument, region_name), proxy_place(rules is None))


def endpoint_place(argument: "Optional[str]", region_name: str) -> str:
    """Where `origin` finds the endpoint: "argument", a variable, "region" or "default"."""
    if argument:
        return "argument"
    if environment("TENCENTSERVERLESS_ENDPOINT"):
        return "TENCENTSERVERLESS_ENDPOINT"
    if environment("TENCENTCLOUD_RUNENV") == "SCF":
        return "TENCENTCLOUD_RUNENV"
    return "region" if region_name in FINANCE_REGIONS else "default"


def proxy_place(is_argument: bool) -> str:
    """Where `origin` finds the proxy: "argument", a variable or "default"."""
    if is_argument:
        return "argument"
    return next((name for name in ("HTTPS_PROXY", "https_proxy") if environment(name)), "default")


def _remember(key: "Tuple[str, Optional[str], Optional[str]]", endpoint_from: str, proxy_from: str) -> Origin:
    """The one Origin of an endpoint and proxy: connections are pooled by the object."""
    text, proxy, rules = key
    found = parse_endpoint(text, endpoint_from)
    if proxy and (rules is None or _needs_proxy(found, rules)):
        found.proxy = parse_proxy(proxy, proxy_from)
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


def parse_endpoint(text: "Any", place: str = "argument") -> Origin:
    """The origin of an endpoint, ``[scheme://]host[:port]``. Without a scheme it is http for this machine's own
    addresses, else https. Raises SettingsError, which names `place` and not the text."""
    parts = _endpoint_parts(text) if isinstance(text, str) else None
    port = int(parts.group("port") or 0) if parts is not None else -1
    if parts is None or port > 65535:
        raise _wrong(f"endpoint ({place}) is not [scheme://]host[:port], such as http://127.0.0.1:9000")
    authority = host = parts.group("host").lower()
    scheme = (parts.group("scheme") or ("http" if _is_loopback(host) else "https")).lower()
    usual = 443 if scheme == "https" else 80
    if port not in (0, usual):
        authority = f"{host}:{port}"
    return Origin(scheme, host.strip("[]"), port or usual, authority)


def shown_endpoint(text: "Any") -> str:
    """An endpoint as a repr shows it: a text that is not one may be something else, with a secret in it."""
    return repr(text) if text is None or (isinstance(text, str) and _endpoint_parts(text)) else "***"


def parse_proxy(text: "Any", place: str = "argument") -> Proxy:
    """A proxy from ``[http[s]://][name:password@]host[:port]``. Raises SettingsError, which names `place` and not the
    text: it may hold a password, and wherever a part of it is missing, another part looks like it."""
    scheme, login, address = _proxy_parts(text) if isinstance(text, str) else ("", "", "")
    parts = _endpoint_parts(address)
    port = int(parts.group("port") or (443 if scheme == "https" else 80)) if parts is not None else 0
    if parts is None or parts.group("scheme") or scheme not in ("http", "https") or port > 65535:
        raise _wrong(f"proxy ({place}) is not [http[s]://][name:password@]host[:port]")
    return Proxy(scheme, parts.group("host").strip("[]"), port, _basic(login, place) if login else None)


def _proxy_parts(text: str) -> "Tuple[str, str, str]":
    """Scheme, login and address. A password may hold any character, so the last @ ends it."""
    scheme = re.match(r"([a-z][a-z0-9+.-]*)://", text.strip(), re.IGNORECASE)
    login, _, address = text.strip()[scheme.end() if scheme else 0 :].rpartition("@")
    return scheme.group(1).lower() if scheme else "http", login, address


def _basic(login: str, place: str) -> str:
    """The header for a login. Bytes of the environment that are not UTF-8 are sent as they are."""
    from base64 import b64encode
    from urllib.parse import unquote_to_bytes

    try:
        return "Basic " + b64encode(unquote_to_bytes(login.encode("utf-8", "surrogateescape"))).decode("ascii")
    except UnicodeEncodeError:
        pass
    raise _wrong(f"proxy ({place}) has characters in its login that cannot be written in UTF-8")


def _endpoint_parts(text: str) -> "Any":
    # Without ASCII, IGNORECASE lets letters of other scripts match if their lower case is an ASCII letter.
    return re.match(_ENDPOINT, text, re.IGNORECASE | re.ASCII)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "[::1]") or re.match(r"127(\.[0-9]{1,3}){3}\Z", host) is not None


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
        raise _wrong("TENCENTSERVERLESS_TIMEOUT is not a number of seconds") from None


def patience(argument: "Optional[float]") -> "Optional[float]":
    """Seconds to wait for a status; None for no limit, 0 to look once. Raises SettingsError."""
    return 0.0 if argument == 0 else _positive("timeout", argument)


def connect_timeout(argument: "Optional[float]") -> float:
    """Seconds for making a connection."""
    return _positive("connect_timeout", argument) or DEFAULT_CONNECT_TIMEOUT


def _positive(name: str, seconds: "Optional[float]") -> "Optional[float]":
    if seconds is not None and not (isinstance(seconds, (int, float)) and seconds > 0):
        raise _wrong(f"{name} is a positive number of seconds, not {_kind(seconds)}")
    return None if seconds is None else min(seconds, LONGEST)


def _kind(value: "Any") -> str:
    """What a message says of a wrong value. It shows numbers only: other values may be secrets in the wrong place."""
    return repr(value) if isinstance(value, (int, float)) else type(value).__name__


def language(argument: "Optional[str]" = None) -> str:
    """The language of the API's messages: argument, TENCENTSERVERLESS_LANGUAGE, then zh-CN. Raises SettingsError."""
    found = argument or environment("TENCENTSERVERLESS_LANGUAGE") or CHINESE
    if found not in (CHINESE, ENGLISH):
        name = "language" if argument else "TENCENTSERVERLESS_LANGUAGE"
        raise _wrong(f"{name} is {CHINESE} or {ENGLISH}, not another text")
    return found


def whole_number(name: str, value: "Any", least: int = 1) -> int:
    """A count. Raises SettingsError, which is a ValueError, if it is not a whole number or less than `least`."""
    if not hasattr(value, "__index__") or isinstance(value, bool) or value < least:
        raise _wrong(f"{name} is a whole number of at least {least}, not {_kind(value)}")
    return int(value)


def ca_file(argument: "Any") -> "Optional[str]":
    """The file (or hashed directory) of the CA certificates to trust; None for the system's. Raises SettingsError."""
    if not (argument is None or isinstance(argument, str) or hasattr(argument, "__fspath__")):
        raise _wrong(f"ca_file is a path, not {type(argument).__name__}")
    return argument or environment("SSL_CERT_FILE") or environment("REQUESTS_CA_BUNDLE") or None


def _wrong(message: str) -> SettingsError:
    return SettingsError("ClientParamsError", message)
