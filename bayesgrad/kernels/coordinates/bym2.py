r"""BYM2: the log density of effects that authorities which touch share, less that of strangers.

With :math:`U \operatorname{diag}(\lambda) U'` the covariance of structured effects of variance 1,
:math:`\phi_e` the share of effect e that is structured, L the factor of effects' correlations and
:math:`f_{ek} = 1 - \phi_e + \phi_e \lambda_k`, it is, with
:math:`s_k = U_k' (\theta - \mu) / \sigma`,

.. math:: \tfrac{1}{2} \sum_k \left( |a_k|^2 - |b_k|^2 - \sum_e \ln f_{ek} \right), \qquad
          a_k = L^{-1} s_k, \quad b_k = L^{-1} (s_k / \sqrt{f_k}) .

Its derivatives are

.. math:: \bar s_k &= L^{-\top} a_k - L^{-\top} b_k / \sqrt{f_k}, \qquad
          \bar f_{ek} = \tfrac{1}{2} \left( (L^{-\top} b_k)_e s_{ek} f_{ek}^{-3/2}
          - 1 / f_{ek} \right), \\
          \bar L &= \sum_k \left( L^{-\top} b_k b_k' - L^{-\top} a_k a_k' \right) .
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.coordinates.layout import (
    Fixed,
    Spread,
    coefficients,
    fill_coefficients,
)
from bayesgrad.kernels.coordinates.triangular import unpacked
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.shapes import Matrix, Vector


class Touching(NamedTuple):
    """Who touches whom, and the systematic parts of the effects.

    Attributes
    ----------
    columns : ndarray, shape (terms, authorities)
        X of `bayesgrad.kernels.coordinates.standardised.Known`.
    vectors : ndarray, shape (authorities, authorities)
        U, the eigenvectors in columns.
    values : ndarray, shape (authorities,)
        Lambda.
    """

    columns: Matrix
    vectors: Matrix
    values: Vector


class OfNeighbours(NamedTuple):
    """What the density depends on besides fixed effects and spread, or derivatives in it.

    Attributes
    ----------
    intercept, slope : ndarray, shape (authorities, outcomes)
    phi_intercept, phi_slope : ndarray, shape (outcomes,)
    """

    intercept: Matrix
    slope: Matrix
    phi_intercept: Vector
    phi_slope: Vector


@kernel
def neighbours_density(
    fixed: Fixed,
    spread: Spread,
    of: OfNeighbours,
    touching: Touching,
    d_fixed: Fixed,
    d_spread: Spread,
    d_of: OfNeighbours,
) -> float:
    """Log density of effects that neighbours share, less that of independent ones; see the module.

    Fills its derivatives.
    """
    authorities, outcomes = of.intercept.shape
    coefficient = coefficients(fixed)
    # Effects, intercepts and slopes in turn, by authority: standardised, and then along U.
    left, along = np.empty((2 * outcomes, authorities)), np.zeros((2 * outcomes, authorities))
    for e in range(2 * outcomes):
        outcome, kind = divmod(e, 2)
        sd = spread.sd_intercept[outcome] if kind == 0 else spread.sd_slope[outcome]
        for j in range(authorities):
            value = of.intercept[j, outcome] if kind == 0 else of.slope[j, outcome]
            for term in range(len(touching.columns)):
                value -= coefficient[e, term] * touching.columns[term, j]
            left[e, j] = value / sd
        for j in range(authorities):
            for k in range(authorities):
                along[e, k] += left[e, j] * touching.vectors[j, k]
    d_along = np.empty((2 * outcomes, authorities))
    density = _along_vectors(spread, of, touching.values, along, d_along, d_spread, d_of)
    d_coefficient = np.zeros(coefficient.shape)
    for e in range(2 * outcomes):
        outcome, kind = divmod(e, 2)
        sd = spread.sd_intercept[outcome] if kind == 0 else spread.sd_slope[outcome]
        d_sd = 0.0
        for j in range(authorities):
            change = 0.0
            for k in range(authorities):
                change += touching.vectors[j, k] * d_along[e, k]
            change /= sd
            d_sd -= change * left[e, j]
            if kind == 0:
                d_of.intercept[j, outcome] = change
            else:
                d_of.slope[j, outcome] = change
            for term in range(len(touching.columns)):
                d_coefficient[e, term] -= change * touching.columns[term, j]
        if kind == 0:
            d_spread.sd_intercept[outcome] = d_sd
        else:
            d_spread.sd_slope[outcome] = d_sd
    fill_coefficients(d_coefficient, d_fixed)
    return density


@inlined
def _along_vectors(
    spread: Spread,
    of: OfNeighbours,
    values: Vector,
    along: Matrix,
    d_along: Matrix,
    d_spread: Spread,
    d_of: OfNeighbours,
) -> float:
    """Density of effects along the eigenvectors, (effects, authorities); fills its derivatives."""
    effects, authorities = along.shape
    blocks = spread.factor.shape[1]
    size = effects // blocks
    d_spread.factor[:] = 0.0
    d_of.phi_intercept[:] = 0.0
    d_of.phi_slope[:] = 0.0
    a, b, f = np.empty(size), np.empty(size), np.empty(size)
    back_a, back_b = np.empty(size), np.empty(size)
    density = 0.0
    for block in range(blocks):
        lower, first = unpacked(spread.factor, block, size), block * size
        for k in range(authorities):
            for i in range(size):
                outcome, kind = divmod(first + i, 2)
                phi = of.phi_intercept[outcome] if kind == 0 else of.phi_slope[outcome]
                f[i] = 1.0 - phi + phi * values[k]
                a[i], b[i] = along[first + i, k], along[first + i, k] / np.sqrt(f[i])
                for m in range(i):
                    a[i] -= lower[i, m] * a[m]
                    b[i] -= lower[i, m] * b[m]
                a[i] /= lower[i, i]
                b[i] /= lower[i, i]
                density += 0.5 * (a[i] * a[i] - b[i] * b[i] - np.log(f[i]))
            for i in range(size - 1, -1, -1):
                back_a[i], back_b[i] = a[i], b[i]
                for m in range(i + 1, size):
                    back_a[i] -= lower[m, i] * back_a[m]
                    back_b[i] -= lower[m, i] * back_b[m]
                back_a[i] /= lower[i, i]
                back_b[i] /= lower[i, i]
            for i in range(size):
                outcome, kind = divmod(first + i, 2)
                root = np.sqrt(f[i])
                d_along[first + i, k] = back_a[i] - back_b[i] / root
                d_f = 0.5 * (back_b[i] * along[first + i, k] / (f[i] * root) - 1.0 / f[i])
                if kind == 0:
                    d_of.phi_intercept[outcome] += d_f * (values[k] - 1.0)
                else:
                    d_of.phi_slope[outcome] += d_f * (values[k] - 1.0)
                for m in range(i + 1):
                    change = back_b[i] * b[m] - back_a[i] * a[m]
                    d_spread.factor[i * (i + 1) // 2 + m, block] += change
    return density
