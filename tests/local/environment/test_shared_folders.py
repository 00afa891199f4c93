"""Folders that instances share."""

import os

import pytest

from tencentserverless.local.environment.scratch import Scratch
from tencentserverless.local.environment.shared_folders import SharedFolders


def test_folders_live_as_long_as_their_users():
    """One key has one folder, which is removed after its last user has gone, when another one is made."""
    scratch = Scratch()
    shared = SharedFolders(scratch, "code")
    try:
        one = shared.get("a", lambda folder: (folder / "x").touch(), "1")
        assert shared.get("a", pytest.fail, "2") == one
        assert os.listdir(one) == ["x"]
        shared.release("1")
        two = shared.get("b", lambda folder: None, "3")
        assert os.path.exists(one)
        shared.release("2")
        shared.release("3")
        with pytest.raises(OSError, match="full"):
            shared.get("c", lambda folder: (_ for _ in ()).throw(OSError("full")), "4")
        assert os.listdir(scratch.folder / "code") == []
        assert not os.path.exists(two)
    finally:
        scratch.remove()
