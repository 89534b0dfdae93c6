"""Cells of any pandas or Arrow type -> numbers or text, with gaps.

Every column that a spec names passes through `settled`, so that no other module needs to know of
categoricals, Arrow types, nullable types or columns of mixed objects.
"""

from __future__ import annotations

import datetime
import numbers
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.typing import NaTType, NAType

from bayesgrad.errors import DataError

_TIMES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
_WITH_MISSING = (float, np.floating, Decimal, np.datetime64, np.timedelta64, NAType, NaTType)
"""Types of cells that have a value for what is missing."""

_WRITTEN: dict[type | tuple[type, ...], Callable[[Any], str]] = {
    (bool, np.bool_): lambda cell: str(bool(cell)),
    numbers.Integral: lambda cell: str(int(cell)),
    Decimal: lambda cell: format(cell, "f"),
    numbers.Real: lambda cell: repr(float(cell)),
    (uuid.UUID, pd.Period, pd.Interval): str,
}
"""How cells are written, by their type: the first that they are of."""

_REMEDY = "Give a column of plain numbers or text."


def settled(column: pd.Series, *, where: str, times: bool = False) -> pd.Series:
    """Turn a column of any type into numbers, booleans or text, with gaps.

    Parameters
    ----------
    column : Series
    where : str
        Names the table and the column in the message.
    times : bool
        Whether dates, times, periods and intervals are written as text, as for names of groups; by
        default they are refused.

    Returns
    -------
    Series
        Of a numeric type that is not complex (NumPy's or nullable), `boolean`, or `str`; of the
        same length and index. A column of mixed objects is text.

    Raises
    ------
    DataError
        If the column holds what is neither number nor text; the message names the type.
    """
    column = _unwrapped(column, where=where, times=times)
    kind = column.dtype
    if isinstance(kind, pd.StringDtype):
        return column.astype("str")
    if pd.api.types.is_bool_dtype(kind):
        return column.astype("boolean")
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        return column
    if pd.api.types.is_object_dtype(kind):
        texts = [_text_of(cell, where=where, times=times) for cell in column]
        try:
            return pd.Series(texts, column.index, dtype="str", name=column.name)
        except UnicodeEncodeError as error:
            raise _refused(f"text that is not Unicode ({error.object!a})", where) from None
    if times and not pd.api.types.is_complex_dtype(kind):
        return column.astype("str").where(column.notna())
    raise _refused(str(kind), where)


def _unwrapped(column: pd.Series, *, where: str, times: bool) -> pd.Series:
    """Take the values out of categories, sparse columns and Arrow types."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        values = settled(pd.Series(kind.categories), where=where, times=times)
        if pd.api.types.is_integer_dtype(values.dtype):
            unsigned = pd.api.types.is_unsigned_integer_dtype(values.dtype)
            values = values.astype("UInt64" if unsigned else "Int64")
        return values.reindex(column.cat.codes.to_numpy()).set_axis(column.index)
    if isinstance(kind, pd.SparseDtype):
        return pd.Series(column.to_numpy(), column.index)
    if isinstance(kind, pd.ArrowDtype):
        return _of_arrow(column, kind.pyarrow_dtype, where=where, times=times)
    return column


def _of_arrow(column: pd.Series, kind: pa.DataType, *, where: str, times: bool) -> pd.Series:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.astype("str")
    if pa.types.is_boolean(kind):
        return column.astype("boolean")
    if pa.types.is_unsigned_integer(kind):
        return column.astype("UInt64")
    if pa.types.is_signed_integer(kind):
        return column.astype("Int64")
    if pa.types.is_floating(kind):
        return column.astype("Float64")
    if pa.types.is_nested(kind) and not pa.types.is_dictionary(kind):
        raise _refused(str(kind), where)
    return pd.Series(pa.array(column.array).to_pylist(), column.index, dtype=object)


def _text_of(cell: Any, *, where: str, times: bool) -> str | None:
    """Text of one cell of a column of objects; None where it is missing."""
    if isinstance(cell, str):
        return cell
    if cell is None or (isinstance(cell, _WITH_MISSING) and pd.isna(cast(Any, cell))):
        return None
    if isinstance(cell, bytes):
        return _decoded(cell, where)
    for kind, write in _WRITTEN.items():
        if isinstance(cell, kind):
            return write(cell)
    if times and isinstance(cell, _TIMES):
        return str(cell)
    raise _refused(type(cell).__name__, where)


def _decoded(cell: bytes, where: str) -> str:
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused("bytes that are not UTF-8 text", where) from None


def _refused(what: str, where: str) -> DataError:
    return DataError(f"{where} holds {what}, not numbers or text", _REMEDY)
