"""Probability of a count as far out as the one observed, under the fit to the other rows."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincc, expit

from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.predictive.left_out import LeftOut

FAR = 4.0
"""Standard deviations from its mean from which a count's tail is computed."""
LEAST_DISPERSION = 1e-9


def tail_probability(design: Design, rows: LeftOut, own: Integers, *, alpha: float) -> Floats:
    """Two-sided tail probability of rows of one outcome; 1 of counts that are not far out.

    The variance of the linear predictor adds to that between areas: the distribution is negative
    binomial, or beta-binomial for events out of cases, with both.

    Parameters
    ----------
    own : ndarray of int64
        The rows. A suppressed count is never far out.
    alpha : float
        Size of the outcome's distribution.
    """
    form = design.forms[int(design.row_outcome[own[0]])]
    count = design.rows.count[own].astype(np.float64)
    eta, variance = rows.predictor[own], rows.variance[own]
    between = 1.0 / alpha if form.dispersed else 0.0
    if form.of_cases:
        cases = design.rows.exposure[own]
        share = expit(eta) if form.link == "logit" else np.exp(np.minimum(eta, -1e-4))
        slope = share * (1.0 - share) if form.link == "logit" else share / (1.0 - share)
        correlation = np.minimum(between / (1.0 + between) + variance * slope, 0.999)
        correlation = np.maximum(correlation, LEAST_DISPERSION)
        mean = cases * share
        square = mean * (1.0 - share) * (1.0 + (cases - 1.0) * correlation)
    else:
        mean = np.exp(np.minimum(eta, 30.0))
        dispersion = np.maximum(between + variance, LEAST_DISPERSION)
        square = mean + dispersion * mean**2
    far = (np.abs(count - mean) > FAR * np.sqrt(square)) & ~design.rows.suppressed[own]
    tail = np.ones(len(own))
    if form.of_cases:
        # Loads slowly, and is of no use to counts.
        from scipy.stats import betabinom

        size = 1.0 / correlation[far] - 1.0
        p = share[far]
        distribution = betabinom(cases[far], p * size, (1.0 - p) * size)
        low, high = distribution.cdf(count[far]), distribution.sf(count[far] - 1.0)
    else:
        low, high = _negative_binomial_tails(count[far], mean[far], 1.0 / dispersion[far])
    tail[far] = np.minimum(1.0, 2.0 * np.minimum(high, low))
    return tail


def _negative_binomial_tails(count: Floats, mean: Floats, size: Floats) -> tuple[Floats, Floats]:
    """P(at most the count) and P(at least the count)."""
    success = size / (size + mean)
    at_least = np.where(count > 0, betaincc(size, np.maximum(count, 1.0), success), 1.0)
    return betainc(size, count + 1.0, success), at_least
