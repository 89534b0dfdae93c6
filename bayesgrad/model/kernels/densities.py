r"""Log density of one row at each of many draws, by family.

What depends on a row's totals and :math:`\alpha` alone is left out, as it is of `row_derivatives`,
whose values these are: :math:`R(y, \alpha)` of the negative binomial, :math:`-R(n, \alpha)` of the
beta-binomial, :math:`R(m, \alpha) = \sum_{k < m} \ln(1 + k / \alpha)`; and so are :math:`-\ln y!`
and :math:`\ln \binom{n}{y}`.
"""

from __future__ import annotations

from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.cases import (
    FACTORS,
    LARGEST_BETA_ALPHA,
    LEAST_PROBABILITY,
    rising_beyond,
)
from bayesgrad.model.kernels.compiling import compiled
from bayesgrad.model.kernels.elementary import exp, log, log1p
from bayesgrad.model.kernels.families import (
    BETA_BINOMIAL_LOG,
    BETA_BINOMIAL_LOGIT,
    BINOMIAL_LOG,
    BINOMIAL_LOGIT,
    POISSON,
)
from bayesgrad.model.kernels.rising import LARGEST_ALPHA, SMALL_COUNTS

LARGEST_LOG_SHARE = -1e-4
"""Under the log link, a linear predictor of cases above it is taken as this. A probability of 1 or
more is impossible, and only draws of an approximation have it."""


@compiled
def row_densities(
    family: int, eta: Floats, count: float, cases: float, alpha: Floats, out: Floats
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
        for s in range(len(eta)):
            out[s] = count * eta[s] - exp(eta[s])
    elif family == BINOMIAL_LOGIT:
        for s in range(len(eta)):
            excess = max(eta[s], 0.0) + log1p(exp(-abs(eta[s])))
            out[s] = count * eta[s] - cases * excess
    elif family == BINOMIAL_LOG:
        for s in range(len(eta)):
            at = min(eta[s], LARGEST_LOG_SHARE)
            p = exp(at)
            out[s] = count * at - (cases - count) * log1p(p / (1.0 - p))
    elif family in (BETA_BINOMIAL_LOGIT, BETA_BINOMIAL_LOG):
        beta_binomial_densities(family, eta, count, cases, alpha, out)
    else:
        for s in range(len(eta)):
            size = min(alpha[s], LARGEST_ALPHA)
            out[s] = count * eta[s] - (count + size) * log1p(exp(eta[s]) * (1.0 / size))


@compiled
def beta_binomial_densities(
    family: int, eta: Floats, count: float, cases: float, alpha: Floats, out: Floats
) -> None:
    """Fill the log density of one row of a beta-binomial; see `row_densities`."""
    for s in range(len(eta)):
        if family == BETA_BINOMIAL_LOGIT:
            ratio = exp(-abs(eta[s]))
            share = 1.0 / (1.0 + ratio)
            low = ratio * share
            p, q = (share, low) if eta[s] >= 0.0 else (low, share)
        else:
            p = exp(min(eta[s], LARGEST_LOG_SHARE))
            q = 1.0 - p
        inverse = 1.0 / min(alpha[s], LARGEST_BETA_ALPHA)
        out[s] = rising_value(p, count, inverse) + rising_value(q, cases - count, inverse)


@compiled
def rising_value(p: float, count: float, inverse: float) -> float:
    r"""Sum of :math:`\ln(p + k / \alpha)` over k < count for one row; see `cases.rising`."""
    at = max(p, LEAST_PROBABILITY)
    value, product = 0.0, 1.0
    for k in range(int(min(count, SMALL_COUNTS))):
        product *= at + k * inverse
        if k % FACTORS == FACTORS - 1:
            value += log(product)
            product = 1.0
    value += log(product)
    if count > SMALL_COUNTS:
        value += rising_beyond(at, count, inverse)[0]
    return value
