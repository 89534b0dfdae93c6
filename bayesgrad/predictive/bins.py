"""Bins of counts for a rootogram."""

from __future__ import annotations

import numpy as np

from bayesgrad.design.design import Integers

SINGLE = 10
"""Counts from 0 on that have a bin each."""
WIDER = 15
"""Bins for the counts beyond, at most, each wider than the one before."""


def count_bins(largest: int) -> Integers:
    """Lowest count of each bin, the last of which holds all counts above `largest`.

    Beyond the first ten, bins widen by a constant factor, so that there are 26 at most.

    Parameters
    ----------
    largest : int
        Largest count that was observed.

    Returns
    -------
    ndarray of int64, shape (bins,)
    """
    single = np.arange(min(SINGLE, largest + 1))
    if largest < SINGLE:
        return np.append(single, largest + 1)
    wider = np.unique(np.geomspace(SINGLE, largest + 1, WIDER + 1).round().astype(np.int64))
    return np.concatenate([single, wider])


def bin_of_count(lowest: Integers) -> Integers:
    """Bin of every count from 0 to the lowest of the last bin; larger ones are in the last."""
    return np.repeat(np.arange(len(lowest)), np.diff(lowest, append=lowest[-1] + 1))
