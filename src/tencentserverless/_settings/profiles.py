"""Profiles in files: those of tccli, and the sections of the official SDK's file.

==============================  ==============================================================
``~/.tccli/NAME.credential``    JSON: keys, a login with an end, or a role to take on
``~/.tccli/NAME.configure``     JSON: the region
``~/.tencentcloud/credentials`` sections with keys and a region; also in ``/etc/tencentcloud``
==============================  ==============================================================

Messages name the file and the line, never the text: it may hold a secret.
"""

import json
import os

from tencentserverless._settings import roles
from tencentserverless._settings.environment import bare
from tencentserverless._settings.found import Found, end_of, has_ended, no_credentials
from tencentserverless.exception import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

    from tencentserverless._settings.credentials import Source

    Sections = Dict[str, "Section"]

SYSTEM_FILE = "/etc/tencentcloud/credentials"
_SWITCHES = {
    **dict.fromkeys(("true", "1", "yes", "y", "on", "t"), True),
    **dict.fromkeys(("false", "0", "no", "n", "off", "f", "none"), False),
}

_kept: "Dict[str, Tuple[Tuple[int, ...], Sections]]" = {}
_taken_on: "Dict[Tuple[str, str], Tuple[Section, Source]]" = {}


class Section:
    """The entries of one section of a file, or of a JSON file, by their names in small letters without - and _."""

    __slots__ = ("path", "line", "entries")

    def __init__(self, path: str, line: int) -> None:
        self.path = path
        self.line = line
        self.entries: "Dict[str, Tuple[str, Any, int]]" = {}

    def __repr__(self) -> str:
        return f"<Section {self.path}, line {self.line}>"

    def add(self, name: str, value: "Any", line: int) -> None:
        self.entries.setdefault(_plain(name), (name, value, line))

    def get(self, name: str) -> "Any":
        """The value of an entry; None if it is missing or blank."""
        value = self.entries.get(_plain(name), (name, None, 0))[1]
        return bare(value) or None if isinstance(value, str) else value

    def place(self, name: str) -> str:
        """File and line of an entry, and its name as it is written there."""
        written, _, line = self.entries.get(_plain(name), (name, None, self.line))
        return f"{self.path}, line {line}: {written}"


def named(name: str) -> "Union[None, Found, Source]":
    """The credentials of a profile, or the role that it takes on. None if no file has it.

    Raises SettingsError if a file cannot be read, or if it says something else than one whole identity.
    """
    for path, section in _places_of(_checked(name)):
        try:
            found = _credentials(_section(path, section), section or name)
        except OSError as error:
            raise _unreadable(path, error) from None
        if found is not None:
            return found
    return None


def searched() -> "Union[None, Found, Source]":
    """The credentials that are used if nothing names any: the section ``default``, then tccli's profile ``default``.

    A file that the system does not let us read counts as absent: `unreadable` has it.
    """
    for path, section in _default_places():
        try:
            found = _credentials(_section(path, section), "default")
        except OSError:
            continue
        if found is not None:
            return found
    return None


def unreadable() -> "List[Tuple[str, str]]":
    """The files of `searched` that the system does not let us read, and why."""
    failed = []
    for path, _ in _default_places():
        try:
            _read(path)
        except OSError as error:
            failed.append((path, _reason(error)))
    return failed


def region(name: str) -> "Optional[Tuple[str, str]]":
    """The region of a profile and its place; None if no file has it."""
    places = ((_tccli(_checked(name), "configure"), ""), (_home(".tencentcloud", "credentials"), name))
    for path, section in places:
        try:
            found = _section(path, section)
        except OSError as error:
            raise _unreadable(path, error) from None
        if found is not None and found.get("region"):
            return found.get("region"), found.place("region")
    return None


def _credentials(section: "Optional[Section]", name: str) -> "Union[None, Found, Source]":
    """A role comes before keys, as in tccli: the keys are then only the way to it."""
    if section is None:
        return None
    if _is_on(section, "use-cvm-role"):
        return roles.of_this_cvm(section.place("use-cvm-role"))
    keys = _keys(section, name)
    if not section.get("role-arn"):
        return keys
    if not isinstance(section.get("role-arn"), str):
        raise no_credentials(f"{section.place('role-arn')} is not text", "")
    if keys is None or keys.token is not None:
        what = "needs secretId and secretKey beside it" if keys is None else "cannot be used with a token"
        raise no_credentials(f"{section.place('role-arn')} {what}", "")
    return _role(section, keys)


def _is_on(section: Section, name: str) -> bool:
    """The value of a switch. One that is not understood is an error: it decides who signs."""
    value = section.get(name)
    found = _SWITCHES.get(str(value).strip().lower())
    if found is None:
        raise no_credentials(f"{section.place(name)} is neither true nor false", "")
    return found


def _role(section: Section, keys: Found) -> "Source":
    """The source of the role's credentials. It is kept until the file changes."""
    key = (section.path, section.place("role-arn"))
    kept = _taken_on.get(key)
    if kept is None or kept[0] is not section:
        session = str(section.get("role-session-name") or "tencentserverless")
        source = roles.taken_on(keys.identity(), str(section.get("role-arn")), session, section.place("role-arn"))
        kept = _taken_on[key] = (section, source)
    return kept[1]


