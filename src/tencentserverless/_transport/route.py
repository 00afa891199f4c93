"""The settings of connections that do not depend on the origin, and what was learnt on the way."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext, SSLSession
    from typing import Any, Dict, Optional, Tuple

    from tencentserverless._protocol.effects import Origin

    Place = Tuple[str, int]  # host and port

MOST = 64  # hosts that are remembered


class Route:
    """The settings of connections that do not depend on the origin; TLS sessions to resume; addresses that answered.

    ca_file: PEM file of the certificates to trust, None for the system's. connect_timeout: seconds.
    Sessions and addresses are remembered by host and port, whatever the proxy on the way.
    """

    def __init__(self, ca_file: "Optional[str]" = None, connect_timeout: float = 10.0) -> None:
        self.ca_file = ca_file
        self.connect_timeout = connect_timeout
        self._sessions: "Dict[Place, Tuple[SSLContext, SSLSession]]" = {}
        self._answered: "Dict[Place, Any]" = {}

    def session(self, origin: "Origin", context: "SSLContext") -> "Optional[SSLSession]":
        """The session to resume. It can be resumed only with the context that it began with."""
        began_with, session = self._sessions.get((origin.host, origin.port), (None, None))
        return session if began_with is context else None

    def keep_session(self, origin: "Origin", context: "SSLContext", session: "Optional[SSLSession]") -> None:
        if session is not None:
            _remember(self._sessions, (origin.host, origin.port), (context, session))

    def answered(self, host: str, port: int) -> "Any":
        """The address of `host` that answered the last time; None if none did yet."""
        return self._answered.get((host, port))

    def keep_answered(self, host: str, port: int, address: "Any") -> None:
        _remember(self._answered, (host, port), address)


def _remember(table: "Dict[Place, Any]", place: "Place", value: "Any") -> None:
    if len(table) >= MOST and place not in table:
        table.clear()
    table[place] = value
