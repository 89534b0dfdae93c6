r"""Counts known only to lie within bounds: the log likelihood of a block of them with derivatives.

The likelihood of a row is the sum of its pmf over the counts k from the lower to the upper bound.
With :math:`u = \mu / \alpha`, :math:`q = 1 / (1 + u)`, :math:`p = 1 - q` and
:math:`\rho = \mu q`, the pmf of the negative binomial is

.. math:: \frac{\rho^k (1 + u)^{-\alpha}}{k!} \prod_{m < k} (1 + m / \alpha), \qquad
          \text{so that} \quad \frac{pmf(k + 1)}{pmf(k)} = \frac{\rho + k p}{k + 1} ,

and the Poisson's is its limit as :math:`\alpha \to \infty`, where :math:`\rho = \mu`, p = 0. Let K
have the distribution of a count given that it is within the bounds, with mean m, variance V and
third central moment S. Then, by :math:`\partial \ln pmf(k) / \partial \eta = k q - \rho`,

.. math::

    r &= q m - \rho \\
    w &= q (p m + \rho - q V) \\
    \partial w / \partial \eta &= q (q - p)(p m + \rho) + 3 p q^2 V - q^3 S

(Poisson: :math:`r = m - \mu`, :math:`w = \mu - V`). The derivative in alpha is the mean over K of
that of the log pmf.

w is never negative, whatever alpha: with arrival times :math:`T_1 < T_2 < \dots` of a Poisson
process and G its gamma mixing (1 for the Poisson), the likelihood is
:math:`P(T_{lower} \le \mu G < T_{upper + 1})`, a convolution over :math:`\eta` of the densities
of :math:`\ln T_{upper + 1}` and :math:`-\ln G` with the survival function of
:math:`-\ln(T_{lower} / T_{upper + 1})`, minus the log of a beta variable; all are log-concave, and
so is their convolution. What rounding makes negative is put at 0.

Sums over k are kept divided by :math:`(1 + \rho)^n`, n the number of steps between the bounds: each
factor of a term is then 1 at most, and no mean overflows or loses digits. The bounds lie at most
`bayesgrad.spec.model_spec.WIDEST` apart, which keeps them from underflowing.
"""

from __future__ import annotations

import math

import numpy as np

from bayesgrad.kernels.families.elementary import exp, log, log1p
from bayesgrad.kernels.families.rising_factorial import LARGEST_ALPHA, log_rising_factorial
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.shapes import Integers, Vector


@kernel
def interval_derivatives(
    eta: Vector, bounds: Integers, alpha: float, residual: Vector, weight: Vector
) -> tuple[float, float]:
    """Log likelihood of a block with all its constants, and its derivative in alpha.

    Fills each row's derivative in its linear predictor, and minus the second derivative.

    Parameters
    ----------
    eta : ndarray, shape (rows,)
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count.
    alpha : float
        Infinite for the Poisson.
    residual, weight : ndarray, shape (at least rows,)
        Filled.
    """
    rows, lower, steps = len(eta), bounds[0], bounds[1] - bounds[0]
    size = min(alpha, LARGEST_ALPHA)
    inverse = 1.0 / size
    work = np.empty((10, rows))
    rate, share, excess, scale, product = work[0], work[1], work[2], work[3], work[4]
    total, first, second, tilt = work[5], work[6], work[7], work[8]
    rest = work[9]
    begin(eta, inverse, rate, share, rest, excess, scale)
    for i in range(rows):
        product[i] = 1.0
        total[i], first[i], second[i], tilt[i] = 0.0, 0.0, 0.0, 0.0
    slope = log_rising_slope(lower, size)
    for j in range(steps + 1):
        count, next_inverse = float(lower + j), 1.0 / (lower + j + 1.0)
        for i in range(rows):
            term = product[i]
            total[i] = total[i] * scale[i] + term
            first[i] = first[i] * scale[i] + j * term
            second[i] = second[i] * scale[i] + j * j * term
            tilt[i] = tilt[i] * scale[i] + slope * term
            product[i] = term * (rate[i] + count * share[i]) * scale[i] * next_inverse
        slope -= count / (size * (size + count))
    value, change = rows * log_lowest(lower, inverse), 0.0
    for i in range(rows):
        per_total = 1.0 / total[i]
        beyond = first[i] * per_total
        mean = lower + beyond
        variance = max(second[i] * per_total - beyond * beyond, 0.0)
        value += lower * (eta[i] - excess[i]) - size * excess[i]
        value += log(total[i]) + steps * log1p(rate[i])
        change += tilt[i] * per_total + (mean * inverse + 1.0) * share[i] - excess[i]
        residual[i] = rest[i] * mean - rate[i]
        weight[i] = max(rest[i] * (share[i] * mean + rate[i] - rest[i] * variance), 0.0)
    return value, change


