"""Files of credentials, and what is said of them."""

import json

import pytest

from tencentserverless import exception as errors
from tests.settings.identities import identity_of

KEYS = {"secretId": "AKIDbase", "secretKey": "base-key"}


def write(home, path, data):
    """Write a file below the home directory: an object as JSON, a text or bytes. Returns its path."""
    file = home.joinpath(*path.split("/"))
    file.parent.mkdir(exist_ok=True)
    data = json.dumps(data, indent=1) if isinstance(data, dict) else data
    file.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return str(file)


def refusal_of(profile=None):
    """The message of the SettingsError that these files lead to."""
    with pytest.raises(errors.SettingsError) as caught:
        identity_of(None, None, None, profile=profile)
    assert caught.value.executed == "no"
    return caught.value.message
