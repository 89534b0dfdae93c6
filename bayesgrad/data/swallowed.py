"""Rows of a csv file that a stray quotation mark has swallowed into one value."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from bayesgrad.errors import DataError

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def refuse_swallowed_rows(table: pa.Table, *, path: Path) -> None:
    """Refuse a value with line breaks and as many commas as the rows would have that it holds.

    A quotation mark that opens in one row and closes in the same column of a later one makes one
    value of all between: the end of the first row, the rows between and the beginning of the last,
    with all their commas. A value of several lines without these is kept.

    Parameters
    ----------
    table : Table
        Columns of text, as they are parsed.

    Raises
    ------
    DataError
        Names the column and the first line of the value.
    """
    width = table.num_columns
    for at, name in enumerate(table.column_names):
        column = table.column(at)
        broken = column.filter(pc.match_substring_regex(column, "[\r\n]"))
        found = [cell for cell in broken.to_pylist() if _holds_rows(cell, at=at, width=width)]
        if found:
            lines = _LINE_BREAK.split(found[0])
            raise DataError(
                f"{path}: column {name}: a quotation mark swallows {len(lines) - 1:,} line breaks "
                f"and the rows between, from {lines[0][:40]!r} to {lines[-1][-40:]!r}",
                "Remove the stray quotation marks, or write one inside a value twice, the whole "
                "value in quotation marks.",
            )


def _holds_rows(cell: str, *, at: int, width: int) -> bool:
    first, *between, last = _LINE_BREAK.split(cell)
    return (
        width > 1
        and first.count(",") >= width - 1 - at
        and last.count(",") >= at
        and all(line.count(",") >= width - 1 for line in between)
    )
