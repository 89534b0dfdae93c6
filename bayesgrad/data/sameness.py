"""When two numbers are one: they agree but for rounding in single or double precision."""

from __future__ import annotations

import pandas as pd

SAME = 2.0**-23
"""Relative difference up to which numbers are one: the spacing of single precision, some 1e-7. The
same value kept in single precision in one file and in double in another differs by up to half of
it."""
CLOSE = 1e-9
"""Distance from 0 or 1 up to which a proportion beyond them is 0 or 1."""
WHOLE = 1e-6
"""Distance up to which a number is the whole number next to it, as 7.000000000000001 is 7."""


def differing(frame: pd.DataFrame, key: str, value: str) -> pd.Series:
    """Keys that stand with more than one number: code -> its numbers, joined by "and"."""
    spans = frame.groupby(key)[value].agg(["min", "max"])
    apart = spans["max"] - spans["min"] > SAME * spans.abs().max(axis=1)
    own = frame[frame[key].isin(apart.index[apart])][[key, value]].dropna().drop_duplicates()
    values = own.sort_values([key, value]).groupby(key)[value]
    return values.agg(lambda numbers: " and ".join(map(str, numbers)))


def varies(values: pd.Series) -> bool:
    """Whether numbers differ by more than rounding."""
    lowest, highest = values.min(), values.max()
    return bool(highest - lowest > SAME * max(abs(lowest), abs(highest)))


def made_whole(values: pd.Series) -> pd.Series:
    """Write the whole number in place of one that is not whole by rounding alone."""
    nearest = values.round() + 0.0
    return values.mask((values - nearest).abs() <= WHOLE, nearest)


def made_proportion(values: pd.Series) -> pd.Series:
    """Write 0 or 1 in place of a number that is beyond them by rounding alone."""
    return values.mask(values.between(-CLOSE, 0), 0.0).mask(values.between(1, 1 + CLOSE), 1.0)
