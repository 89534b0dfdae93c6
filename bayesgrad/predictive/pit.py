r"""Randomised probability integral transform (PIT) of counts, and its uniformity.

With S replicates of an area's count y, :math:`u = (\#\{y^{rep} < y\} + V (1 + \#\{y^{rep} = y\})) /
(S + 1)`, V uniform on (0, 1): the rank of y among its replicates, ties broken at random. Where the
model holds u is uniform (Czado, Gneiting and Held 2009). The replicates are of draws that the
area's own count has helped to fit, so u lies slightly nearer to 1/2 than for a new area: the check
is slightly conservative, the less so the more areas an authority has. Where areas lie in larger
neighbourhoods, of a few areas each, u is too near to 1/2 for a test, and its distribution is given
without one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats

PIT_BINS = 20


class Pit(NamedTuple):
    """PIT values of one outcome as all that is kept of them.

    Attributes
    ----------
    histogram : ndarray of int64, shape (PIT_BINS,)
        Number of areas in equal parts of (0, 1).
    deviation : float
        Largest distance of their distribution function from the uniform one.
    p_value : float
        Probability of as large a distance under uniformity (Kolmogorov and Smirnov); NaN where
        values are not tested.
    """

    histogram: Integers
    deviation: float
    p_value: float


def randomised_pit(below: Integers, equal: Integers, *, replicates: int, uniform: Floats) -> Floats:
    """PIT of each area, shape (areas,).

    Parameters
    ----------
    below, equal : ndarray of int64, shape (areas,)
        Number of replicates below the observed count, and equal to it.
    replicates : int
        How many there are of each area.
    uniform : ndarray, shape (areas,)
        Values between 0 and 1 that break ties.
    """
    return (below + uniform * (1 + equal)) / (replicates + 1)


def summarise_pit(values: Floats, *, tested: bool = True) -> Pit:
    """Histogram and uniformity of PIT values, shape (areas,); without a p-value if not tested."""
    from scipy.stats import kstest

    histogram, _ = np.histogram(values, bins=PIT_BINS, range=(0.0, 1.0))
    found = kstest(values, "uniform")
    p_value = float(found.pvalue) if tested else np.nan
    return Pit(histogram.astype(np.int64), float(found.statistic), p_value)
