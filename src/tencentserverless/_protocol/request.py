"""A signed request of API 3.0 as bytes.

https://cloud.tencent.com/document/api/583/33846 (signature) and .../583/17238 (common parameters)
"""

from hashlib import sha256

from tencentserverless._protocol import tc3
from tencentserverless._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Tuple

    from tencentserverless._protocol.effects import Moment, Origin
    from tencentserverless._protocol.identity import Identity

SERVICE = "scf"
API_VERSION = "2018-04-16"
SIGNED_HEADERS = "content-type;host"

# The languages of the API's messages. The default is that of 0.1.7 and the official SDK: programs compare messages.
CHINESE, ENGLISH = "zh-CN", "en-US"

_KEPT = 64


class _Form:
    """The parts of a request that are the same for one endpoint, action, identity and UTC date.

    No variable of a function here holds the token, because tools show the variables of a traceback.

    `to_sign` and `head` are %-templates: the parts that differ are filled in for each request, in one step.
    """

    __slots__ = ("canonical", "head", "key", "to_sign")

    def __init__(
        self, authority: str, region: str, action: str, language: str, identity: "Identity", timestamp: int
    ) -> None:
        date = tc3.utc_date(timestamp)
        scope = tc3.credential_scope(date, SERVICE)
        headers = (("content-type", "application/json"), ("host", authority))
        self.key = tc3.signing_key(identity, date, SERVICE)
        self.canonical = tc3.canonical_request("POST", "", headers, "").encode("ascii")
        self.to_sign = f"{tc3.ALGORITHM}\n%d\n{scope}\n%s"
        self.head = "\r\n".join(
            (
                "POST / HTTP/1.1",
                "Host: " + authority,
                "Content-Type: application/json",
                "X-TC-Action: " + action,
                "X-TC-Version: " + API_VERSION,
                "X-TC-Region: " + region,
                "X-TC-Language: " + language,
                "X-TC-RequestClient: tencentserverless_" + __version__,
                *(("X-TC-Token: " + identity.token.replace("%", "%%"),) if identity.token else ()),
                "Authorization: "
                + tc3.authorization(identity.secret_id.replace("%", "%%"), scope, SIGNED_HEADERS, "%s"),
                "X-TC-Timestamp: %d",
                "Content-Length: %d\r\n\r\n",
            )
        )


_forms: "Dict[Tuple[str, str, str, str, Identity, int], _Form]" = {}


def signed_request(
    origin: "Origin", region: str, action: str, body: bytes, moment: "Moment", language: str = CHINESE
) -> bytes:
    """A whole POST request, signed for this moment. No argument may hold a control character.

    language: that of the API's messages.
    """
    timestamp = int(moment.wall + origin.clock_offset)
    wanted = (origin.authority, region, action, language, moment.identity, timestamp // 86400)
    form = _forms.get(wanted)
    if form is None:
        if len(_forms) >= _KEPT:
            _forms.clear()
        form = _forms[wanted] = _Form(origin.authority, region, action, language, moment.identity, timestamp)
    canonical = sha256(form.canonical + sha256(body).hexdigest().encode("ascii")).hexdigest()
    signature = form.key.sign(form.to_sign % (timestamp, canonical))
    return (form.head % (signature, timestamp, len(body))).encode("ascii") + body
