"""Adaptive Gauss-Hermite quadrature over the two effects of one authority and outcome."""

from __future__ import annotations

import numpy as np
from numba import njit

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.predictive.kernels.neighbourhoods import Segments, cell_derivatives
from bayesgrad.predictive.kernels.passes import workspace

CENTRED_ENOUGH = 0.01
"""Squared length of a Newton step, in standard deviations, after which no other is needed."""
MOST_STEPS = 100
LARGEST_STEP = 1.0
"""Of an intercept or a slope, on the scale of the link."""


def gauss_hermite(nodes: int) -> tuple[Floats, Floats]:
    """Nodes, and logs of weights that sum to 1, of the rule for the standard normal density."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return points, np.log(weights / weights.sum())


@njit(error_model="numpy", nogil=True, cache=True)
def quadrature(
    family: int,
    offset: Floats,
    count: Floats,
    cases: Floats,
    x: Floats,
    segments: Segments,
    alpha: Floats,
    sd: Floats,
    mean: Floats,
    factor: Floats,
    curvature: Floats,
    pull: Floats,
    nodes: Floats,
    log_weights: Floats,
    bounds: Integers,
    out: Floats,
) -> None:
    r"""Log likelihood of rows with their two effects integrated out, for each draw.

    The effects are :math:`\theta = m + C w`, w standard normal. Quadrature is over
    :math:`w = \hat w + L^{-\top} z` with :math:`\hat w` the mode of the integrand and
    :math:`L L^\top` its negative Hessian there, found by Newton's method from the mode of a
    quadratic of the likelihood. Terms of totals alone are left out.

    Parameters
    ----------
    family : int
    offset : ndarray, shape (sample or 1, rows)
        Linear predictors but for the two effects; one row where all draws have the same.
    count, cases, x : ndarray, shape (rows,)
    segments : Segments
        Of these rows, a single cell.
    alpha, sd : ndarray, shape (sample,)
        Sizes, and standard deviations of neighbourhoods.
    mean : ndarray, shape (sample, 2)
        m, of the intercept and of the slope.
    factor : ndarray, shape (sample, 3)
        C, lower triangular: of the intercept, of the slope by the intercept, of the slope alone.
    curvature, pull : ndarray, shape (3,) and (2,)
        H and h: the log likelihood is about :math:`h' \theta - \theta' H \theta / 2`.
    nodes, log_weights : ndarray, shape (n,)
        Of a Gauss-Hermite rule for the standard normal density, in one dimension.
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count that is suppressed.
    out : ndarray, shape (sample,)
        Filled.
    """
    terms, work = np.empty(len(nodes) * len(nodes)), workspace()
    span = (0, len(count))
    for s in range(len(alpha)):
        row = offset[s if len(offset) > 1 else 0]
        m0, m1 = mean[s]
        c00, c10, c11 = factor[s]
        t0 = pull[0] - curvature[0] * m0 - curvature[1] * m1
        t1 = pull[1] - curvature[1] * m0 - curvature[2] * m1
        h00, h01, h11 = curvature
        w0, w1 = 0.0, 0.0
        g0, g1 = c00 * t0 + c10 * t1, c11 * t1
        step = 0
        while True:
            # L of I + C' H C, and the Newton step of w
            l00 = np.sqrt(1.0 + c00 * (h00 * c00 + h01 * c10) + c10 * (h01 * c00 + h11 * c10))
            l10 = c11 * (c00 * h01 + c10 * h11) / l00
            l11 = np.sqrt(1.0 + c11 * c11 * h11 - l10 * l10)
            v0 = g0 / l00
            v1 = (g1 - l10 * v0) / l11
            d1 = v1 / l11
            d0 = (v0 - l10 * d1) / l00
            change = max(abs(c00 * d0), abs(c10 * d0 + c11 * d1))
            # The first step is that of the quadratic, which may be far away.
            shorter = min(1.0, LARGEST_STEP / change) if step > 0 and change > 0.0 else 1.0
            w0 += shorter * d0
            w1 += shorter * d1
            near = shorter == 1.0 and v0 * v0 + v1 * v1 < CENTRED_ENOUGH
            if step == MOST_STEPS or (step > 0 and near):
                break
            a, b = m0 + c00 * w0, m1 + c10 * w0 + c11 * w1
            _, g0, g1, h00, h01, h11 = cell_derivatives(
                family, row, count, cases, x, 0, span, alpha[s], sd[s], a, b, segments, bounds, work
            )
            g0, g1 = c00 * g0 + c10 * g1 - w0, c11 * g1 - w1
            step += 1

        place = 0
        for k0 in range(len(nodes)):
            for k1 in range(len(nodes)):
                z0, z1 = nodes[k0], nodes[k1]
                e1 = z1 / l11
                e0 = w0 + (z0 - l10 * e1) / l00
                e1 = w1 + e1
                a, b = m0 + c00 * e0, m1 + c10 * e0 + c11 * e1
                value = cell_derivatives(
                    family,
                    row,
                    count,
                    cases,
                    x,
                    0,
                    span,
                    alpha[s],
                    sd[s],
                    a,
                    b,
                    segments,
                    bounds,
                    work,
                )[0]
                terms[place] = (
                    log_weights[k0]
                    + log_weights[k1]
                    + value
                    - 0.5 * (e0 * e0 + e1 * e1)
                    + 0.5 * (z0 * z0 + z1 * z1)
                )
                place += 1
        highest = terms.max()
        out[s] = highest + np.log(np.exp(terms - highest).sum()) - np.log(l00 * l11)
