"""Arrow tables -> DataFrames, whatever types their columns have."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bayesgrad.errors import DataError

_FAULTS = (pa.ArrowException, ValueError, TypeError, OverflowError, KeyError)


def frame_of_arrow(table: pa.Table, *, source: str) -> pd.DataFrame:
    """Convert an Arrow table; a column that pandas has no type for becomes one of objects.

    Raises
    ------
    DataError
        If a column cannot be converted; the message names its type.
    """
    try:
        return table.to_pandas(ignore_metadata=True)  # type: ignore[no-any-return]
    except _FAULTS:
        pass
    columns = {
        name: _series(column, where=f"{source}: column {name}")
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def _series(column: pa.ChunkedArray, *, where: str) -> pd.Series:
    try:
        plain = _without_views(column)
        try:
            return plain.to_pandas()  # type: ignore[no-any-return]
        except _FAULTS:
            return pd.Series(plain.to_pylist(), dtype=object)
    except _FAULTS as error:
        raise DataError(
            f"{where} holds {column.type}, which cannot be read: {str(error).splitlines()[0]}",
            "Give a column of plain numbers or text, or take it out of the table.",
        ) from None


def _without_views(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Plain text for types of text that not every version converts, and values for runs."""
    kind = column.type
    if pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if pa.types.is_run_end_encoded(kind):
        return pc.run_end_decode(column)
    if pa.types.is_dictionary(kind) and pa.types.is_string_view(kind.value_type):
        return column.cast(pa.large_string())
    return column
