"""Bins of counts for a rootogram."""

from __future__ import annotations

import numpy as np

from bayesgrad.areas.bands import FEWEST_AREAS
from bayesgrad.design.design import Integers

SINGLE = 10
"""Counts from 0 on that have a bin each."""
WIDER = 15
"""Bins for the counts beyond, at most, each wider than the one before."""
FACTORS = (4 / 3, 2.0, 4.0, 12.0)
"""Ratios of successive bins; the first is taken that needs no more than `WIDER`."""


def count_bins(largest: int) -> Integers:
    """Lowest count of each bin, the last of which holds counts that no area has.

    Beyond the first ten, bins widen by a constant factor, so that there are 26 at most. Their
    bounds are the same for all tables of like counts, and do not tell the largest count.

    Parameters
    ----------
    largest : int
        Largest count that was observed.

    Returns
    -------
    ndarray of int64, shape (bins,)
    """
    single = np.arange(SINGLE)
    for factor in FACTORS:
        wider = np.unique((SINGLE * factor ** np.arange(WIDER + 1)).round().astype(np.int64))
        if wider[-1] > largest:
            break
    beyond = int(np.argmax(wider > largest))
    return np.concatenate([single, wider[: beyond + 1]])


def with_one_bin(lowest: Integers, bounds: tuple[int, int]) -> Integers:
    """Bins that have the counts from one bound to the other in one of their own."""
    lower, upper = bounds
    apart = lowest[(lowest < lower) | (lowest > upper)]
    return np.unique(np.append(apart, [lower, upper + 1]))


def joined_bins(areas: Integers) -> Integers:
    """First of the adjacent bins that each bin is joined with, so that none tells of a few areas.

    What is left at the end goes to the last. So each group has ten areas or more, and as many
    events, but for one of areas without any event.

    Parameters
    ----------
    areas : ndarray of int64, shape (bins,)
        Number of areas that were observed in each bin.

    Returns
    -------
    ndarray of int64, shape (bins,)
        -1 where all bins together have too few areas.
    """
    starts, first = [], 0
    for end in range(1, len(areas) + 1):
        if areas[first:end].sum() >= FEWEST_AREAS:
            starts.append(first)
            first = end
    if not starts:
        return np.full(len(areas), -1, dtype=np.int64)
    place = np.searchsorted(starts, np.arange(len(areas)), side="right") - 1
    return np.array(starts, dtype=np.int64)[place]
