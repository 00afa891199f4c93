"""The settings of connections that do not depend on the origin."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLSession
    from typing import Dict, Optional

    from tencentserverless._protocol.effects import Origin


class Route:
    """The settings of connections that do not depend on the origin, and the TLS sessions to resume.

    ca_file: PEM file of the certificates to trust, None for the system's. connect_timeout: seconds.
    """

    def __init__(self, ca_file: "Optional[str]" = None, connect_timeout: float = 10.0) -> None:
        self.ca_file = ca_file
        self.connect_timeout = connect_timeout
        self.sessions: "Dict[Origin, SSLSession]" = {}
