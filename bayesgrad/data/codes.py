"""Columns of codes: cleaned as text, never blank."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from bayesgrad.data.cells import settled
from bayesgrad.data.gaps import marks_among
from bayesgrad.data.listing import counted, listed
from bayesgrad.data.numerals import ONE_NUMBER
from bayesgrad.errors import DataError
from bayesgrad.spec.writing import plain_code

_PLAIN, _SMALL_ONS = "[!-~]+", "[eknsw][0-9]{8}"
"""Codes that are written in one way already, but for ONS codes in small letters."""
_WHOLE = r"[0-9]+(\.0+)?"
_SHORTENED = r"[0-9](\.[0-9]+)?[Ee]\+[0-9]+"
"""A long number as a spreadsheet or R writes it, without most of its digits."""
_GROUPED = r"[1-9][0-9]{0,2}(,[0-9]{3})*(\.0+)?"


def as_codes(column: pd.Series, *, where: str) -> pd.Series:
    """Write a column of codes as text, each in one way; missing where it was missing or blank.

    See `bayesgrad.spec.writing.plain_code`. Where all codes are whole numbers, they lose the ".0"
    that a missing value or another program gives them ("1296.00"), and separators of thousands;
    else they stay as they are written ("1.10").

    Raises
    ------
    DataError
        If the column holds neither numbers nor text, or numbers too large for all their digits to
        have been kept; `where` names the table and column.
    """
    values = settled(column, where=where, times=True)
    if pd.api.types.is_float_dtype(values.dtype):
        _refuse_lost_digits(values, where=where)
    if pd.api.types.is_numeric_dtype(values.dtype) and not isinstance(
        values.dtype, pd.BooleanDtype
    ):
        values = values.astype("object")
    text = values.map(str, na_action="ignore").astype("str")
    codes = _written(text)
    present = codes.dropna().drop_duplicates()
    for pattern in (_WHOLE, _GROUPED):
        if present.str.fullmatch(pattern).all():
            return codes.str.replace(r"\.0+$", "", regex=True).str.replace(",", "")
    return codes


def _written(text: pd.Series) -> pd.Series:
    """Each code in one way of writing; missing where nothing is left of it."""
    plain = text.str.fullmatch(_PLAIN) & ~text.str.fullmatch(_SMALL_ONS)
    other = ~plain.astype(bool)
    written = {one: plain_code(one) for one in text[other].dropna().unique().tolist()}
    codes = text.where(~other, text[other].map(written).reindex(text.index)).astype("str")
    return codes.where(codes != "")


def refuse_blank_codes(codes: pd.Series, *, where: str, of_groups: bool = False) -> None:
    """Refuse codes that are blank, stand for a missing value (`NULL`, `-`), or have lost digits.

    Parameters
    ----------
    codes : Series
        Of text.
    where : str
        Names the table and column. Rows are counted from 1.
    of_groups : bool
        Whether these are names of strata, of which `none` may be one.
    """
    for faulty in (codes.isna(), marks_among(codes, of_groups=of_groups)):
        if not faulty.any():
            continue
        marks = listed(repr(mark) for mark in sorted(codes[faulty].dropna().unique()))
        rows = (int(at) + 1 for at in faulty.to_numpy().nonzero()[0])
        raise DataError(
            f"{where} is {marks + ', a mark of a missing value,' if marks else 'blank'} in "
            f"{counted(int(faulty.sum()), 'row')}: row {listed(rows)}",
            f"Fill in the {'strata' if of_groups else 'codes'}, or remove the rows"
            + ("; if the mark is a true name, write another." if marks else "."),
        )
    shortened = codes[codes.str.fullmatch(_SHORTENED)]
    if len(shortened):
        raise DataError(
            f"{where} has numbers that a spreadsheet or R has shortened, so that different codes "
            f"became one: {listed(sorted(shortened.unique()))}",
            "Write the file again with this column as text.",
        )


def refuse_merged_codes(frame: pd.DataFrame, columns: Collection[str], *, source: str) -> None:
    """Refuse codes of a csv file that were read as numbers, by which different codes became one.

    Raises
    ------
    DataError
        If `read_table`, called without a spec, has said so of one of the columns.
    """
    for column, (one, other) in frame.attrs.get(ONE_NUMBER, {}).items():
        if (
            column in columns
            and column in frame
            and pd.api.types.is_numeric_dtype(frame[column].dtype)
            and (frame[column] == float(one.replace(",", ""))).any()
        ):
            raise DataError(
                f"{source}: column {column}: the codes {one} and {other} of the file were read as "
                "one number",
                "Give the path of the file, or read its codes as text, as they are written: "
                "read_table(path, spec=spec), or pandas.read_csv(path, dtype=str).",
            )


def _refuse_lost_digits(values: pd.Series, *, where: str) -> None:
    kind = getattr(values.dtype, "numpy_dtype", values.dtype)
    digits = np.finfo(kind).nmant + 1
    large = values.abs() >= 2.0**digits
    if large.any():
        shown = listed(f"{value:.6g}" for value in sorted(values[large].unique()))
        raise DataError(
            f"{where} holds codes as {values.dtype}, which cannot keep all digits of "
            f"{counted(int(large.sum()), 'value')}: {shown}",
            "Give codes as text, or as whole numbers (int64).",
        )
