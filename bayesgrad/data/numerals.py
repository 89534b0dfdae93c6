"""Columns of text that are columns of numbers.

A column becomes numeric only where every value in it is a plain number, so that codes and symbols
stay as they were written: one `c` among the counts, or one `007` among the codes, and the whole
column stays text.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_INTEGER = r"^[+-]?(0|[1-9][0-9]{0,17})$"
_NUMBER = r"^[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_GROUPED = r"^[+-]?(0|[1-9][0-9]{0,2}(,[0-9]{3})*)(\.[0-9]+)?$"
_LONG_INTEGER = r"^[+-]?[0-9]{19,}$"


def as_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a text column as int64 or float64 where all its values are plain numbers.

    Thousands separators ("378,030") are read where all the values of the column are written with
    them. A leading zero ("007") or an integer of 19 digits or more marks a code, and the column
    stays text. A column with no values at all becomes float64.
    """
    values = column.drop_null()
    if not len(values):
        return column.cast(pa.float64())
    first = values[:1]
    if not (_all_match(first, _NUMBER) or _all_match(first, _GROUPED)):
        return column
    if _all_match(values, _INTEGER):
        return _unsigned_plus(column).cast(pa.int64())
    if _all_match(values, _NUMBER):
        long = pc.any(pc.match_substring_regex(values, _LONG_INTEGER)).as_py()
        return column if long else _unsigned_plus(column).cast(pa.float64())
    if _all_match(values, _GROUPED):
        return as_numbers(pc.replace_substring(column, ",", ""))
    return column


def _all_match(values: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def _unsigned_plus(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_ltrim(column, "+")
