r"""Probability integral transform (PIT) of counts, without randomisation, and its uniformity.

The rank of a count y is spread evenly over the interval from :math:`F(y - 1)` to :math:`F(y)`, and
the mean over areas of the distribution functions of these intervals is that of the uniform
distribution where the model holds (Czado, Gneiting and Held 2009). Each area's F is that of the fit
to the others (`bayesgrad.predictive.left_out`).

The largest distance D of that mean from the uniform distribution is compared with its distribution
under the model. The part of each area in each of 20 bins, less 1/20, has mean 0 under the model; so
the sum of its products over areas estimates the covariance of the bins, D is drawn from normal
vectors of that covariance, and beyond its upper 5% its tail is that of the normal distribution
with the largest variance of the cumulated bins. No p-value depends on random ranks, and
sparse counts, whose intervals are wide, are not taken for uniform ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.design.splines import Floats

PIT_BINS = 20
NULL_DRAWS = 2000
KEPT_DRAWS = 200
"""Of the distance under the model, for its median and interval."""
TAIL = 0.05
BLOCK = 4096
"""Areas at a time."""


class Pit(NamedTuple):
    """PIT of one outcome as all that is kept of it.

    Attributes
    ----------
    histogram : ndarray, shape (PIT_BINS,)
        Number of areas in equal parts of (0, 1), with the parts of each.
    sd : ndarray, shape (PIT_BINS,)
        Standard deviation of these numbers under the model.
    deviation : float
        Largest distance of their distribution function from the uniform one.
    null : ndarray, shape (KEPT_DRAWS,)
        The same under the model.
    p_value : float
        Probability of as large a distance under the model.
    """

    histogram: Floats
    sd: Floats
    deviation: float
    null: Floats
    p_value: float


def summarise_pit(lower: Floats, upper: Floats, *, seed: np.random.SeedSequence) -> Pit:
    """Histogram and uniformity of PIT intervals, each bound of shape (areas,)."""
    areas = len(lower)
    histogram, covariance = np.zeros(PIT_BINS), np.zeros((PIT_BINS, PIT_BINS))
    for first in range(0, areas, BLOCK):
        rows = slice(first, first + BLOCK)
        parts = _parts(lower[rows], upper[rows])
        histogram += parts.sum(axis=0)
        parts -= 1.0 / PIT_BINS
        covariance += parts.T @ parts
    cumulated = np.tril(np.ones((PIT_BINS, PIT_BINS)))
    deviation = _distance(histogram - areas / PIT_BINS, areas)
    values, vectors = np.linalg.eigh(covariance)
    normal = np.random.default_rng(seed).normal(size=(NULL_DRAWS, PIT_BINS))
    drawn = normal @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    null = np.sort(_distance(drawn, areas))
    largest = float((cumulated @ covariance @ cumulated.T).diagonal().max()) / areas**2
    kept = null[np.linspace(0, NULL_DRAWS - 1, KEPT_DRAWS).round().astype(np.int64)]
    p_value = _tail(float(deviation), null, largest)
    return Pit(histogram, np.sqrt(covariance.diagonal()), float(deviation), kept, p_value)


def _parts(lower: Floats, upper: Floats) -> Floats:
    """Share of each interval in each bin, (areas, bins)."""
    edges = np.arange(PIT_BINS + 1) / PIT_BINS
    below = np.clip((edges - lower[:, None]) / (upper - lower)[:, None], 0.0, 1.0)
    return np.diff(below, axis=1)


def _distance(bins: Floats, areas: int) -> Floats:
    """Largest distance of cumulated deviations of bins from 0, (..., bins)."""
    found: Floats = np.abs(np.cumsum(bins, axis=-1)).max(axis=-1) / areas
    return found


def _tail(deviation: float, null: Floats, variance: float) -> float:
    """Probability of a larger distance, from its sorted draws, and beyond them from the tail."""
    start = null[-round(TAIL * len(null))]
    if deviation <= start or variance <= 0.0:
        return float((1 + (null >= deviation).sum()) / (1 + len(null)))
    return float(TAIL * np.exp(-(deviation**2 - start**2) / (2.0 * variance)))
