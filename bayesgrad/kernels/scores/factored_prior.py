r"""Solving with the covariance that the cells of one authority have a priori, compiled.

Cells c have a pair of effects each, intercept and slope, and together

.. math:: V = D + U \Sigma^\circ U'

with U the loads of cells on the factors of their outcomes (1 on the only one, or those of a random
walk over strata), D the variances of what cells have of their own, and :math:`\Sigma^\circ` the
covariance of the factors. Only matrices of 2 x 2 and of the factors are ever solved for, however
many cells there are: with H of pairs and :math:`W = U' (I + H D)^{-1} H U`,

.. math:: \ln \det(I + H V) = \ln \det(I + H D) + \ln \det(I + W \Sigma^\circ) .
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.kernel import serial_inlined, serial_kernel
from bayesgrad.kernels.norefcount import without_refcount
from bayesgrad.kernels.scores.authority_rows import Quadratic
from bayesgrad.kernels.shapes import Cube, Integers, Matrix, Vector


class Prior(NamedTuple):
    r"""Normal distribution of an authority's effects, outcomes in turn, in each draw.

    Attributes
    ----------
    mean : ndarray, shape (sample, 2 outcomes)
    shared : ndarray, shape (sample, 2 outcomes factors, 2 outcomes factors)
        :math:`\Sigma^\circ`, all effects' first factors first.
    own : ndarray, shape (sample, 2 outcomes)
        Diagonal of D in a cell of each outcome.
    """

    mean: Matrix
    shared: Cube
    own: Matrix


@serial_kernel
def times_prior(
    z: Matrix, outcome: Integers, load: Matrix, shared: Matrix, own: Vector, out: Matrix
) -> None:
    """Fill V z, (cells, 2)."""
    effects, factors = len(own), load.shape[1]
    total = np.zeros(effects * factors)
    for c in range(len(outcome)):
        for f in range(factors):
            i = f * effects + 2 * outcome[c]
            total[i] += load[c, f] * z[c, 0]
            total[i + 1] += load[c, f] * z[c, 1]
    pushed = product(shared, total)
    for c in range(len(outcome)):
        for k in range(2):
            i = 2 * outcome[c] + k
            out[c, k] = own[i] * z[c, k]
            for f in range(factors):
                out[c, k] += load[c, f] * pushed[f * effects + i]


@serial_inlined
def product(matrix: Matrix, vector: Vector) -> Vector:
    """Multiply a small matrix by a vector."""
    found = np.zeros(len(matrix))
    for i in range(len(matrix)):
        for k in range(len(vector)):
            found[i] += matrix[i, k] * vector[k]
    return found


@serial_kernel
def solve(
    of: Quadratic, outcome: Integers, load: Matrix, shared: Matrix, own: Vector, found: Matrix
) -> float:
    """Fill z with (I + H V) z = target, (cells, 2); returns log det(I + H V)."""
    of, outcome, load = without_refcount(of), without_refcount(outcome), without_refcount(load)
    shared, own, found = without_refcount(shared), without_refcount(own), without_refcount(found)
    effects, factors, cells = len(own), load.shape[1], len(outcome)
    size = effects * factors
    within, pulled = np.zeros((size, factors, 2)), np.zeros(size)
    inner = np.empty((cells, 3))
    log_det = cells_alone(of, outcome, own, inner, found)
    pull_factors(outcome, load, inner, found, within, pulled)
    system = factor_system(within, shared)
    log_det += eliminate(system, pulled)
    pushed = product(shared, pulled)
    for c in range(cells):
        pushed0, pushed1 = 0.0, 0.0
        for f in range(factors):
            at = f * effects + 2 * outcome[c]
            pushed0 += load[c, f] * pushed[at]
            pushed1 += load[c, f] * pushed[at + 1]
        found[c, 0] -= inner[c, 0] * pushed0 + inner[c, 1] * pushed1
        found[c, 1] -= inner[c, 1] * pushed0 + inner[c, 2] * pushed1
    return log_det


@serial_inlined
def cells_alone(
    of: Quadratic, outcome: Integers, own: Vector, inner: Matrix, found: Matrix
) -> float:
    """Fill (I + H D)^-1 H, (cells, 3), and (I + H D)^-1 target; returns log det(I + H D)."""
    log_det = 0.0
    for c in range(len(outcome)):
        i = 2 * outcome[c]
        h00, h01, h11 = of.curvature[c]
        r0, r1 = of.target[c]
        d0, d1 = own[i], own[i + 1]
        m00, m01, m10, m11 = 1.0 + h00 * d0, h01 * d1, h01 * d0, 1.0 + h11 * d1
        det = m00 * m11 - m01 * m10
        log_det += np.log(det)
        found[c, 0], found[c, 1] = (m11 * r0 - m01 * r1) / det, (m00 * r1 - m10 * r0) / det
        inner[c, 0] = (m11 * h00 - m01 * h01) / det
        inner[c, 1] = (m11 * h01 - m01 * h11) / det
        inner[c, 2] = (m00 * h11 - m10 * h01) / det
    return log_det


@serial_inlined
def pull_factors(
    outcome: Integers, load: Matrix, inner: Matrix, found: Matrix, within: Cube, pulled: Vector
) -> None:
    """Add to W and to U' (I + H D)^-1 target what the cells have.

    Parameters
    ----------
    inner, found : ndarray, shape (cells, 3) and (cells, 2)
        From `cells_alone`.
    within : ndarray, shape (size, factors, 2)
        W, of each factor and effect on all factors of the effects of the same outcome.
    pulled : ndarray, shape (size,)
    """
    factors = load.shape[1]
    effects = len(pulled) // factors
    for c in range(len(outcome)):
        p00, p01, p11 = inner[c]
        for f in range(factors):
            at = f * effects + 2 * outcome[c]
            for g in range(factors):
                both = load[c, f] * load[c, g]
                within[at, g, 0] += both * p00
                within[at, g, 1] += both * p01
                within[at + 1, g, 0] += both * p01
                within[at + 1, g, 1] += both * p11
            pulled[at] += load[c, f] * found[c, 0]
            pulled[at + 1] += load[c, f] * found[c, 1]


@serial_inlined
def factor_system(within: Cube, shared: Matrix) -> Matrix:
    r"""I + W :math:`\Sigma^\circ`, (size, size)."""
    size, factors, _ = within.shape
    effects = size // factors
    system = np.zeros((size, size))
    for i in range(size):
        first = i % effects - i % 2
        for g in range(factors):
            at = g * effects + first
            for k in range(size):
                system[i, k] += (
                    within[i, g, 0] * shared[at, k] + within[i, g, 1] * shared[at + 1, k]
                )
        system[i, i] += 1.0
    return system


@serial_inlined
def eliminate(matrix: Matrix, vector: Vector) -> float:
    """Replace a vector by the solution of the system, and return the log of |det|.

    Gaussian elimination with partial pivoting; the matrix is overwritten.
    """
    size, log_det = len(vector), 0.0
    for i in range(size):
        pivot = i
        for k in range(i + 1, size):
            if abs(matrix[k, i]) > abs(matrix[pivot, i]):
                pivot = k
        if pivot != i:
            for m in range(i, size):
                matrix[i, m], matrix[pivot, m] = matrix[pivot, m], matrix[i, m]
            vector[i], vector[pivot] = vector[pivot], vector[i]
        log_det += np.log(abs(matrix[i, i]))
        for k in range(i + 1, size):
            ratio = matrix[k, i] / matrix[i, i]
            for m in range(i + 1, size):
                matrix[k, m] -= ratio * matrix[i, m]
            vector[k] -= ratio * vector[i]
    for i in range(size - 1, -1, -1):
        for m in range(i + 1, size):
            vector[i] -= matrix[i, m] * vector[m]
        vector[i] /= matrix[i, i]
    return log_det
