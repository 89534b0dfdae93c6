r"""Log density of one row at each of many draws, by family.

What depends on a row's totals and :math:`\alpha` alone is left out, as it is of `row_derivatives`,
whose values these are: :math:`R(y, \alpha)` of the negative binomial, :math:`-R(n, \alpha)` of the
beta-binomial, :math:`R(m, \alpha) = \sum_{k < m} \ln(1 + k / \alpha)`; and so are :math:`-\ln y!`
and :math:`\ln \binom{n}{y}`.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.families.cases import FACTORS, LARGEST_BETA_ALPHA
from bayesgrad.kernels.families.elementary import exp, log1p
from bayesgrad.kernels.families.numbers import (
    BETA_BINOMIAL_LOG,
    BETA_BINOMIAL_LOGIT,
    BINOMIAL_LOG,
    BINOMIAL_LOGIT,
    POISSON,
)
from bayesgrad.kernels.families.rising_factorial import (
    LARGEST_ALPHA,
    SMALL_COUNTS,
    log_rising_factorial,
)
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.shapes import Vector

LARGEST_LOG_SHARE = -1e-4
"""Under the log link, a linear predictor of cases above it is taken as this. A probability of 1 or
more is impossible, and only draws of an approximation have it."""

LEAST_SHARE = 1e-30
"""A smaller probability of the beta-binomial is taken as this, so that no product underflows."""


@inlined
def row_densities(
    family: int, eta: Vector, count: float, cases: float, alpha: Vector, out: Vector
) -> None:
    """Fill the log density of one row at each draw.

    Parameters
    ----------
    family : int
        Of `FAMILIES`.
    eta, alpha : ndarray, shape (sample,)
        Linear predictors, and sizes of the negative binomial or beta-binomial.
    count, cases : float
        Families of counts ignore the cases.
    out : ndarray, shape (sample,)
        Filled.
    """
    if family == POISSON:
        poisson_densities(eta, count, out)
    elif family in (BINOMIAL_LOGIT, BINOMIAL_LOG):
        binomial_densities(family, eta, count, cases, out)
    elif family in (BETA_BINOMIAL_LOGIT, BETA_BINOMIAL_LOG):
        beta_binomial_densities(family, eta, count, cases, alpha, out)
    else:
        negative_binomial_densities(eta, count, alpha, out)


@kernel
def poisson_densities(eta: Vector, count: float, out: Vector) -> None:
    """Fill the log density of one row of a Poisson; see `row_densities`."""
    for s in range(len(eta)):
        out[s] = count * eta[s] - exp(eta[s])


@kernel
def negative_binomial_densities(eta: Vector, count: float, alpha: Vector, out: Vector) -> None:
    """Fill the log density of one row of a negative binomial; see `row_densities`."""
    for s in range(len(eta)):
        size = min(alpha[s], LARGEST_ALPHA)
        out[s] = count * eta[s] - (count + size) * log1p(exp(eta[s]) * (1.0 / size))


@kernel
def binomial_densities(family: int, eta: Vector, count: float, cases: float, out: Vector) -> None:
    """Fill the log density of one row of a binomial; see `row_densities`."""
    if family == BINOMIAL_LOGIT:
        for s in range(len(eta)):
            excess = max(eta[s], 0.0) + log1p(exp(-abs(eta[s])))
            out[s] = count * eta[s] - cases * excess
    else:
        for s in range(len(eta)):
            at = min(eta[s], LARGEST_LOG_SHARE)
            p = exp(at)
            out[s] = count * at - (cases - count) * log1p(p / (1.0 - p))


@kernel
def beta_binomial_densities(
    family: int, eta: Vector, count: float, cases: float, alpha: Vector, out: Vector
) -> None:
    """Fill the log density of one row of a beta-binomial; see `row_densities`."""
    size = len(eta)
    p, q, inverse = np.empty(size), np.empty(size), np.empty(size)
    for s in range(size):
        inverse[s] = 1.0 / min(alpha[s], LARGEST_BETA_ALPHA)
        out[s] = 0.0
    if family == BETA_BINOMIAL_LOGIT:
        for s in range(size):
            ratio = exp(-abs(eta[s]))
            share = 1.0 / (1.0 + ratio)
            low = max(ratio * share, LEAST_SHARE)
            p[s] = share if eta[s] >= 0.0 else low
            q[s] = low if eta[s] >= 0.0 else share
    else:
        for s in range(size):
            p[s] = max(exp(min(eta[s], LARGEST_LOG_SHARE)), LEAST_SHARE)
            q[s] = 1.0 - p[s]
    add_rising(p, count, inverse, out)
    add_rising(q, cases - count, inverse, out)


@inlined
def add_rising(p: Vector, count: float, inverse: Vector, out: Vector) -> None:
    r"""Add :math:`\sum_{k < count} \ln(p + k / \alpha)` at each draw.

    By products of a few factors, of all draws at a time; of larger counts as
    :math:`m \ln p + R(m, p \alpha)`.
    """
    if count > SMALL_COUNTS:
        for s in range(len(p)):
            out[s] += count * np.log(p[s]) + log_rising_factorial(int(count), inverse[s] / p[s])
        return
    product = np.empty(len(p))
    for begin in range(0, int(count), FACTORS):
        product[:] = 1.0
        for k in range(begin, min(begin + FACTORS, int(count))):
            for s in range(len(p)):
                product[s] *= p[s] + k * inverse[s]
        for s in range(len(p)):
            out[s] += np.log(product[s])
