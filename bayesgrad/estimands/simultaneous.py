"""Simultaneous credible bands: intervals that hold jointly, not one at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level


def outward_interval(
    values: NDArray[np.float64], *, level: float = DEFAULT_LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Equal-tailed interval of each row whose ends are values of the draws.

    With T draws, [x(T + 1 - k), x(k)] with k the least integer not below (1 + level) T / 2: at
    most (1 - level) / 2 of the draws lie beyond either end. For ranks, whose quantiles should be
    ranks.

    Parameters
    ----------
    values : array (quantity, draw)

    Returns
    -------
    lower, upper : array (quantity,)

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    draws = values.shape[-1]
    k = _at_least((1 + checked_level(level)) / 2 * draws)
    ordered = np.sort(values, axis=-1)
    return ordered[:, draws - k], ordered[:, k - 1]


def simultaneous_band(
    values: NDArray[np.float64], *, level: float = DEFAULT_LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rectangular band that holds at least `level` of the draws in all quantities at once.

    With x_j(1) <= ... <= x_j(T) the ordered draws of quantity j, the band is
    [x_j(T + 1 - k), x_j(k)] with the least k for which at least `level` of the draws lie inside it
    in every j. A draw lies inside when S_t <= k, where S_t is the largest over j of r and
    T + 1 - r', r the least and r' the greatest rank of x_jt among the ordered draws of j: so ties
    never cost coverage. The band is widened where needed to hold the pointwise interval at the
    same level, which ties could otherwise exceed.

    Parameters
    ----------
    values : array (quantity, draw)

    Returns
    -------
    lower, upper : array (quantity,)

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.

    References
    ----------
    Besag, Green, Higdon and Mengersen (1995), Statistical Science 10, 3-66, section 6.3.
    """
    draws = values.shape[-1]
    ordered = np.sort(values, axis=-1)
    extremity = np.zeros(draws, dtype=np.int64)
    for row, order in zip(values, ordered, strict=True):
        least = np.searchsorted(order, row, side="left") + 1
        greatest = np.searchsorted(order, row, side="right")
        np.maximum(extremity, np.maximum(least, draws + 1 - greatest), out=extremity)
    k = int(np.sort(extremity)[_at_least(checked_level(level) * draws) - 1])
    lower, upper = outward_interval(values, level=level)
    return np.minimum(ordered[:, draws - k], lower), np.maximum(ordered[:, k - 1], upper)


def _at_least(count: float) -> int:
    """Least integer not below `count`, deaf to rounding: 0.95 of 4000 draws is not 3801."""
    return math.ceil(round(count, 6))
