"""Columns centred and scaled, whatever numbers they are written in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesgrad.design.design import Columns
from bayesgrad.design.splines import Floats
from bayesgrad.errors import DataError

SMALLEST_STEP, LARGEST_STEP = 1e-30, 1e30
"""Distance of two values within which a coefficient and its square can be computed."""
LEAST_SPREAD = 1e-11
"""Standard deviation, as a share of the largest value, below which rounding is a part of it."""


def standardised(table: pd.DataFrame) -> Columns:
    """Columns of a table centred, and those of more than two values divided by their spread.

    Means and standard deviations are computed in multiples of each column's largest value, so that
    neither overflows.

    Parameters
    ----------
    table : DataFrame
        Of numbers, without gaps.

    Raises
    ------
    DataError
        If the values of a column are too far apart, or too near one another, to be computed with.
    """
    values = table.to_numpy(np.float64)
    two_valued = np.array([table[name].nunique() <= 2 for name in table], dtype=bool)
    largest = np.abs(values).max(axis=0, initial=0.0)
    shares = _shares(values, largest)
    spread, middle = shares.std(axis=0), shares.mean(axis=0)
    for at, name in enumerate(table):
        _refuse_scale(str(name), values[:, at], float(spread[at]), two_valued=bool(two_valued[at]))
    scale = np.where(two_valued, 1.0, largest * spread)
    divisor = np.where(two_valued, 1.0 / np.where(largest > 0.0, largest, 1.0), spread)
    return Columns(tuple(table.columns), (shares - middle) / divisor, largest * middle, scale)


def _shares(values: Floats, largest: Floats) -> Floats:
    """Values as shares of the largest one of their column."""
    found: Floats = values / np.where(largest > 0.0, largest, 1.0)
    return found


def _refuse_scale(name: str, values: Floats, spread: float, *, two_valued: bool) -> None:
    lowest, highest = float(values.min()), float(values.max())
    if two_valued:
        step = highest - lowest
        if lowest == highest or SMALLEST_STEP <= step <= LARGEST_STEP:
            return
        raise DataError(
            f"column {name!r} has the two values {lowest:g} and {highest:g}, too "
            f"{'far apart' if step > 1.0 else 'near one another'} to be computed with",
            "Code them as 0 and 1.",
        )
    if not spread > 0.0 or spread < LEAST_SPREAD or max(-lowest, highest) < np.finfo(float).tiny:
        raise DataError(
            f"column {name!r} goes from {lowest!r} to {highest!r}: its differences are so small "
            "that numbers in a computer do not tell them from rounding",
            "Subtract what its values have in common, or give it in a larger unit.",
        )
