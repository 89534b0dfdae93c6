r"""Pareto-smoothed importance sampling (Vehtari et al. 2024), and the shape of a tail of weights.

The largest ratios are replaced by quantiles of a generalised Pareto distribution fitted to them by
the method of Zhang and Stephens (2009). Its shape :math:`\hat k` says whether weights can be relied
on. The same numbers as `psislw` of ArviZ, whose import takes longer than a Laplace approximation of
all England needs for its mode.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bayesgrad.design.splines import Floats

SHORTEST_TAIL = 5
"""Draws in the tail, without which it has no shape to estimate."""
PRIOR_SIZE, PRIOR_SHAPE = 10, 0.5
"""The shape is drawn towards this one as if so many more draws had it."""
PRIOR_SCALE = 3
"""Of the profile of Zhang and Stephens."""


class Smoothed(NamedTuple):
    """Log weights, (n,), that sum to one, and the shape of their tail."""

    log: Floats
    k_hat: float


def smooth(log_ratio: Floats) -> Smoothed:
    """Pareto-smooth and normalise importance ratios.

    Without a tail to smooth (too few draws, or equal ones) the weights are the plain ratios, and
    the shape is NaN.

    Parameters
    ----------
    log_ratio : ndarray, shape (n,)
        Log of target over proposal density, up to a constant.
    """
    log = log_ratio - log_ratio.max()
    size = len(log)
    length = math.floor(min(size / 5, 3 * math.sqrt(size)))
    order = np.argsort(log)
    tail = order[size - length :]
    largest = log[tail]
    if length < SHORTEST_TAIL or largest[-1] - largest[0] < np.finfo(float).tiny:
        return Smoothed(log - np.logaddexp.reduce(log), math.nan)
    cutoff = math.exp(log[order[size - length - 1]])
    shape, scale = pareto_fit(np.exp(largest) - cutoff)
    if math.isfinite(shape):
        middle = np.arange(0.5, length) / length
        excess = -scale * np.log1p(-middle)
        if shape != 0.0:
            excess = scale * np.expm1(-shape * np.log1p(-middle)) / shape
        log[tail] = np.minimum(np.log(cutoff + excess), largest[-1])
    return Smoothed(log - np.logaddexp.reduce(log), shape)


def pareto_fit(excess: Floats) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto distribution.

    The shape is NaN where the first quartile is no more than the smallest value, which no Pareto
    distribution has.

    Parameters
    ----------
    excess : ndarray, shape (n,)
        Values above the cutoff, sorted.
    """
    size = len(excess)
    quartile = excess[int(size / 4 + 0.5) - 1]
    if quartile <= excess[0]:
        return math.nan, math.nan
    points = 30 + int(math.sqrt(size))
    theta = 1.0 - np.sqrt(points / (np.arange(1, points + 1) - 0.5))
    theta = theta / (PRIOR_SCALE * quartile) + 1.0 / excess[-1]
    shapes = np.log1p(-theta[:, None] * excess).mean(axis=1)
    profile = size * (np.log(-theta / shapes) - shapes - 1.0)
    weight = np.exp(profile - np.logaddexp.reduce(profile))
    weight = np.where(weight >= 10 * np.finfo(float).eps, weight, 0.0)
    mean = float(theta @ weight / weight.sum())
    shape = float(np.log1p(-mean * excess).mean())
    if math.isnan(shape):
        return math.inf, math.nan
    return (size * shape + PRIOR_SIZE * PRIOR_SHAPE) / (size + PRIOR_SIZE), -shape / mean
