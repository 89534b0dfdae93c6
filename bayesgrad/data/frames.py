"""Tables in memory, of pandas or of any library that shares Arrow data -> one form of DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pandas as pd
import pyarrow as pa

from bayesgrad.data.arrow_tables import frame_of_arrow
from bayesgrad.data.headings import refuse_repeated_names
from bayesgrad.errors import DataError
from bayesgrad.spec.writing import plain_name


class ArrowTable(Protocol):
    """A table of a library that shares its data through the Arrow interface (polars, PyArrow)."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Share the table's data."""


def as_frame(table: object, *, needed: Sequence[str] = (), source: str) -> pd.DataFrame:
    """Take a table as a DataFrame with names of text, its index aside.

    Parameters
    ----------
    table : DataFrame, or an object with the Arrow interface (polars, PyArrow, DuckDB)
    needed : sequence of str
        Columns that may also stand in the index, under their names.
    source : str
        Names the table in messages.

    Returns
    -------
    DataFrame
        With a fresh index; a pandas table keeps the types of its columns.

    Raises
    ------
    DataError
        If the table is no such object, or has columns of several levels or of one name.
    """
    if not isinstance(table, pd.DataFrame):
        frame = _of_arrow(table, source)
    else:
        frame = _with_keys_of_index(table, needed)
    names = [_name(label, source) for label in frame.columns]
    refuse_repeated_names(names, source=source)
    return frame.set_axis(names, axis=1).reset_index(drop=True)


def _of_arrow(table: object, source: str) -> pd.DataFrame:
    has_arrow = any(hasattr(table, name) for name in ("__arrow_c_stream__", "__arrow_c_array__"))
    if has_arrow and not isinstance(table, pd.Series | pa.Array | pa.ChunkedArray):
        try:
            arrow = pa.table(table)
        except (pa.ArrowException, TypeError, ValueError) as error:
            reason = f": {str(error).splitlines()[0]}" if str(error) else ""
            raise _no_table(table, source, reason) from None
        return frame_of_arrow(arrow, source=source)
    raise _no_table(table, source)


def _no_table(table: object, source: str, reason: str = "") -> DataError:
    lazy = " Call its method collect() first." if hasattr(table, "collect") else ""
    return DataError(
        f"{source}: is a {type(table).__name__}, not a pandas DataFrame or a table of polars or "
        f"Arrow{reason}",
        f"Give the path of a file, or convert the table to pandas.{lazy}",
    )


def _with_keys_of_index(table: pd.DataFrame, needed: Sequence[str]) -> pd.DataFrame:
    """Bring levels of the index that are needed, and are no columns, to the columns."""
    if table.columns.nlevels > 1:
        return table
    present = {plain_name(str(label)) for label in table.columns}
    absent = set(needed) - present
    keys = {
        str(name): table.index.get_level_values(at).array
        for at, name in enumerate(table.index.names)
        if name is not None and plain_name(str(name)) in absent
    }
    return table.assign(**keys)


def _name(label: object, source: str) -> str:
    if not isinstance(label, tuple):
        return plain_name(str(label))
    parts = [str(part) for part in label if str(part) != ""]
    if len(parts) == 1:
        return plain_name(parts[0])
    raise DataError(
        f"{source}: has columns of several levels, such as {' / '.join(map(str, label))}",
        "Give every column one name, as table.columns = ['_'.join(map(str, names)) for names in "
        "table.columns].",
    )
