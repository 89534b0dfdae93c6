"""Writing files so that a run killed in the middle leaves the old file, or none."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that make a spreadsheet take a text cell for a formula, or break its line."""


@contextmanager
def replacing(*paths: Path) -> Iterator[tuple[Path, ...]]:
    """Give a temporary path beside each of `paths`; on success rename all, once all are on disk.

    On an error or an interruption before that, the temporary files are removed and `paths` are as
    they were.
    """
    mark = uuid.uuid4().hex
    temporary = tuple(path.with_name(f".{path.name}.{mark}.tmp") for path in paths)
    try:
        yield temporary
        for hidden in temporary:
            with hidden.open("r+b") as stream:
                os.fsync(stream.fileno())
        for hidden, path in zip(temporary, paths, strict=True):
            os.replace(hidden, path)
    finally:
        for hidden in temporary:
            with suppress(OSError):
                hidden.unlink()


def write_texts(contents: Mapping[Path, str]) -> None:
    """Write UTF-8 texts to their paths, all or nothing."""
    with replacing(*contents) as temporary:
        for hidden, text in zip(temporary, contents.values(), strict=True):
            hidden.write_text(text, encoding="utf-8", newline="\n")


def csv_text(table: pd.DataFrame) -> str:
    """Table as CSV: six significant digits, the same bytes for the same table.

    Text cells that a spreadsheet would run as a formula get a leading apostrophe.
    """
    safe = table.copy()
    for name in safe.columns:
        if safe[name].dtype.kind in "OT" or pd.api.types.is_string_dtype(safe[name]):
            safe[name] = safe[name].map(_neutralised)
    return safe.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _neutralised(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
