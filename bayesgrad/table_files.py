"""Tables of results as files: CSV or Parquet, as the name says."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from bayesgrad.errors import FitError
from bayesgrad.files import csv_text

CSV_SUFFIXES = ("", ".csv", ".txt")
PARQUET_SUFFIX = ".parquet"


def refuse_other_suffix(path: Path) -> None:
    """Refuse a path of a table whose name says that it is of another kind. Raises FitError."""
    if path.suffix.lower() not in (*CSV_SUFFIXES, PARQUET_SUFFIX):
        raise FitError(
            f"{path}: a table is not written as {path.suffix}",
            f"End the name with .csv or {PARQUET_SUFFIX}.",
        )


def table_bytes(table: pd.DataFrame, path: Path) -> bytes:
    """Table as the content of a file, of the kind that its name says.

    Parquet holds every number in full.

    Raises
    ------
    FitError
        If the suffix is neither that of a CSV nor that of a Parquet file.
    """
    refuse_other_suffix(path)
    if path.suffix.lower() != PARQUET_SUFFIX:
        return csv_text(table).encode()
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()
