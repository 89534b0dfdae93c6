r"""Kernels of the checks: passes over rows and draws that the interpreter would be too slow for.

With :math:`\mu_i = e^{\eta_i}`, :math:`u_i = \mu_i / \alpha` and
:math:`R(y, \alpha) = \sum_{k < y} \ln(1 + k / \alpha)`, the log probability of a count is

.. math:: y \eta - (y + \alpha) \ln(1 + u) + R(y, \alpha) - \ln y!

which for the Poisson, whose size :math:`\alpha` is infinite, is
:math:`y \eta - \mu - \ln y!`. Every kernel takes :math:`1 / \alpha`, which is 0 for the Poisson.
They release the interpreter's lock and are cached on disk.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.compiling import compiled
from bayesgrad.model.kernels.elementary import exp, log1p
from bayesgrad.model.kernels.rising import log_rising_factorial

CENTRED_ENOUGH = 0.01
"""Squared length of a Newton step, in standard deviations, after which no other is needed."""
MOST_STEPS = 30
LARGEST_STEP = 1.0
"""Of an intercept or a slope, on the log scale."""


@compiled
def log_rising(inverse_size: Floats, values: Integers, out: Floats) -> None:
    r"""Fill (values, sample) with :math:`R(y, \alpha)` for counts.

    Parameters
    ----------
    inverse_size : ndarray, shape (sample,)
    values : ndarray of int64, shape (values,)
    out : ndarray, shape (values, sample)
    """
    for s in range(len(inverse_size)):
        for v in range(len(values)):
            out[v, s] = log_rising_factorial(values[v], inverse_size[s])


@compiled
def leave_one_out(
    log_mean: Floats,
    inverse_size: Floats,
    count: Floats,
    log_factorial: Floats,
    rising: Floats,
    value: Integers,
    elpd: Floats,
    lpd: Floats,
    effective: Floats,
) -> None:
    r"""Log predictive density of each row, with and without its own data among those fitted.

    With the densities :math:`p_s` at the draws and ratios :math:`r_s = 1 / p_s`, the weights are
    :math:`w_s = \min(r_s, \bar r \sqrt S)`.

    Parameters
    ----------
    log_mean : ndarray, shape (rows, sample)
    inverse_size : ndarray, shape (sample,)
    count, log_factorial : ndarray, shape (rows,)
    rising : ndarray, shape (values, sample)
        From `log_rising`.
    value : ndarray of int64, shape (rows,)
        Which row of `rising` is that of the row's count.
    elpd, lpd, effective : ndarray, shape (rows,)
        Filled with the log densities without and with the row, and the effective number of draws.
    """
    sample = len(inverse_size)
    log_p = np.empty(sample)
    for i in range(len(count)):
        y, row = count[i], rising[value[i]]
        lowest, highest = np.inf, -np.inf
        for s in range(sample):
            eta, inverse = log_mean[i, s], inverse_size[s]
            if inverse > 0.0:
                size = 1.0 / inverse
                p = y * eta - (y + size) * log1p(exp(eta) * inverse) + row[s]
            else:
                p = y * eta - exp(eta)
            log_p[s] = p
            lowest = min(lowest, p)
            highest = max(highest, p)
        ratios, densities = 0.0, 0.0
        for s in range(sample):
            ratios += exp(lowest - log_p[s])
            densities += exp(log_p[s] - highest)
        bound = ratios / np.sqrt(sample)
        weights, squares, weighted = 0.0, 0.0, 0.0
        for s in range(sample):
            ratio = exp(lowest - log_p[s])
            weight = min(ratio, bound)
            weights += weight
            squares += weight * weight
            weighted += weight / ratio
        elpd[i] = lowest + np.log(weighted / weights) - log_factorial[i]
        lpd[i] = highest + np.log(densities / sample) - log_factorial[i]
        effective[i] = weights * weights / squares


@njit(error_model="numpy", nogil=True, cache=True)
def tally(
    replicate: Integers,
    observed: Integers,
    band: Integers,
    lowest: Integers,
    frequency: Integers,
    total: Floats,
    squares: Floats,
    events: Integers,
    below: Integers,
    equal: Integers,
) -> None:
    """Add replicates of some rows of one authority to what is kept of them.

    Parameters
    ----------
    replicate : ndarray of int64, shape (rows, sample)
    observed, band : ndarray of int64, shape (rows,)
    lowest : ndarray of int64, shape (bins,)
        Lowest count of each bin, the first of them 0.
    frequency : ndarray of int64, shape (sample, bins)
        Number of rows by bin.
    total, squares : ndarray, shape (sample,)
        Sums of counts and of their squares.
    events : ndarray of int64, shape (sample, bands)
        Sum of counts by band.
    below, equal : ndarray of int64, shape (rows,)
        Filled with the number of replicates below the observed count, and equal to it.
    """
    for i in range(replicate.shape[0]):
        under, same = 0, 0
        for s in range(replicate.shape[1]):
            y = replicate[i, s]
            under += y < observed[i]
            same += y == observed[i]
            frequency[s, np.searchsorted(lowest, y, side="right") - 1] += 1
            total[s] += y
            squares[s] += np.float64(y) * y
            events[s, band[i]] += y
        below[i], equal[i] = under, same


@compiled
def quadratic(
    offset: Floats, count: Floats, x: Floats, inverse: float, intercept: float, slope: float
) -> tuple[float, float, float, float, float]:
    """Gradient (2) and negative Hessian (3) of the log likelihood of rows in their two effects.

    Parameters
    ----------
    offset, count, x : ndarray, shape (rows,)
    inverse : float
        1 / alpha.
    intercept, slope : float
    """
    g0, g1, h00, h01, h11 = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(count)):
        mean = exp(offset[i] + intercept + slope * x[i])
        share = 1.0 / (1.0 + mean * inverse)
        residual = (count[i] - mean) * share
        weight = mean * (1.0 + count[i] * inverse) * share * share
        g0 += residual
        g1 += residual * x[i]
        h00 += weight
        h01 += weight * x[i]
        h11 += weight * x[i] * x[i]
    return g0, g1, h00, h01, h11


@compiled
def nonlinear(
    offset: Floats, count: Floats, x: Floats, inverse: float, intercept: float, slope: float
) -> float:
    r"""Sum over rows of :math:`(y + \alpha) \ln(1 + u)`, or of the mean for the Poisson."""
    total = 0.0
    if inverse > 0.0:
        size = 1.0 / inverse
        for i in range(len(count)):
            ratio = exp(offset[i] + intercept + slope * x[i]) * inverse
            total += (count[i] + size) * log1p(ratio)
    else:
        for i in range(len(count)):
            total += exp(offset[i] + intercept + slope * x[i])
    return total


@njit(error_model="numpy", nogil=True, cache=True)
def integrated(
    offset: Floats,
    count: Floats,
    x: Floats,
    inverse_size: Floats,
    mean: Floats,
    factor: Floats,
    curvature: Floats,
    pull: Floats,
    nodes: Floats,
    log_weights: Floats,
    out: Floats,
) -> None:
    r"""Log likelihood of rows with their two effects integrated out, for each draw.

    The effects are :math:`\theta = m + C w`, w standard normal. Quadrature is over
    :math:`w = \hat w + L^{-\top} z` with :math:`\hat w` the mode of the integrand and
    :math:`L L^\top` its negative Hessian there, found by Newton's method from the mode of a
    quadratic of the likelihood. The terms of the counts alone (R and factorials) are left out.

    Parameters
    ----------
    offset : ndarray, shape (sample or 1, rows)
        Log exposure and effects of the rows' columns; one row where all draws have the same.
    count, x : ndarray, shape (rows,)
    inverse_size : ndarray, shape (sample,)
    mean : ndarray, shape (sample, 2)
        m, of the intercept and of the slope.
    factor : ndarray, shape (sample, 3)
        C, lower triangular: of the intercept, of the slope by the intercept, of the slope alone.
    curvature, pull : ndarray, shape (3,) and (2,)
        H and h: the log likelihood is about :math:`h' \theta - \theta' H \theta / 2`.
    nodes, log_weights : ndarray, shape (n,)
        Of a Gauss-Hermite rule for the standard normal density, in one dimension.
    out : ndarray, shape (sample,)
        Filled.
    """
    sum_y, sum_yx = 0.0, 0.0
    for i in range(len(count)):
        sum_y += count[i]
        sum_yx += count[i] * x[i]
    terms = np.empty(len(nodes) * len(nodes))
    for s in range(len(inverse_size)):
        row = offset[s if len(offset) > 1 else 0]
        inverse = inverse_size[s]
        m0, m1 = mean[s]
        c00, c10, c11 = factor[s]
        sum_yo = 0.0
        for i in range(len(count)):
            sum_yo += count[i] * row[i]

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
            g0, g1, h00, h01, h11 = quadratic(
                row, count, x, inverse, m0 + c00 * w0, m1 + c10 * w0 + c11 * w1
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
                terms[place] = (
                    log_weights[k0]
                    + log_weights[k1]
                    + sum_yo
                    + sum_y * a
                    + sum_yx * b
                    - nonlinear(row, count, x, inverse, a, b)
                    - 0.5 * (e0 * e0 + e1 * e1)
                    + 0.5 * (z0 * z0 + z1 * z1)
                )
                place += 1
        highest = terms.max()
        out[s] = highest + np.log(np.exp(terms - highest).sum()) - np.log(l00 * l11)
