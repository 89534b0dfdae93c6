r"""Laplace approximation of the integral over all effects of one authority, compiled.

Its rows are in cells c, each with a pair of effects :math:`e_c`, intercept and slope, of outcome
s(c). A priori e is normal with mean :math:`m_{s(c)}` and covariance

.. math:: V = D + U \Sigma^\circ U'

with U the loads of cells on the factors of their outcomes (1 on the only one, or those of a random
walk over strata), D the variances of what cells have of their own, and :math:`\Sigma^\circ` the
covariance of the factors. So, with H the negative Hessian of the log
likelihood :math:`\ell`, which is of pairs, and :math:`W = U' (I + H D)^{-1} H U`,

.. math:: \ln \int \approx \ell(\hat e) - \tfrac12 (\hat e - m)' V^{-1} (\hat e - m)
          - \tfrac12 \ln \det(I + H D) - \tfrac12 \ln \det(I + W \Sigma^\circ),

:math:`\hat e` found by Newton's method in coordinates z, :math:`e - m = V z`, which no variance of
0 troubles. Only matrices of 2 x 2 and of the factors are ever solved for, however many cells there
are. Short of the mode by a Newton step of squared length d, half of d is added, which
makes good the distance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.predictive.kernels.neighbourhoods import Segments, cell_derivatives
from bayesgrad.predictive.kernels.passes import workspace
from bayesgrad.predictive.kernels.quadrature import LARGEST_STEP, MOST_STEPS

CENTRED_ENOUGH = 1e-3
"""Squared length of a Newton step, in standard deviations, after which no other is needed."""

serial = njit(error_model="numpy", nogil=True, cache=True)


class AuthorityRows(NamedTuple):
    """Rows of one authority by cell.

    Attributes
    ----------
    events, cases, x : ndarray, shape (rows,)
    start : ndarray of int64, shape (cells + 1,)
        First row of each cell, and the number of rows.
    outcome : ndarray of int64, shape (cells,)
    family : ndarray of int64, shape (outcomes,)
    segments : Segments
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count that is suppressed.
    load : ndarray, shape (cells, factors)
        Of each cell on the factors that both effects of its outcome have.
    """

    events: Floats
    cases: Floats
    x: Floats
    start: Integers
    outcome: Integers
    family: Integers
    segments: Segments
    bounds: Integers
    load: Floats


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

    mean: Floats
    shared: Floats
    own: Floats


class Quadratic(NamedTuple):
    """Quadratic of the log likelihood in the effects of each cell.

    Attributes
    ----------
    target : ndarray, shape (cells, 2)
        g + H e, gradient and negative Hessian at the effects e.
    curvature : ndarray, shape (cells, 3)
        H: 00, 01, 11.
    """

    target: Floats
    curvature: Floats


@serial
def laplace(
    rows: AuthorityRows,
    offset: Floats,
    alpha: Floats,
    sd: Floats,
    prior: Prior,
    start: Quadratic,
    out: Floats,
) -> None:
    """Fill the log likelihood of an authority with all its effects integrated out, by draw.

    Parameters
    ----------
    rows : AuthorityRows
    offset : ndarray, shape (sample or 1, rows)
        Linear predictors but for the effects; one row where all draws have the same.
    alpha, sd : ndarray, shape (sample, outcomes)
        Sizes, and standard deviations of neighbourhoods.
    prior : Prior
    start : Quadratic
        From whose mode the search starts.
    out : ndarray, shape (sample,)
        Filled; terms of totals alone are left out.
    """
    cells = len(rows.outcome)
    work = workspace()
    here = Quadratic(np.empty((cells, 2)), np.empty((cells, 3)))
    gradient = np.empty((cells, 2))
    at, found = np.empty((cells, 2)), np.empty((cells, 2))
    deviation, change = np.empty((cells, 2)), np.empty((cells, 2))
    for s in range(len(out)):
        row = offset[s if len(offset) > 1 else 0]
        mean, shared, own = prior.mean[s], prior.shared[s], prior.own[s]
        for c in range(cells):
            m0, m1 = mean[2 * rows.outcome[c]], mean[2 * rows.outcome[c] + 1]
            h00, h01, h11 = start.curvature[c]
            here.curvature[c] = start.curvature[c]
            here.target[c, 0] = start.target[c, 0] - h00 * m0 - h01 * m1
            here.target[c, 1] = start.target[c, 1] - h01 * m0 - h11 * m1
        solve(here, rows.outcome, rows.load, shared, own, at)
        times_prior(at, rows.outcome, rows.load, shared, own, deviation)
        step = 0
        while True:
            value = likelihood(rows, row, alpha[s], sd[s], mean, deviation, gradient, here, work)
            log_det = solve(here, rows.outcome, rows.load, shared, own, found)
            found -= at
            times_prior(found, rows.outcome, rows.load, shared, own, change)
            squared, largest, penalty = 0.0, 0.0, 0.0
            for c in range(cells):
                for k in range(2):
                    squared += (gradient[c, k] - at[c, k]) * change[c, k]
                    largest = max(largest, abs(change[c, k]))
                    penalty += at[c, k] * deviation[c, k]
            if squared < CENTRED_ENOUGH or step == MOST_STEPS:
                out[s] = value - 0.5 * penalty + 0.5 * squared - 0.5 * log_det
                break
            shorter = min(1.0, LARGEST_STEP / largest)
            for c in range(cells):
                for k in range(2):
                    at[c, k] += shorter * found[c, k]
                    deviation[c, k] += shorter * change[c, k]
            step += 1


@serial
def likelihood(
    rows: AuthorityRows,
    offset: Floats,
    alpha: Floats,
    sd: Floats,
    mean: Floats,
    deviation: Floats,
    gradient: Floats,
    here: Quadratic,
    work: Floats,
) -> float:
    """Log likelihood at m and deviations from it; fills its gradient and its quadratic in these."""
    total = 0.0
    for c in range(len(rows.outcome)):
        s, first, last = rows.outcome[c], rows.start[c], rows.start[c + 1]
        d0, d1 = deviation[c]
        value, g0, g1, h00, h01, h11 = cell_derivatives(
            rows.family[s],
            offset,
            rows.events,
            rows.cases,
            rows.x,
            c,
            (first, last),
            alpha[s],
            sd[s],
            mean[2 * s] + d0,
            mean[2 * s + 1] + d1,
            rows.segments,
            rows.bounds,
            work,
        )
        total += value
        gradient[c, 0], gradient[c, 1] = g0, g1
        here.target[c, 0] = g0 + h00 * d0 + h01 * d1
        here.target[c, 1] = g1 + h01 * d0 + h11 * d1
        here.curvature[c, 0], here.curvature[c, 1], here.curvature[c, 2] = h00, h01, h11
    return total


@serial
def times_prior(
    z: Floats, outcome: Integers, load: Floats, shared: Floats, own: Floats, out: Floats
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


@serial
def product(matrix: Floats, vector: Floats) -> Floats:
    """Multiply a small matrix by a vector."""
    found = np.zeros(len(matrix))
    for i in range(len(matrix)):
        for k in range(len(vector)):
            found[i] += matrix[i, k] * vector[k]
    return found


@serial
def solve(
    of: Quadratic, outcome: Integers, load: Floats, shared: Floats, own: Floats, found: Floats
) -> float:
    """Fill z with (I + H V) z = target, (cells, 2); returns log det(I + H V)."""
    effects, factors, cells = len(own), load.shape[1], len(outcome)
    size = effects * factors
    # Of factor and effect on all factors of the effects of the same outcome.
    within, pulled = np.zeros((size, factors, 2)), np.zeros(size)
    inner = np.empty((cells, 3))
    log_det = 0.0
    for c in range(cells):
        i = 2 * outcome[c]
        h00, h01, h11 = of.curvature[c]
        r0, r1 = of.target[c]
        d0, d1 = own[i], own[i + 1]
        m00, m01, m10, m11 = 1.0 + h00 * d0, h01 * d1, h01 * d0, 1.0 + h11 * d1
        det = m00 * m11 - m01 * m10
        log_det += np.log(det)
        found[c, 0], found[c, 1] = (m11 * r0 - m01 * r1) / det, (m00 * r1 - m10 * r0) / det
        p00, p01 = (m11 * h00 - m01 * h01) / det, (m11 * h01 - m01 * h11) / det
        p11 = (m00 * h11 - m10 * h01) / det
        inner[c, 0], inner[c, 1], inner[c, 2] = p00, p01, p11
        for f in range(factors):
            at = f * effects + i
            for g in range(factors):
                both = load[c, f] * load[c, g]
                within[at, g, 0] += both * p00
                within[at, g, 1] += both * p01
                within[at + 1, g, 0] += both * p01
                within[at + 1, g, 1] += both * p11
            pulled[at] += load[c, f] * found[c, 0]
            pulled[at + 1] += load[c, f] * found[c, 1]
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


@serial
def eliminate(matrix: Floats, vector: Floats) -> float:
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