@kernel
def interval_third_derivative(eta: Vector, bounds: Integers, alpha: float, third: Vector) -> None:
    """Fill the derivative of each row's w in its linear predictor."""
    rows, lower, steps = len(eta), bounds[0], bounds[1] - bounds[0]
    inverse = 1.0 / min(alpha, LARGEST_ALPHA)
    work = np.empty((10, rows))
    rate, share, excess, scale, product = work[0], work[1], work[2], work[3], work[4]
    total, first, second, cubes = work[5], work[6], work[7], work[8]
    rest = work[9]
    begin(eta, inverse, rate, share, rest, excess, scale)
    for i in range(rows):
        product[i] = 1.0
        total[i], first[i], second[i], cubes[i] = 0.0, 0.0, 0.0, 0.0
    for j in range(steps + 1):
        count, next_inverse = float(lower + j), 1.0 / (lower + j + 1.0)
        for i in range(rows):
            term = product[i]
            total[i] = total[i] * scale[i] + term
            first[i] = first[i] * scale[i] + j * term
            second[i] = second[i] * scale[i] + j * j * term
            cubes[i] = cubes[i] * scale[i] + j * j * j * term
            product[i] = term * (rate[i] + count * share[i]) * scale[i] * next_inverse
    for i in range(rows):
        p, q = share[i], rest[i]
        per_total = 1.0 / total[i]
        beyond, square = first[i] * per_total, second[i] * per_total
        variance = square - beyond * beyond
        skew = cubes[i] * per_total - 3.0 * beyond * square + 2.0 * beyond * beyond * beyond
        level = p * (lower + beyond) + rate[i]
        third[i] = q * ((q - p) * level + q * (3.0 * p * variance - q * skew))


@kernel
def interval_densities(eta: Vector, bounds: Integers, alpha: Vector, out: Vector) -> None:
    """Fill the log likelihood of one row at each of many draws, with all its constants.

    Parameters
    ----------
    eta, alpha : ndarray, shape (sample,)
        Infinite alpha, or `LARGEST_ALPHA`, for the Poisson.
    bounds : ndarray of int64, shape (2,)
    out : ndarray, shape (sample,)
        Filled.
    """
    lower, steps = bounds[0], bounds[1] - bounds[0]
    for s in range(len(eta)):
        size = min(alpha[s], LARGEST_ALPHA)
        inverse = 1.0 / size
        mean = exp(eta[s])
        excess = log1p(mean * inverse)
        rate = mean / (1.0 + mean * inverse)
        share = rate * inverse
        scale = 1.0 / (1.0 + rate)
        product, total = 1.0, 0.0
        for j in range(steps + 1):
            total = total * scale + product
            product *= (rate + (lower + j) * share) * scale / (lower + j + 1.0)
        out[s] = lower * (eta[s] - excess) - size * excess + log_lowest(lower, inverse)
        out[s] += log(total) + steps * log1p(rate)


@inlined
def begin(
    eta: Vector,
    inverse: float,
    rate: Vector,
    share: Vector,
    rest: Vector,
    excess: Vector,
    scale: Vector,
) -> None:
    r"""Fill :math:`\rho`, p, q, :math:`\ln(1 + u)` and :math:`1 / (1 + \rho)` of each row."""
    for i in range(len(eta)):
        mean = exp(eta[i])
        ratio = mean * inverse
        rest[i] = 1.0 / (1.0 + ratio)
        rate[i] = mean * rest[i]
        share[i] = ratio * rest[i]
        excess[i] = log1p(ratio)
        scale[i] = 1.0 / (1.0 + rate[i])


@inlined
def log_lowest(lower: int, inverse: float) -> float:
    r"""Log of :math:`\prod_{m < k} (1 + m / \alpha) / k!` at the lower bound k."""
    return log_rising_factorial(lower, inverse) - math.lgamma(lower + 1.0)


@inlined
def log_rising_slope(count: int, size: float) -> float:
    r"""Derivative of :math:`\ln \prod_{m < k} (1 + m / \alpha)` in alpha."""
    slope = 0.0
    for m in range(1, count):
        slope -= m / (size * (size + m))
    return slope
