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

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.families.elementary import exp, log, log1p
from bayesgrad.kernels.families.rising_factorial import (
    SMALL_COUNTS,
    digamma_rest,
    log_gamma_rest,
    trigamma_rest,
)
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.shapes import Vector

LARGEST_BETA_ALPHA = 1e12
"""A larger size of the beta-binomial is taken as this: the binomial all the same."""

LEAST_PROBABILITY = 1e-30
"""Of an event, or of none, out of one of a block's cases: below it the likelihood is taken as 0."""

LANES = 32
"""Rows that are worked on together."""
FACTORS = 8
"""Factors of a product between one logarithm and the next: few enough not to underflow."""


@kernel
def binomial_logit(
    eta: Vector, count: Vector, cases: Vector, residual: Vector, weight: Vector
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


@kernel
def binomial_log(
    eta: Vector, count: Vector, cases: Vector, residual: Vector, weight: Vector
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


@kernel
def beta_binomial(
    eta: Vector,
    count: Vector,
    cases: Vector,
    alpha: float,
    logit: bool,
    residual: Vector,
    weight: Vector,
) -> tuple[float, float]:
    """Log likelihood of a block, sums over n left out, and its derivative in alpha."""
    inverse = 1.0 / min(alpha, LARGEST_BETA_ALPHA)
    size = len(count)
    p, q = np.empty(size), np.empty(size)
    first, second = np.empty(size), np.empty(size)
    possible = probabilities(eta, logit, p, q, first, second) >= LEAST_PROBABILITY
    if not possible:
        for i in range(size):
            if min(p[i], q[i]) < LEAST_PROBABILITY:
                # Any probability will do: the row says nothing of its predictor.
                p[i], q[i] = 0.5, 0.5
                first[i], second[i] = 0.0, 0.0
    of_events, of_others = Rising(*sums(size)), Rising(*sums(size))
    value = rising(p, count, inverse, of_events)
    value += rising(q, cases - count, inverse, of_others)
    change = 0.0
    for i in range(size):
        one, other_one = of_events.one[i], of_others.one[i]
        two = of_events.two[i] + of_others.two[i]
        slope = one - other_one
        residual[i] = slope * first[i]
        weight[i] = max(two * first[i] * first[i] - slope * second[i], 0.0)
        change -= cases[i] - p[i] * one - q[i] * other_one
    return value if possible else -np.inf, inverse * change


@inlined
def probabilities(
    eta: Vector, logit: bool, p: Vector, q: Vector, first: Vector, second: Vector
) -> float:
    """Fill p, 1 - p and the derivatives of p in eta; return the least of p and 1 - p."""
    lowest = 1.0
    if logit:
        for i in range(len(p)):
            ratio = exp(-abs(eta[i]))
            share = 1.0 / (1.0 + ratio)
            low = ratio * share
            p[i] = share if eta[i] >= 0.0 else low
            q[i] = low if eta[i] >= 0.0 else share
            first[i] = share * low
            second[i] = first[i] * (q[i] - p[i])
            lowest = min(lowest, low)
    else:
        for i in range(len(p)):
            p[i] = exp(eta[i])
            q[i] = 1.0 - p[i]
            first[i] = p[i]
            second[i] = p[i]
            lowest = min(lowest, p[i], q[i])
    return lowest


class Rising(NamedTuple):
    r"""Sums over k, for each row of a block, of :math:`1 / t` and :math:`1 / t^2`; see `rising`."""

    one: Vector
    two: Vector


@inlined
def sums(size: int) -> tuple[Vector, Vector]:
    """Room for the sums of a block of rows."""
    return np.zeros(size), np.zeros(size)


@inlined
def rising(p: Vector, count: Vector, inverse: float, filled: Rising) -> float:
    r"""Fill sums over :math:`k < count`, :math:`t = p + k / \alpha`; return that of :math:`\ln t`.

    Products of a few factors, with their first two derivatives in p, up to `SMALL_COUNTS`, and
    Stirling's series beyond. Some rows are taken together, so that the compiler works on several
    at a time; one that has all its factors is multiplied by 1. So it is quick where rows of like
    counts stand together.
    """
    size, value = len(p), 0.0
    for begin in range(0, size, LANES):
        end = min(begin + LANES, size)
        one, two = filled.one[begin:end], filled.two[begin:end]
        value += rising_together(p[begin:end], count[begin:end], inverse, one, two)
    for i in range(size):
        if count[i] > SMALL_COUNTS:
            part, more, more_two = rising_beyond(p[i], count[i], inverse)
            value += part
            filled.one[i] += more
            filled.two[i] += more_two
    return value


@inlined
def rising_together(p: Vector, count: Vector, inverse: float, one: Vector, two: Vector) -> float:
    """Sums of `rising` up to `SMALL_COUNTS` for a few rows."""
    size, largest, value = len(p), 0.0, 0.0
    for i in range(size):
        largest = max(largest, count[i])
    steps = int(min(largest, SMALL_COUNTS))
    product, first, second = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for begin in range(0, steps, FACTORS):
        product[:] = 1.0
        first[:] = 0.0
        second[:] = 0.0
        for k in range(begin, min(begin + FACTORS, steps)):
            for i in range(size):
                live = 1.0 if count[i] > k else 0.0
                t = p[i] + k * inverse if count[i] > k else 1.0
                second[i] = second[i] * t + 2.0 * live * first[i]
                first[i] = first[i] * t + live * product[i]
                product[i] *= t
        for i in range(size):
            reciprocal = 1.0 / product[i]
            ratio = first[i] * reciprocal
            value += log(product[i])
            one[i] += ratio
            two[i] += ratio * ratio - second[i] * reciprocal
    return value


@inlined
def rising_beyond(p: float, count: float, inverse: float) -> tuple[float, float, float]:
    """Sums of `rising` from `SMALL_COUNTS` on, for one row of a larger count."""
    size = 1.0 / inverse
    low, high = SMALL_COUNTS + p * size, count + p * size
    more = count - SMALL_COUNTS
    log_low, log_high = log1p(SMALL_COUNTS * inverse / p), log1p(count * inverse / p)
    gamma = (high - 0.5) * log_high - (low - 0.5) * log_low - more
    value = more * log(p) + gamma + log_gamma_rest(high) - log_gamma_rest(low)
    one = size * (log1p(more / low) + digamma_rest(high) - digamma_rest(low))
    change = more / (low * high) + trigamma_rest(low) - trigamma_rest(high)
    return value, one, size * size * change


@kernel
def binomial_logit_third_derivative(eta: Vector, cases: Vector, third: Vector) -> None:
    """Fill the derivative of each row's weight in its linear predictor."""
    for i in range(len(cases)):
        ratio = exp(-abs(eta[i]))
        share = 1.0 / (1.0 + ratio)
        low = ratio * share
        tilt = (low - share) if eta[i] >= 0.0 else (share - low)
        third[i] = cases[i] * share * low * tilt


@kernel
def binomial_log_third_derivative(eta: Vector, count: Vector, cases: Vector, third: Vector) -> None:
    """Fill the derivative of each row's weight in its linear predictor."""
    for i in range(len(count)):
        p = exp(eta[i])
        rest = 1.0 - p
        odds = (cases[i] - count[i]) * p / rest if rest > 0.0 else 0.0
        third[i] = odds * (1.0 + p) / (rest * rest) if rest > 0.0 else 0.0
