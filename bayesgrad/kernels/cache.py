"""Where compiled code is kept on disk: only a first run compiles, and no run finds old code.

The folder is named by a hash of the sources of all that is compiled and of the versions of what
compiles it. So code on disk is of these very sources, whatever was edited or installed since.
Folders of other hashes are removed a month after they were last used.

``BAYESGRAD_CACHE_DIR`` says where; else it is the user's cache folder. Where none can be written,
a temporary folder takes its place, and every run compiles.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import platformdirs

VARIABLE = "BAYESGRAD_CACHE_DIR"
COMPILERS = ("numba", "llvmlite", "numpy", "pytensor")
PREFIX = "code-"
KEPT_DAYS = 30
LEAST_FREE = 64 * 2**20
"""Bytes free on the disk below which nothing is kept there."""


class Place(NamedTuple):
    """Where compiled code is kept.

    Attributes
    ----------
    folder : Path
    lasting : bool
        False for a folder that is removed when the process ends.
    reason : str
        Why it is not lasting.
    """

    folder: Path
    lasting: bool
    reason: str = ""


@functools.cache
def stamp() -> str:
    """Hash of the sources of all compiled code, and of the versions of what compiles it."""
    digest = hashlib.sha256()
    for part in (sys.version, *(f"{name} {version(name)}" for name in COMPILERS)):
        digest.update(f"{part}\n".encode())
    for name, source in _sources():
        digest.update(f"{name} {len(source)}\n".encode() + source)
    return digest.hexdigest()[:16]


def _sources() -> Iterator[tuple[str, bytes]]:
    """Names and texts of the modules whose functions are compiled, in order."""
    package = resources.files("bayesgrad")
    waiting = [(name, package.joinpath(name)) for name in ("compat", "kernels")]
    while waiting:
        name, folder = waiting.pop()
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            inner = f"{name}/{entry.name}"
            if entry.is_dir():
                waiting.append((inner, entry))
            elif entry.name.endswith(".py"):
                yield inner, entry.read_bytes()


@functools.cache
def place() -> Place:
    """Where compiled code is kept in this process; the folder exists and can be written.

    Where it cannot be written, a temporary folder takes its place, with the compiled code that can
    be read there.
    """
    asked = os.environ.get(VARIABLE)
    folder = None
    try:
        root = Path(asked) if asked else platformdirs.user_cache_path("bayesgrad")
        root = root.expanduser().absolute()
        folder = root / f"{PREFIX}{stamp()}"
        folder.mkdir(parents=True, exist_ok=True)
        _try_to_write(folder)
    except (OSError, RuntimeError) as error:
        known = getattr(error, "strerror", None)
        reason = f"{folder}: {known}" if folder and known else str(error)
        return _temporary(like=folder, reason=reason)
    _remove_unused(root, keep=folder)
    return Place(folder, lasting=True)


def _try_to_write(folder: Path) -> None:
    """Raise an OSError if compiled code cannot be written to a folder; else mark it as used."""
    with tempfile.TemporaryFile(dir=folder):
        os.utime(folder)
    if shutil.disk_usage(folder).free < LEAST_FREE:
        raise OSError(f"{folder}: less than {LEAST_FREE >> 20} MB are free")


def _temporary(*, like: Path | None, reason: str) -> Place:
    """A folder that is removed when the process ends, with what can be read of another."""
    folder = Path(tempfile.mkdtemp(prefix="bayesgrad-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if like is not None:
        _copy_what_can_be_read(like, folder)
    return Place(folder, lasting=False, reason=reason)


def _copy_what_can_be_read(source: Path, target: Path) -> None:
    """Copy the files of a folder and of its folders, without their modes."""
    for place, _, files in os.walk(source):
        inner = target / Path(place).relative_to(source)
        inner.mkdir(exist_ok=True)
        for name in files:
            with suppress(OSError):
                shutil.copyfile(Path(place) / name, inner / name)


def give_pytensor_a_folder() -> None:
    """Let PyTensor be imported where its own folder, in the user's home, cannot be made.

    Where it can, or where ``PYTENSOR_FLAGS`` names another, nothing is changed.
    """
    flags = os.environ.get("PYTENSOR_FLAGS", "")
    if "pytensor" in sys.modules or "base_compiledir" in flags:
        return
    try:
        local = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None
        own = Path(local) / "PyTensor" if local else _home() / ".pytensor"
        own.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=own):
            return
    except (OSError, RuntimeError):
        folder = f"base_compiledir={place().folder / 'pytensor'}"
        os.environ["PYTENSOR_FLAGS"] = ",".join(filter(None, (flags, folder)))


def _home() -> Path:
    """The user's home folder as PyTensor finds it."""
    return Path(os.environ["HOME"]) if "HOME" in os.environ else Path.home()


def _remove_unused(root: Path, *, keep: Path) -> None:
    """Remove folders of other sources or versions that have long not been used."""
    oldest = time.time() - KEPT_DAYS * 86_400
    for folder in root.glob(f"{PREFIX}*"):
        try:
            if folder != keep and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
