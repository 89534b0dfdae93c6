"""Rank of areas by deprivation, as a share of the population."""

from __future__ import annotations

import numpy as np

from bayesgrad.design.splines import Floats


def relative_rank(deprivation: Floats, exposure: Floats) -> Floats:
    """Exposure-weighted relative rank (ridit) of areas, from least (0) to most deprived (1).

    Each area stands at the middle of its share of the population; areas of equal deprivation share
    one rank. The exposure-weighted mean is 1/2.

    Parameters
    ----------
    deprivation, exposure : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
    """
    _, group = np.unique(deprivation, return_inverse=True)
    weight = np.bincount(group, exposure)
    middle = np.cumsum(weight) - weight / 2.0
    return (middle / weight.sum())[group]
