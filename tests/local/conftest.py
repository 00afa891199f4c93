"""What tests of the local endpoint need: folders, functions in them, and a system that can do what they test."""

import os
import tempfile
from pathlib import Path

import pytest

from tencentserverless.local.environment.mounts import Root
from tests.local.namespaces_here import in_namespaces


@pytest.fixture(scope="session")
def possible():
    """Skips the tests that need namespaces where there are none."""
    if not in_namespaces():
        pytest.skip("this system allows no namespaces")


@pytest.fixture
def shared(monkeypatch):
    """A folder that a test and its functions both see and write to: the rest of the disk is read-only to functions."""
    with tempfile.TemporaryDirectory(dir=None if os.name == "nt" else "/var/tmp") as place:
        request = Root.request

        def with_shared(*given):
            made = request(*given)
            return {**made, "shared": [*made["shared"], (place, place)]}

        monkeypatch.setattr(Root, "request", with_shared)
        yield Path(place)


@pytest.fixture
def scratch(tmp_path):
    """The path of an endpoint's own folder, as far as a fork server needs it."""
    for name in ("root", "sdk", "trust"):
        (tmp_path / "scratch" / name).mkdir(parents=True)
    return str(tmp_path / "scratch")


@pytest.fixture
def folder(tmp_path):
    """Writes a function: `folder("name", code)` returns its folder, all of which are in `folder.path`."""

    def write(name, code="def main_handler(event, context):\n    return 1\n", manifest=None):
        place = tmp_path / "functions" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "index.py").write_text(code, encoding="utf-8")
        if manifest is not None:
            (place / "serverless.yml").write_text(manifest, encoding="utf-8")
        return place

    write.path = tmp_path / "functions"
    return write
