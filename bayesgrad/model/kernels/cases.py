r"""Families of events out of cases: the log likelihood of a block of rows with its derivatives.

Up to :math:`\ln \binom{n_i}{y_i}`, which no parameter changes, with p the probability of an event
at linear predictor :math:`\eta` and :math:`q = 1 - p`:

- binomial: :math:`y \ln p + (n - y) \ln q`;
- beta-binomial of size :math:`\alpha`, whose p varies between rows as
  :math:`Beta(p \alpha, q \alpha)`, so that :math:`Var(y) = n p q (1 + (n - 1) / (\alpha + 1))`:

  .. math:: \sum_{k < y} \ln(p + k / \alpha) + \sum_{k < n - y} \ln(q + k / \alpha)
            - \sum_{k < n} \ln(1 + k / \alpha) .

  As :math:`\alpha \to \infty` it is the binomial's, with no loss of digits. The last sum is the
  same for equal n, and is taken once for all rows (`rising_factorials`). Its curvature can be
  negative in the tails of the logit; there it is put at 0, since it only ever informs a search.

The link is the logit, or the log, under which a p of 1 or more is impossible: its log likelihood is
minus infinity.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.compiling import compiled
from bayesgrad.model.kernels.elementary import exp, log1p
from bayesgrad.model.kernels.rising import (
    SMALL_COUNTS,
    digamma_rest,
    log_gamma_rest,
    trigamma_rest,
)

LARGEST_BETA_ALPHA = 1e12
"""A larger size of the beta-binomial is taken as this: the binomial all the same."""

FACTORS = 8
"""Factors of a product between one logarithm and the next: few enough not to underflow."""


@compiled
def binomial_logit(
    eta: Floats, count: Floats, cases: Floats, residual: Floats, weight: Floats
) -> float:
    """Log likelihood of a block; fills the derivatives of its rows."""
    value = 0.0
    for i in range(len(count)):
        ratio = exp(-abs(eta[i]))
        share = 1.0 / (1.0 + ratio)
        low = ratio * share
        p = share if eta[i] >= 0.0 else low
        value += count[i] * eta[i] - cases[i] * (max(eta[i], 0.0) + log1p(ratio))
        residual[i] = count[i] - cases[i] * p
        weight[i] = cases[i] * share * low
    return value


@compiled
def binomial_log(
    eta: Floats, count: Floats, cases: Floats, residual: Floats, weight: Floats
) -> float:
    """Log likelihood of a block; fills the derivatives of its rows."""
    value = 0.0
    for i in range(len(count)):
        p = exp(eta[i])
        rest = 1.0 - p
        if rest > 0.0:
            odds = (cases[i] - count[i]) * p / rest
            value += count[i] * eta[i] + (cases[i] - count[i]) * np.log(rest)
            residual[i] = count[i] - odds
            weight[i] = odds / rest
        else:
            value = -np.inf
            residual[i], weight[i] = 0.0, 0.0
    return value


@compiled
def beta_binomial(
    eta: Floats,
    count: Floats,
    cases: Floats,
    alpha: float,
    logit: bool,
    residual: Floats,
    weight: Floats,
) -> tuple[float, float]:
    """Log likelihood of a block, sums over n left out, and its derivative in alpha."""
    size = min(alpha, LARGEST_BETA_ALPHA)
    inverse = 1.0 / size
    value, change = 0.0, 0.0
    for i in range(len(count)):
        if logit:
            ratio = exp(-abs(eta[i]))
            share = 1.0 / (1.0 + ratio)
            low = ratio * share
            p, q = (share, low) if eta[i] >= 0.0 else (low, share)
            first, second = p * q, p * q * (q - p)
        else:
            p = exp(eta[i])
            q = 1.0 - p
            first, second = p, p
        if q <= 0.0 or p <= 0.0:
            value = -np.inf
            residual[i], weight[i] = 0.0, 0.0
            continue
        events, one, two = rising(p, count[i], inverse)
        others, other_one, other_two = rising(q, cases[i] - count[i], inverse)
        value += events + others
        slope = one - other_one
        residual[i] = slope * first
        weight[i] = max((two + other_two) * first * first - slope * second, 0.0)
        change -= inverse * (cases[i] - p * one - q * other_one)
    return value, change


@compiled
def rising(p: float, count: float, inverse: float) -> tuple[float, float, float]:
    r"""Sums of :math:`\ln t`, :math:`1 / t` and :math:`1 / t^2`, with :math:`t = p + k / \alpha`.

    Over :math:`k < count`; term by term up to `SMALL_COUNTS`, and by Stirling's series beyond.
    """
    value, one, two, product = 0.0, 0.0, 0.0, 1.0
    steps = int(min(count, SMALL_COUNTS))
    for k in range(steps):
        term = p + k * inverse
        reciprocal = 1.0 / term
        one += reciprocal
        two += reciprocal * reciprocal
        product *= term
        if k % FACTORS == FACTORS - 1:
            value += np.log(product)
            product = 1.0
    value += np.log(product)
    if count <= SMALL_COUNTS:
        return value, one, two
    size = 1.0 / inverse
    low, high = SMALL_COUNTS + p * size, count + p * size
    more = count - SMALL_COUNTS
    log_low, log_high = log1p(SMALL_COUNTS * inverse / p), log1p(count * inverse / p)
    gamma = (high - 0.5) * log_high - (low - 0.5) * log_low - more
    value += more * np.log(p) + gamma + log_gamma_rest(high) - log_gamma_rest(low)
    one += size * (log1p(more / low) + digamma_rest(high) - digamma_rest(low))
    change = more / (low * high) + trigamma_rest(low) - trigamma_rest(high)
    return value, one, two + size * size * change


@compiled
def binomial_logit_slant(eta: Floats, cases: Floats, slant: Floats) -> None:
    """Fill the derivative of each row's weight in its linear predictor."""
    for i in range(len(cases)):
        ratio = exp(-abs(eta[i]))
        share = 1.0 / (1.0 + ratio)
        low = ratio * share
        tilt = (low - share) if eta[i] >= 0.0 else (share - low)
        slant[i] = cases[i] * share * low * tilt


@compiled
def binomial_log_slant(eta: Floats, count: Floats, cases: Floats, slant: Floats) -> None:
    """Fill the derivative of each row's weight in its linear predictor."""
    for i in range(len(count)):
        p = exp(eta[i])
        rest = 1.0 - p
        odds = (cases[i] - count[i]) * p / rest if rest > 0.0 else 0.0
        slant[i] = odds * (1.0 + p) / (rest * rest) if rest > 0.0 else 0.0
