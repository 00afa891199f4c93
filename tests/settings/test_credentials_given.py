"""What people give as `credentials`: objects of the official SDK, texts, coroutines."""

import gc

import pytest

from tencentserverless import exception as errors
from tencentserverless._settings.credentials import Source
from tests.settings.identities import triple


def test_an_object_of_the_official_sdk_will_do():
    """A callable may return an object with get_credential_info, as the official SDK's credentials have."""
    credential = pytest.importorskip("tencentcloud.common.credential")
    assert triple(Source(lambda: credential.Credential("AKID", "key", "token"))) == ("AKID", "key", "token")
    assert triple(Source(credential.Credential("AKID", "key"))) == ("AKID", "key", None)


def test_what_is_not_a_callable():
    """What is neither a callable nor such an object is named by its type, and not shown."""
    with pytest.raises(errors.SettingsError, match="credentials is str, not a callable") as caught:
        triple(Source("AKIDx:sekret"))
    assert "sekret" not in str(caught.value)


def test_a_coroutine_where_none_is_awaited():
    """A coroutine that nobody awaits is an error that says what to give, and Python does not warn of it."""

    async def credentials():
        return "AKID", "key"

    with pytest.raises(errors.SettingsError, match="give the coroutine function itself, and to an AsyncClient"):
        triple(Source(lambda: credentials()))
    gc.collect()
