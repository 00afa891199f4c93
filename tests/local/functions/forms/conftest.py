"""Projects as their authors wrote them."""

import pytest

from tencentserverless.local.functions.folders import FolderReader


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write files, with the text of each by its path, and read the folder. Every function has its index.py."""
    monkeypatch.setenv("HOME", "/nowhere")

    def read(files, folder=".", **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
            (place.parent / "index.py").touch()
        return FolderReader({}).read_folder(tmp_path / folder)

    return read
