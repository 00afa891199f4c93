"""The roles of machines and of profiles. The official package fetches their credentials."""

from tencentserverless._settings.credentials import Source
from tencentserverless._settings.found import no_credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple

    from tencentserverless._protocol.identity import Identity
    from tencentserverless.exception import SettingsError

METADATA = ("metadata.tencentyun.com", 80)  # answers on a CVM only

_kept: "Dict[str, Source]" = {}


class RoleSource(Source):
    """The credentials of a role.

    A provider of the official package keeps them too. So a new provider is made when the platform has refused them.
    """

    def __init__(self, make: "Callable[[], Any]", place: str) -> None:
        Source.__init__(self, self._fetch)
        self._make = make
        self.place = place
        self._provider: "Any" = None

    def _fetch(self) -> "Tuple[Any, ...]":
        if self._provider is None or (self._kept is not None and self._kept[0].is_refused):
            self._provider = self._make()
        told = self._provider.get_credential_info()
        if not all(told):
            raise no_credentials(f"{self.place}: the metadata service has no credentials", "")
        return (*told, self._end())

    def _end(self) -> "Optional[float]":
        """When the provider fetches again; None if it does not tell."""
        provider = vars(self._provider)
        end: "Optional[float]" = provider.get("_expired_ts") or provider.get("_expired_time")
        return end

    def failed(self, error: Exception) -> "SettingsError":
        # The frames of the official package hold the keys, so they are left out.
        failure = no_credentials(f"{self.place}: the role's credentials cannot be fetched ({type(error).__name__})", "")
        failure.__cause__ = _without_frames(error)
        return failure


def _without_frames(error: Exception) -> "Optional[Exception]":
    """A copy of an exception with its plain arguments only; None if an exception of its class takes other ones."""
    try:
        return type(error)(*(argument for argument in error.args if isinstance(argument, (str, int))))
    except Exception:
        return None


def of_this_machine(kind: str) -> Source:
    """The role of the TKE pod ("TKE") or of the CVM ("CVM")."""
    return _keep(_of_pod, "role of TKE") if kind == "TKE" else of_this_cvm("")


def _keep(make: "Callable[[], Any]", place: str) -> Source:
    """The one source of this place, because it holds credentials."""
    return _kept.get(place) or _kept.setdefault(place, RoleSource(make, place))


def of_this_cvm(place: str) -> Source:
    """The role of this CVM. place: what wants it; "" if it is the last thing to try."""

    def make() -> "Any":
        _check_for_metadata(place)
        from tencentcloud.common.credential import CVMRoleCredential

        return CVMRoleCredential()

    return _keep(make, place or "role of this CVM, if it is one")


def taken_on(identity: "Identity", arn: str, session: str, place: str) -> Source:
    """A role that is taken on with the keys of `identity`."""

    def make() -> "Any":
        from tencentcloud.common.credential import STSAssumeRoleCredential

        return STSAssumeRoleCredential(identity.secret_id, identity.secret_key, arn, session)

    return RoleSource(make, place)


def _of_pod() -> "Any":
    from tencentcloud.common.credential import DefaultTkeOIDCRoleArnProvider

    return DefaultTkeOIDCRoleArnProvider().get_credentials()


def _check_for_metadata(place: str) -> None:
    """The official provider waits without limit if no metadata server answers, so look for one first."""
    import socket

    try:
        socket.create_connection(METADATA, 1.0).close()
    except OSError:
        raise (no_credentials(f"{place}: this machine is not a CVM", "") if place else no_credentials("no credentials"))
