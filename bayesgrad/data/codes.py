"""Columns of codes: cleaned as text, never blank."""

from __future__ import annotations

import pandas as pd

from bayesgrad.data.listing import counted, listed
from bayesgrad.errors import DataError


def as_codes(column: pd.Series) -> pd.Series:
    """Write a column of codes as text, blanks around them removed; missing where it was.

    Whole numbers lose the ".0" that a missing value elsewhere in the column gives them.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if pd.api.types.is_float_dtype(column.dtype):
        present = column.dropna()
        if (present % 1 == 0).all():
            column = column.astype("Int64")
    text = column.astype("str").where(column.notna()).str.strip()
    return text.where(text != "")


def refuse_blank_codes(codes: pd.Series, *, where: str) -> None:
    """Refuse blank codes; `where` names the table and column. Rows are counted from 1."""
    blank = codes.isna()
    if blank.any():
        rows = (int(at) + 1 for at in blank.to_numpy().nonzero()[0])
        raise DataError(
            f"{where} is blank in {counted(int(blank.sum()), 'row')}: row {listed(rows)}",
            "Fill in the codes, or remove the rows.",
        )
