"""Writing files so that a run killed in the middle leaves the old file, or none."""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pandas as pd

from bayesgrad.errors import FitError

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that make a spreadsheet take a text cell for a formula, or break its line."""

LARGEST_ROUNDED = 1e5
"""Below it six significant digits show at least the first decimal."""

LARGEST_WHOLE = 2.0**53
"""From here on not every whole number is a floating-point number."""


@contextmanager
def replacing(*paths: Path, removed: Iterable[Path] = ()) -> Iterator[tuple[Path, ...]]:
    """Give a temporary path beside each of `paths`; on success rename all, once all are on disk.

    On an error or an interruption the temporary files are removed and `paths` are as they were:
    either all are replaced, and `removed` are gone, or none. A symbolic link stays, and what it
    leads to is replaced. A file that is replaced keeps its permissions, which the temporary file
    has from the start.

    Raises
    ------
    FitError
        If a path is a device or a pipe.
    """
    targets = tuple(target_of(path) for path in paths)
    mark = uuid.uuid4().hex[:12]
    # Short, so that a name may be as long as the system allows.
    temporary = tuple(path.with_name(f".{mark}.{k}.tmp") for k, path in enumerate(targets))
    try:
        for hidden, target in zip(temporary, targets, strict=True):
            _with_permissions_of(target, hidden)
        yield temporary
        for hidden in temporary:
            with hidden.open("r+b") as stream:
                os.fsync(stream.fileno())
        _exchange(tuple(zip(temporary, targets, strict=True)), tuple(removed), mark)
    finally:
        for hidden in temporary:
            with suppress(OSError):
                hidden.unlink()


def target_of(path: Path) -> Path:
    """Path of the file that a path leads to, through symbolic links. Raises FitError."""
    # A stream of this process may be a file, too, but not one to be replaced.
    special = str(path.absolute().parent) in ("/dev", "/dev/fd") or path.absolute().is_relative_to(
        "/proc"
    )
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if special or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise FitError(
                f"{path}: is a device or a pipe, not a file", "Give the name of a file to write."
            )
    return Path(os.path.realpath(path))


def _with_permissions_of(target: Path, hidden: Path) -> None:
    """Make the temporary file of a file that is there: nobody may read it who could not before."""
    try:
        known = target.stat()
    except FileNotFoundError:
        return
    os.close(os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(hidden, known.st_uid, known.st_gid)
    hidden.chmod(stat.S_IMODE(known.st_mode))


def _exchange(pairs: tuple[tuple[Path, Path], ...], removed: tuple[Path, ...], mark: str) -> None:
    """Rename each first path to the second and remove `removed`, or leave all as they were."""
    changing = (*(target for _, target in pairs), *removed)
    old = {path: path.with_name(f".{mark}.{k}.old") for k, path in enumerate(changing)}
    several = len(changing) > 1
    changed: list[Path] = []
    try:
        for path in changing if several else ():
            _keep(path, old[path])
        for hidden, target in pairs:
            changed.append(target)
            os.replace(hidden, target)
        for path in removed:
            changed.append(path)
            path.unlink()
    except BaseException:
        for path in changed if several else ():
            _put_back(path, old[path])
        raise
    finally:
        for kept in old.values():
            with suppress(OSError):
                kept.unlink()


def _keep(path: Path, old: Path) -> None:
    """Give a file, if it is there, a second name, or where the system has none a copy."""
    if not path.exists():
        return
    try:
        os.link(path, old)
    except OSError:
        shutil.copy2(path, old)


def _put_back(path: Path, old: Path) -> None:
    with suppress(OSError):
        if old.exists():
            os.replace(old, path)
        else:
            path.unlink(missing_ok=True)


def write_bytes(contents: Mapping[Path, bytes], *, removed: Iterable[Path] = ()) -> None:
    """Write files and remove others, all or nothing."""
    with replacing(*contents, removed=removed) as temporary:
        for hidden, content in zip(temporary, contents.values(), strict=True):
            hidden.write_bytes(content)


def write_texts(contents: Mapping[Path, str]) -> None:
    """Write UTF-8 texts to their paths, all or nothing."""
    write_bytes({path: text.encode() for path, text in contents.items()})


def csv_text(table: pd.DataFrame) -> str:
    """Table as CSV: six significant digits, or to 0.1 where that is more; whole numbers whole.

    The same table has the same bytes. Text cells that a spreadsheet would run as a formula get a
    leading apostrophe.
    """
    safe = table.copy()
    for name in safe.columns:
        if safe[name].dtype.kind in "OT" or pd.api.types.is_string_dtype(safe[name]):
            safe[name] = safe[name].map(_neutralised)
    return safe.to_csv(index=False, float_format=_number, lineterminator="\n")


def number_text(value: float) -> str:
    """A number as it stands in tables.

    >>> number_text(1.23456789), number_text(12345678.0), number_text(-123456.789)
    ('1.23457', '12345678', '-123456.8')
    """
    if not np.isfinite(value) or abs(value) < LARGEST_ROUNDED:
        return f"{value:.6g}"
    if abs(value) >= LARGEST_WHOLE:
        return f"{value:.0f}"
    return f"{value:.1f}".removesuffix(".0")


def _number(value: object) -> str:
    return number_text(float(value))  # type: ignore[arg-type]


def _neutralised(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
