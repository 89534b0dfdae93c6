"""Where compiled code is kept, and what its folder is named by."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bayesgrad.kernels import cache
from bayesgrad.kernels.cache import KEPT_DAYS, PREFIX, VARIABLE


@pytest.fixture(autouse=True)
def fresh():
    """Nothing is remembered of a place, before and after."""
    cache.place.cache_clear()
    yield
    cache.place.cache_clear()


def test_the_folder_is_the_one_that_the_variable_names(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "deep" / "code"))
    place = cache.place()
    assert place.lasting
    assert place.folder == tmp_path / "deep" / "code" / f"{PREFIX}{cache.stamp()}"
    assert place.folder.is_dir()


def test_by_default_it_is_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(cache.platformdirs, "user_cache_path", lambda name: tmp_path / name)
    assert cache.place().folder.parent == tmp_path / "bayesgrad"


def test_where_none_can_be_written_a_temporary_folder_takes_its_place(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    place = cache.place()
    assert not place.lasting
    assert str(tmp_path / "file") in place.reason
    assert place.folder.is_dir()


def test_a_full_disk_is_not_written_to(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(cache, "LEAST_FREE", 2**80)
    place = cache.place()
    assert not place.lasting
    assert "MB are free" in place.reason


def test_compiled_code_that_can_only_be_read_is_used(monkeypatch, tmp_path):
    warm = tmp_path / f"{PREFIX}{cache.stamp()}"
    (warm / "pytensor").mkdir(parents=True)
    for file in (warm / "kernel.nbc", warm / "pytensor" / "graph.nbc"):
        file.write_bytes(b"compiled")
        file.chmod(0o444)
    (warm / "dangling").symlink_to(tmp_path / "nothing")
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(cache, "_try_to_write", refuse)
    place = cache.place()
    assert not place.lasting
    assert place.reason == f"{warm}: Permission denied"
    for file in (place.folder / "kernel.nbc", place.folder / "pytensor" / "graph.nbc"):
        assert file.read_bytes() == b"compiled"
        assert file.stat().st_mode & 0o200
    assert not (place.folder / "dangling").exists()


def test_a_folder_that_cannot_be_entered_is_as_if_there_were_none(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    def refuse(*_, **__) -> None:
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(cache.os, "walk", lambda _: iter(()))
    assert not cache.place().lasting


def test_a_relative_folder_stays_where_it_was_and_a_tilde_is_the_home(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "code")
    assert cache.place().folder.parent == tmp_path / "code"
    cache.place.cache_clear()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv(VARIABLE, "~/code")
    assert cache.place().folder.parent == tmp_path / "home" / "code"


def test_folders_of_other_sources_go_when_they_have_long_not_been_used(monkeypatch, tmp_path):
    old, recent, other = (tmp_path / name for name in (f"{PREFIX}a", f"{PREFIX}b", "mine"))
    for folder in (old, recent, other):
        folder.mkdir()
    long_ago = time.time() - (KEPT_DAYS + 1) * 86_400
    for folder in (old, other):
        os.utime(folder, (long_ago, long_ago))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    place = cache.place()
    assert sorted(tmp_path.iterdir()) == sorted([recent, other, place.folder])


def test_pytensor_gets_a_folder_where_the_home_folder_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    program = (
        "from bayesgrad.kernels.cache import give_pytensor_a_folder, place\n"
        "give_pytensor_a_folder()\n"
        "import pytensor\n"
        "assert str(pytensor.config.base_compiledir).startswith(str(place().folder))\n"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTENSOR_FLAGS", "APPDATA")}
    environment |= {
        "HOME": str(tmp_path / "file"),
        "LOCALAPPDATA": str(tmp_path / "file"),
        VARIABLE: str(tmp_path / "code"),
    }
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_a_folder_that_the_user_chose_for_pytensor_stays(monkeypatch):
    monkeypatch.setenv("PYTENSOR_FLAGS", "base_compiledir=/somewhere")
    monkeypatch.delitem(sys.modules, "pytensor", raising=False)
    monkeypatch.setenv("HOME", "/dev/null/nothing")
    cache.give_pytensor_a_folder()
    assert os.environ["PYTENSOR_FLAGS"] == "base_compiledir=/somewhere"
