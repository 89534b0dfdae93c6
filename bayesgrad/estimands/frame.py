"""From labelled arrays to pandas tables with the columns and order of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr


def to_frame(
    quantities: Mapping[str, xr.DataArray], *, by: Sequence[str], columns: Sequence[str]
) -> pd.DataFrame:
    """Lay quantities out with one row per combination of the dimensions `by`.

    Rows are in the order of `by`, each dimension in its own order save authorities, which come
    by code. `stratum` is empty for quantities without one.

    Parameters
    ----------
    quantities : mapping of str to DataArray
        Columns by name, each with some of the dimensions `by`.
    by : sequence of str
        Dimensions, slowest first.
    columns : sequence of str
        Names and order of the columns of the result, from `quantities` and `by`.
    """
    content = xr.Dataset(
        {name: values.reset_coords(drop=True) for name, values in quantities.items()}
    )
    if "stratum" in by and "stratum" not in content.dims:
        content = content.expand_dims(stratum=[""])
    if "authority" in content.dims:
        content = content.sortby("authority")
    table = content.to_dataframe(dim_order=list(by)).reset_index()
    return typed(table[list(columns)])


def from_rows(rows: Sequence[Mapping[str, Any]], *, columns: Sequence[str]) -> pd.DataFrame:
    """Table of the given rows, with its columns even where there is no row."""
    return typed(pd.DataFrame(list(rows), columns=list(columns)))


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Give text columns one type, whether the draws come from memory or from a file."""
    texts = [name for name in table.columns if table[name].dtype.kind in "OUT"]
    return table.astype(dict.fromkeys(texts, "str"))
