"""Panels of years: every authority has rows in every year; areas may come and go."""

from __future__ import annotations

import pandas as pd

from bayesgrad.data.checked import Checked
from bayesgrad.data.listing import counted, listed
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec


def check_years(spec: ModelSpec, checked: Checked, years: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse an authority without rows in some year; note areas that are not there in all years.

    Parameters
    ----------
    years : tuple of str
        All years of the table, in order.

    Raises
    ------
    DataError
        If an authority has no row of an outcome, with a count and somebody at risk, in a year.
    """
    if spec.years is None:
        return ()
    keys = checked.selection.keys
    for outcome in spec.outcomes:
        entering = checked.entering[outcome.column].to_numpy()
        _refuse_absent(spec, checked, keys[entering], years, outcome=outcome.column)
    present = keys.groupby("area", sort=False)["stratum"].nunique()
    partly = int((present < len(years)).sum())
    if not partly:
        return ()
    have = counted(partly, "area is", "areas are")
    return (f"{have} not in the table in every year, and enter in the years in which they are",)


def _refuse_absent(
    spec: ModelSpec, checked: Checked, keys: pd.DataFrame, years: tuple[str, ...], *, outcome: str
) -> None:
    rows = pd.crosstab(keys["authority"], keys["stratum"])
    authorities = sorted(checked.selection.keys["authority"].unique())
    absent = rows.reindex(index=authorities, columns=list(years), fill_value=0) == 0
    without = absent.index[absent.any(axis=1)]
    if len(without):
        shown = listed(f"{code} ({listed(absent.columns[absent.loc[code]])})" for code in without)
        raise DataError(
            f"{checked.selection.where(outcome)}: "
            f"{counted(len(without), 'authority has', 'authorities have')} no row with a count "
            f"and somebody at risk in some year: {shown}",
            "Add the rows, name the authorities in [rows] exclude_authorities, or leave these "
            "years out of the table.",
        )
