"""A home of its own for each test that wants one."""

import os

import pytest

from tencentserverless._settings import profiles, roles


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home directory, and an environment without credentials, on no machine of the cloud."""
    for name in list(os.environ):
        if name.startswith(("TENCENT", "TCCLI_", "TKE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("TENCENTCLOUD_RUNENV", "SCF")
    monkeypatch.setattr(profiles, "SYSTEM_FILE", str(tmp_path / "etc" / "credentials"))
    monkeypatch.setattr(roles, "_kept", {})
    return tmp_path
