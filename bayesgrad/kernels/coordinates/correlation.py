r"""Cholesky factors of correlation matrices, and the way back for gradients.

Of the partial correlations :math:`r_{ik}` of effects i and k < i given all effects before k
(Lewandowski, Kurowicka and Joe 2009), which any numbers in -1 to 1 may be:

.. math:: L_{ik} = r_{ik} \prod_{m < k} \sqrt{1 - r_{im}^2}, \qquad
          L_{ii} = \prod_{m < i} \sqrt{1 - r_{im}^2} .

Of loadings :math:`\Lambda`, (K, factors): :math:`R = u u' + \operatorname{diag}(1 - u_i' u_i)` with
:math:`u_i = \Lambda_i / \sqrt{1 + \Lambda_i' \Lambda_i}`, and L by Cholesky.

Factors and correlations are packed by rows: of (0, 0), (1, 0), (1, 1), ..., and of (1, 0), (2, 0),
(2, 1), ... .
"""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.coordinates.triangular import cholesky_backward
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.shapes import Matrix


@inlined
def effects_of(pairs: int) -> int:
    """Number of effects that have so many pairs."""
    return round((1.0 + np.sqrt(1.0 + 8.0 * pairs)) / 2.0)


@kernel
def partial_forward(partial: Matrix, factor: Matrix, correlation: Matrix) -> None:
    """Fill factors and correlations of blocks of effects.

    Parameters
    ----------
    partial, correlation : ndarray, shape (K (K - 1) / 2, blocks)
    factor : ndarray, shape (K (K + 1) / 2, blocks)
    """
    size = effects_of(len(partial))
    for b in range(partial.shape[1]):
        for i in range(size):
            rest = 1.0
            for k in range(i):
                r = partial[i * (i - 1) // 2 + k, b]
                factor[i * (i + 1) // 2 + k, b] = r * rest
                rest *= np.sqrt((1.0 - r) * (1.0 + r))
            factor[i * (i + 1) // 2 + i, b] = rest
        correlations_of(factor, correlation, b, size)


@kernel
def partial_backward(partial: Matrix, d_factor: Matrix, d_partial: Matrix) -> None:
    """Fill the derivatives in the partial correlations; see `partial_forward`."""
    size = effects_of(len(partial))
    d_partial[:] = 0.0
    for b in range(partial.shape[1]):
        for i in range(size):
            first = i * (i - 1) // 2
            # Of the product that is left after each, from the last back.
            later = d_factor[i * (i + 1) // 2 + i, b]
            for k in range(i - 1, -1, -1):
                rest = 1.0
                for m in range(k):
                    before = partial[first + m, b]
                    rest *= np.sqrt((1.0 - before) * (1.0 + before))
                r = partial[first + k, b]
                root = np.sqrt((1.0 - r) * (1.0 + r))
                own = d_factor[i * (i + 1) // 2 + k, b]
                d_partial[first + k, b] = rest * (own - later * r / root)
                later = own * r + later * root


@kernel
def loadings_forward(loadings: Matrix, factor: Matrix, correlation: Matrix) -> None:
    """Fill the factor, (K (K + 1) / 2, 1), and the correlations, (K (K - 1) / 2, 1)."""
    size = len(loadings)
    unit = unit_loadings(loadings)
    lower = np.zeros((size, size))
    for i in range(size):
        for k in range(i + 1):
            value = 1.0
            if k < i:
                value = 0.0
                for f in range(loadings.shape[1]):
                    value += unit[i, f] * unit[k, f]
            for m in range(k):
                value -= lower[i, m] * lower[k, m]
            lower[i, k] = np.sqrt(value) if i == k else value / lower[k, k]
            factor[i * (i + 1) // 2 + k, 0] = lower[i, k]
    correlations_of(factor, correlation, 0, size)


@kernel
def loadings_backward(
    loadings: Matrix, factor: Matrix, d_factor: Matrix, d_loadings: Matrix
) -> None:
    """Fill the derivatives in the loadings; see `loadings_forward`."""
    size, factors = loadings.shape
    unit = unit_loadings(loadings)
    lower, d_lower = np.zeros((size, size, 1)), np.zeros((size, size, 1))
    for i in range(size):
        for k in range(i + 1):
            entry = i * (i + 1) // 2 + k
            lower[i, k, 0], d_lower[i, k, 0] = factor[entry, 0], d_factor[entry, 0]
    d_matrix = np.empty((size, size, 1))
    cholesky_backward(lower, d_lower, d_matrix, 1)
    d_unit = np.empty(factors)
    for i in range(size):
        own, norm = 0.0, 1.0
        for f in range(factors):
            d_unit[f] = 0.0
            for k in range(size):
                if k != i:
                    d_unit[f] += 2.0 * d_matrix[i, k, 0] * unit[k, f]
            own += unit[i, f] * d_unit[f]
            norm += loadings[i, f] * loadings[i, f]
        for f in range(factors):
            d_loadings[i, f] = (d_unit[f] - unit[i, f] * own) / np.sqrt(norm)


@inlined
def unit_loadings(loadings: Matrix) -> Matrix:
    """Loadings of effects scaled to a variance of 1, (K, factors)."""
    unit = np.empty_like(loadings)
    for i in range(len(loadings)):
        norm = 1.0
        for f in range(loadings.shape[1]):
            norm += loadings[i, f] * loadings[i, f]
        for f in range(loadings.shape[1]):
            unit[i, f] = loadings[i, f] / np.sqrt(norm)
    return unit


@inlined
def correlations_of(factor: Matrix, correlation: Matrix, block: int, size: int) -> None:
    """Fill the correlations, packed, of a block's packed factor."""
    for i in range(size):
        for k in range(i):
            total = 0.0
            for m in range(k + 1):
                one, other = i * (i + 1) // 2 + m, k * (k + 1) // 2 + m
                total += factor[one, block] * factor[other, block]
            correlation[i * (i - 1) // 2 + k, block] = total
