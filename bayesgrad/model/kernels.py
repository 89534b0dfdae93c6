r"""Fused kernels: log likelihood and its gradient in one pass over the rows of each cell.

Row i of cell c has :math:`\eta_i = o_i + a_c + b_c x_i` (offset, intercept, slope) and mean
:math:`\mu_i = e^{\eta_i}`. Up to :math:`-\sum \ln y_i!`, which no parameter changes:

- Poisson: :math:`\sum_i y_i \eta_i - \mu_i`, with residual :math:`r_i = y_i - \mu_i`;
- negative binomial of size :math:`\alpha`, with :math:`u_i = \mu_i / \alpha`:

  .. math:: \sum_i y_i \eta_i - (y_i + \alpha) \ln(1 + u_i) + \sum_k N_k \ln(1 + k / \alpha),
            \qquad r_i = y_i - (y_i + \alpha) u_i / (1 + u_i),

  where :math:`N_k` is the number of rows with a count above k; its derivative in
  :math:`\alpha` is :math:`\sum_i [(y_i + \alpha) u_i / ((1 + u_i) \alpha) - \ln(1 + u_i)]
  - \sum_k N_k k / (\alpha (\alpha + k))`. As :math:`\alpha \to \infty` it is the Poisson's, with
  no loss of digits.

The derivatives in the intercept, the slope and the offset are :math:`\sum r_i`,
:math:`\sum r_i x_i` and :math:`r_i`. Kernels release the interpreter's lock and are cached on disk.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.model.arrays import LARGEST_ALPHA
from bayesgrad.model.elementary import exp, log1p

SUMS = {"contract", "reassoc", "nsz", "arcp"}
"""What the compiler may do with the kernels' sums; not-a-number and infinity keep their meaning."""


@njit(fastmath=SUMS, error_model="numpy", nogil=True, cache=True)
def poisson(
    intercept: Floats,
    slope: Floats,
    offset: Floats,
    count: Floats,
    x: Floats,
    start: Integers,
    d_intercept: Floats,
    d_slope: Floats,
    d_offset: Floats | None,
) -> float:
    """Log likelihood of Poisson rows; fills the gradient.

    Parameters
    ----------
    intercept, slope : ndarray, shape (cells,)
    offset, count, x : ndarray, shape (rows,)
    start : ndarray of int64, shape (cells + 1,)
        First row of each cell, and the number of rows.
    d_intercept, d_slope, d_offset : ndarray
        Filled with the derivatives; `d_offset` may be None.
    """
    value = 0.0
    for c in range(len(start) - 1):
        a, b = intercept[c], slope[c]
        part, residuals, residuals_x = 0.0, 0.0, 0.0
        for i in range(start[c], start[c + 1]):
            eta = offset[i] + a + b * x[i]
            mean = exp(eta)
            residual = count[i] - mean
            part += count[i] * eta - mean
            residuals += residual
            residuals_x += residual * x[i]
            if d_offset is not None:
                d_offset[i] = residual
        value += part
        d_intercept[c] = residuals
        d_slope[c] = residuals_x
    return value if np.isfinite(value) else -np.inf


@njit(fastmath=SUMS, error_model="numpy", nogil=True, cache=True)
def negative_binomial(
    intercept: Floats,
    slope: Floats,
    offset: Floats,
    alpha: Floats,
    count: Floats,
    x: Floats,
    start: Integers,
    outcome: Integers,
    exceedance: Floats,
    d_intercept: Floats,
    d_slope: Floats,
    d_offset: Floats | None,
    d_alpha: Floats,
) -> float:
    """Log likelihood of negative-binomial rows; fills the gradient.

    Parameters
    ----------
    intercept, slope : ndarray, shape (cells,)
    offset, count, x : ndarray, shape (rows,)
    alpha : ndarray, shape (outcomes,)
    start : ndarray of int64, shape (cells + 1,)
        First row of each cell, and the number of rows.
    outcome : ndarray of int64, shape (cells,)
    exceedance : ndarray, shape (outcomes, largest count)
    d_intercept, d_slope, d_offset, d_alpha : ndarray
        Filled with the derivatives; `d_offset` may be None.
    """
    value = 0.0
    for s in range(len(alpha)):
        size, change = min(alpha[s], LARGEST_ALPHA), 0.0
        for k in range(exceedance.shape[1]):
            value += exceedance[s, k] * log1p(k / size)
            change -= exceedance[s, k] * k / (size + k)
        d_alpha[s] = change / size
    for c in range(len(start) - 1):
        a, b = intercept[c], slope[c]
        size = min(alpha[outcome[c]], LARGEST_ALPHA)
        inverse = 1.0 / size
        part, residuals, residuals_x, change = 0.0, 0.0, 0.0, 0.0
        for i in range(start[c], start[c + 1]):
            eta = offset[i] + a + b * x[i]
            ratio = exp(eta) * inverse
            excess = log1p(ratio)
            weight = count[i] + size
            pull = weight * (ratio / (1.0 + ratio))
            residual = count[i] - pull
            part += count[i] * eta - weight * excess
            change += pull * inverse - excess
            residuals += residual
            residuals_x += residual * x[i]
            if d_offset is not None:
                d_offset[i] = residual
        value += part
        d_alpha[outcome[c]] += change
        d_intercept[c] = residuals
        d_slope[c] = residuals_x
    return value if np.isfinite(value) else -np.inf