def _keys(section: Section, name: str) -> "Optional[Found]":
    secret_id, secret_key = section.get("secretId"), section.get("secretKey")
    if not (secret_id or secret_key):
        if section.get("type") == "oauth":
            raise _login_over(section, name)
        if section.get("type"):
            raise no_credentials(f"{section.place('type')}: a profile of this type has no keys that can be used", "")
        return None
    if not (secret_id and secret_key):
        given, missing = ("secretId", "secretKey") if secret_id else ("secretKey", "secretId")
        raise no_credentials(f"{section.place(given)} is there, {missing} is not", "")
    end = section.get("expiresAt")
    if end is not None and has_ended(end_of(end, section.place("expiresAt"))):
        raise _login_over(section, name)
    places = (section.place("secretId"), section.place("secretKey"), section.place("token"))
    return Found(secret_id, secret_key, section.get("token"), places)


def _login_over(section: Section, name: str) -> SettingsError:
    advice = f"run `tccli auth login --profile {name}`" if section.get("type") == "oauth" else "they have to be renewed"
    return no_credentials(f"{section.place('expiresAt')}: these credentials have ended", advice)


def _places_of(name: str) -> "Iterator[Tuple[str, str]]":
    yield _tccli(name, "credential"), ""
    yield _home(".tencentcloud", "credentials"), name
    yield SYSTEM_FILE, name


def _default_places() -> "Iterator[Tuple[str, str]]":
    yield _home(".tencentcloud", "credentials"), "default"
    yield SYSTEM_FILE, "default"
    yield _tccli("default", "credential"), ""


def _checked(name: "Any") -> str:
    if not isinstance(name, str) or os.path.basename(name) != name or "\0" in name or not _is_encodable(name):
        raise SettingsError("ClientParamsError", "the profile is not a name: it must not be a path")
    return name


def _is_encodable(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def _tccli(name: str, kind: str) -> str:
    return _home(".tccli", f"{name}.{kind}")


def _home(*names: str) -> str:
    """A path in the home folder; "" if there is no home folder."""
    home = os.path.expanduser("~")
    return "" if home.startswith("~") else os.path.join(home, *names)


def _section(path: str, name: str) -> "Optional[Section]":
    return _read(path).get(name)


def _read(path: str) -> "Sections":
    """The sections of a file, parsed again after it has changed; {} if it does not exist.

    Raises OSError if the system does not let us read it, and SettingsError if it cannot be understood.
    """
    if not path:
        return {}
    try:
        found = os.stat(path)
        version = (found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns)
        kept = _kept.get(path)
        if kept is None or kept[0] != version:
            with open(path, "rb") as file:
                kept = _kept[path] = (version, _parsed(path, file.read()))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return kept[1]


def _parsed(path: str, data: bytes) -> "Sections":
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad_line(path, data[: error.start].count(b"\n") + 1, "this is not UTF-8 text") from None
    parse: "Callable[[str, str], Sections]" = _parsed_ini if path.endswith("credentials") else _parsed_json
    return parse(path, text)


def _parsed_json(path: str, text: str) -> "Sections":
    try:
        fields = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise _bad_line(path, getattr(error, "lineno", 1), "this is not JSON") from None
    if not isinstance(fields, dict):
        raise _bad_line(path, 1, "a JSON object is expected")
    inner = fields.get("_sys_param")  # newer versions of tccli keep the region in there
    section = Section(path, 1)
    for name, value in [*(inner.items() if isinstance(inner, dict) else ()), *fields.items()]:
        section.add(name, value, text[: max(0, text.find(json.dumps(name)))].count("\n") + 1)
    return {"": section}


def _parsed_ini(path: str, text: str) -> "Sections":
    """The sections of an INI file. `configparser` would do, but it does not tell lines."""
    sections: "Sections" = {}
    section: "Optional[Section]" = None
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            if line[1:-1] in sections:
                raise _bad_line(path, number, "this section is there twice")
            section = sections[line[1:-1]] = Section(path, number)
            continue
        name, value = _entry(line)
        if section is None or not name:
            expected = "a section, such as [default], comes first" if section is None else "NAME = VALUE is expected"
            raise _bad_line(path, number, expected)
        if _plain(name) in section.entries:
            raise _bad_line(path, number, "this name is there twice in its section")
        section.add(name, value, number)
    return sections


def _entry(line: str) -> "Tuple[str, str]":
    """Name and value of ``name = value`` or ``name: value``; "" for the name if it is neither."""
    cut = min((place for place in (line.find("="), line.find(":")) if place >= 0), default=0)
    return line[:cut].strip(), line[cut + 1 :].strip()


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _bad_line(path: str, line: int, what: str) -> SettingsError:
    return SettingsError("InvalidCredential", f"{path}, line {line}: {what}")


def _unreadable(path: str, error: OSError) -> SettingsError:
    return SettingsError("InvalidCredential", f"{path} cannot be read: {_reason(error)}")


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
