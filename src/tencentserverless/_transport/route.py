"""What shapes a connection besides its origin, whichever transport makes it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLSession
    from typing import Dict, Optional

    from tencentserverless._protocol.effects import Origin


class Route(object):
    """What shapes a connection besides its origin: `ca_file` (PEM) and `connect_timeout` (seconds)."""

    def __init__(self, ca_file: "Optional[str]" = None, connect_timeout: float = 10.0) -> None:
        self.ca_file = ca_file
        self.connect_timeout = connect_timeout
        self.sessions = {}  # type: Dict[Origin, SSLSession]
