r"""Laplace approximation of the integral over all effects of one authority, compiled.

Its rows are in cells c, each with a pair of effects :math:`e_c`, intercept and slope, of outcome
s(c). A priori e is normal with mean :math:`m_{s(c)}` and the covariance V of
`bayesgrad.kernels.scores.factored_prior`. So, with H the negative Hessian of the log
likelihood :math:`\ell`, which is of pairs,

.. math:: \ln \int \approx \ell(\hat e) - \tfrac12 (\hat e - m)' V^{-1} (\hat e - m)
          - \tfrac12 \ln \det(I + H V),

:math:`\hat e` found by Newton's method in coordinates z, :math:`e - m = V z`, which no variance of
0 troubles. Short of the mode by a Newton step of squared length d, half of d is added, which makes
good the distance.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.kernel import serial_inlined, serial_kernel
from bayesgrad.kernels.norefcount import without_refcount
from bayesgrad.kernels.scores.authority_rows import AuthorityRows, Quadratic, derivatives
from bayesgrad.kernels.scores.effects_derivatives import WORKSPACE
from bayesgrad.kernels.scores.factored_prior import Prior, solve, times_prior
from bayesgrad.kernels.scores.quadrature import LARGEST_STEP, MOST_STEPS
from bayesgrad.kernels.shapes import Matrix, Vector

CENTRED_ENOUGH = 1e-3
"""Squared length of a Newton step, in standard deviations, after which no other is needed."""


@serial_kernel
def laplace(
    rows: AuthorityRows,
    offset: Matrix,
    alpha: Matrix,
    sd: Matrix,
    prior: Prior,
    start: Quadratic,
    out: Vector,
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
    rows, prior, start = without_refcount(rows), without_refcount(prior), without_refcount(start)
    cells = len(rows.outcome)
    work = np.empty(WORKSPACE)
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
            here.curvature[c, 0], here.curvature[c, 1], here.curvature[c, 2] = h00, h01, h11
            here.target[c, 0] = start.target[c, 0] - h00 * m0 - h01 * m1
            here.target[c, 1] = start.target[c, 1] - h01 * m0 - h11 * m1
        solve(here, rows.outcome, rows.load, shared, own, at)
        times_prior(at, rows.outcome, rows.load, shared, own, deviation)
        step = 0
        while True:
            value = likelihood(rows, row, alpha[s], sd[s], mean, deviation, gradient, here, work)
            log_det = solve(here, rows.outcome, rows.load, shared, own, found)
            for c in range(cells):
                for k in range(2):
                    found[c, k] -= at[c, k]
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


@serial_inlined
def likelihood(
    rows: AuthorityRows,
    offset: Vector,
    alpha: Vector,
    sd: Vector,
    mean: Vector,
    deviation: Matrix,
    gradient: Matrix,
    here: Quadratic,
    work: Matrix,
) -> float:
    """Log likelihood at m and deviations from it; fills its gradient and its quadratic in these."""
    deviation, gradient, here = (
        without_refcount(deviation),
        without_refcount(gradient),
        without_refcount(here),
    )
    total = 0.0
    for c in range(len(rows.outcome)):
        s = rows.outcome[c]
        d0, d1 = deviation[c]
        value, g0, g1, h00, h01, h11 = derivatives(
            rows, c, offset, alpha[s], sd[s], mean[2 * s] + d0, mean[2 * s + 1] + d1, work
        )
        total += value
        gradient[c, 0], gradient[c, 1] = g0, g1
        here.target[c, 0] = g0 + h00 * d0 + h01 * d1
        here.target[c, 1] = g1 + h01 * d0 + h11 * d1
        here.curvature[c, 0], here.curvature[c, 1], here.curvature[c, 2] = h00, h01, h11
    return total
