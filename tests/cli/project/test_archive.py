"""`archive`: which files a zip has, and its bytes."""

import os
import zipfile

import pytest

from tencentserverless._cli.project.archive import LEFT_OUT, OF_PIP, files_in, write

needs_links = pytest.mark.skipif(os.name == "nt", reason="links and modes of files are those of Unix")


def folder_with(tmp_path, name="function", **contents):
    folder = tmp_path / name
    for path, text in contents.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_equal_files_give_equal_bytes(tmp_path):
    """Neither the place, the order of making nor the times of files are in a zip."""
    one = folder_with(tmp_path, "one", **{"index.py": "a", "包/数据.txt": "b"})
    two = folder_with(tmp_path, "two", **{"包/数据.txt": "b", "index.py": "a"})
    os.utime(two / "index.py", (1, 1))
    for folder in (one, two):
        write(tmp_path / f"{folder.name}.zip", files_in(folder, ()))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["index.py", "包/数据.txt"]
        assert archive.read("包/数据.txt") == b"b"


def test_what_is_left_out(tmp_path):
    """Keys, repositories, caches, virtual environments and what pip writes for itself are not in the zip."""
    names = ["index.py", ".env", ".env.dev", ".git/config", ".venv/x.py", "a/__pycache__/b.pyc", "a/.git/c", "a/b.py"]
    names += ["bin/tool", "x-1.dist-info/RECORD", "x-1.dist-info/METADATA"]
    folder = folder_with(tmp_path, **dict.fromkeys(names, ""))
    assert list(files_in(folder, (*LEFT_OUT, *OF_PIP))) == ["a/b.py", "index.py", "x-1.dist-info/METADATA"]


@needs_links
def test_links_and_programs(tmp_path):
    """Links are followed, circles and pipes are left out, and programs stay programs."""
    folder = folder_with(tmp_path, **{"index.py": "", "run.sh": "", "scf_bootstrap": ""})
    shared = folder_with(tmp_path, "shared", **{"tool.py": "t"})
    (folder / "run.sh").chmod(0o700)
    (folder / "shared").symlink_to(shared)
    (shared / "back").symlink_to(folder)
    (folder / "nowhere").symlink_to(tmp_path / "missing")
    os.mkfifo(folder / "pipe")
    write(tmp_path / "x.zip", files_in(folder, ()))
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert modes == {"index.py": 0o644, "run.sh": 0o755, "scf_bootstrap": 0o755, "shared/tool.py": 0o644}


def test_a_zip_that_cannot_be_written(tmp_path):
    """An error leaves the zip that was there as it was, and no other file."""
    (tmp_path / "x.zip").write_text("old")
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "x.zip", {"index.py": tmp_path / "missing"})
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x.zip", "old")]
