"""What years, larger neighbourhoods and neighbours add to a form, drawn from its prior.

By code that shares nothing with the package's: walks by cumulative sums, the covariance of
neighbours by a pseudo-inverse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

GRID_WIDTH = 6
"""Authorities in a row of the map, which is a grid."""


def walk(steps: Floats) -> Floats:
    """Random walks along the last axis, each less its mean; the first step is not used."""
    path = np.cumsum(steps, axis=-1) - steps[..., :1]
    centred: Floats = path - path.mean(axis=-1, keepdims=True)
    return centred


def neighbourhoods(authority: Integers, size: int) -> Integers:
    """Number the neighbourhoods of `size` successive areas of an authority: (areas,)."""
    first = np.searchsorted(authority, authority)
    within = (np.arange(len(authority)) - first) // size
    _, numbered = np.unique(np.column_stack([authority, within]), axis=0, return_inverse=True)
    return numbered.astype(np.int64)


def grid_pairs(authorities: int) -> list[tuple[int, int]]:
    """Neighbours on a grid: to the right, and below."""
    right = [(j, j + 1) for j in range(authorities - 1) if (j + 1) % GRID_WIDTH]
    below = [(j, j + GRID_WIDTH) for j in range(authorities - GRID_WIDTH)]
    return right + below


def grid_covariance(authorities: int) -> Floats:
    """Covariance that neighbours on the grid give effects of variance 1.

    That of an intrinsic autoregression, scaled to a geometric mean of variances of 1, and variance
    1 of the mean over the map, which the autoregression leaves open.
    """
    laplacian = np.zeros((authorities, authorities))
    for one, other in grid_pairs(authorities):
        laplacian[one, other] = laplacian[other, one] = -1.0
    np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
    inverse = np.linalg.pinv(laplacian, hermitian=True)
    scaled = inverse / np.exp(np.log(np.diagonal(inverse)).mean())
    return scaled + np.full_like(scaled, 1.0 / authorities)


def touching_effects(
    correlation: Floats, shares: Floats, authorities: int, rng: np.random.Generator
) -> Floats:
    """Effects of variance 1, (authorities, effects), of which neighbours share parts.

    Effect e of all authorities has the covariance (1 - shares[e]) I + shares[e] K; along each
    eigenvector of K, the effects over their standard deviations have the correlations.
    """
    values, vectors = np.linalg.eigh(grid_covariance(authorities))
    spread = np.sqrt(1.0 - shares + np.multiply.outer(values, shares))
    along = rng.standard_normal((authorities, len(shares))) @ np.linalg.cholesky(correlation).T
    effects: Floats = vectors @ (spread * along)
    return effects
