"""Columns of text that are columns of numbers.

A column becomes numeric only where every value in it is a plain number, so that codes and symbols
stay as they were written: one `c` among the counts, or one `007` among the codes, and the whole
column stays text.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bayesgrad.data.gaps import MISSING
from bayesgrad.spec.writing import plain_name

ONE_NUMBER = "texts_read_as_one_number"
"""Name of the attribute of a DataFrame that says of columns of numbers which texts became one."""

_INTEGER = r"^[+-]?(0|[1-9][0-9]{0,17})$"
_NUMBER = r"^[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_GROUPED = r"^[+-]?(0|[1-9][0-9]{0,2}(,[0-9]{3})*)(\.[0-9]+)?$"
_LONG_INTEGER = r"^[+-]?[0-9]{16,}$"
_EXACT = 2**53
"""Whole numbers beyond it are not all among those of double precision."""
_WORDS = (("false", "true"), ("f", "t"), ("no", "yes"), ("n", "y"))
"""Words for 0 and 1, in any case."""


def as_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a text column as int64 or float64 where all its values are plain numbers.

    Thousands separators ("378,030") are read where all the values of the column are written with
    them. A leading zero ("007") or an integer too long to be kept exactly marks a code, and the
    column stays text. A column with no values at all becomes float64.
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
        return column if _any_inexact(values) else _unsigned_plus(column).cast(pa.float64())
    if _all_match(values, _GROUPED):
        return as_numbers(pc.replace_substring(column, ",", ""))
    return column


def numbers_in_text(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Numbers that a column of text holds, and where it holds something else.

    Numbers are plain; or all with thousands separators ("378,030"); or the whole column has two
    words for 1 and 0, such as TRUE and FALSE, yes and no.

    Returns
    -------
    values : Series
        float64, missing where the text is blank, `NA` or `NaN`, or no number.
    faulty : Series
        bool; where the text is no number.
    """
    plain = text.fillna("").map({one: plain_name(one) for one in text.dropna().unique()} | {"": ""})
    given = ~plain.isin(MISSING)
    present = plain[given]
    words = set(present.str.casefold().unique())
    pair = next((pair for pair in _WORDS if words and words <= set(pair)), None)
    if pair is not None:
        present = present.str.casefold().map({pair[0]: "0", pair[1]: "1"})
    elif present.str.fullmatch(_GROUPED).all():
        present = present.str.replace(",", "")
    numbers = pd.to_numeric(present, errors="coerce").astype("float64")
    values = numbers.reindex(text.index)
    return values, given & values.isna()


def different_texts_of_one_number(
    text: pa.ChunkedArray, number: pa.ChunkedArray
) -> tuple[str, str] | None:
    """First two texts that were read as the same number, such as "1.1" and "1.10"; else None."""
    if pc.count_distinct(text).as_py() == pc.count_distinct(number).as_py():
        return None
    pairs = pd.DataFrame({"number": number.to_pandas(), "text": text.to_pandas()}).drop_duplicates()
    alike = pairs[pairs["number"].duplicated(keep=False)].dropna().sort_values(["number", "text"])
    return (str(alike["text"].iloc[0]), str(alike["text"].iloc[1])) if len(alike) > 1 else None


def _any_inexact(values: pa.ChunkedArray) -> bool:
    long = values.filter(pc.match_substring_regex(values, _LONG_INTEGER)).to_pylist()
    return any(abs(int(value)) > _EXACT for value in long)


def _all_match(values: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def _unsigned_plus(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_ltrim(column, "+")
