r"""Poisson counts known only to lie within bounds: their moments, and a rate estimated with them.

They serve where a rough value will do: the centre of a prior, and where a search begins. The model
has its own likelihood of such counts (`bayesgrad.kernels.families.censored`).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from bayesgrad.design.splines import Floats

ROUNDS = 50
"""Steps of the EM algorithm, which gain a digit every few steps."""


def moments_within(mean: Floats, bounds: tuple[int, int]) -> tuple[Floats, Floats]:
    """Mean and variance of Poisson counts given that they are within bounds, each (rows,).

    Parameters
    ----------
    mean : ndarray, shape (rows,)
        Of the counts before they are bounded; above 0.
    bounds : tuple of int
        Smallest and largest count.
    """
    counts = np.arange(bounds[0], bounds[1] + 1)
    log_terms = np.log(mean)[:, None] * counts - gammaln(counts + 1.0)
    terms = np.exp(log_terms - log_terms.max(axis=1, keepdims=True))
    terms /= terms.sum(axis=1, keepdims=True)
    first = terms @ counts
    return first, terms @ (counts**2.0) - first**2


def crude_rate(
    events: float, exposure: float, *, suppressed: Floats, bounds: tuple[int, int]
) -> float:
    """Rate of maximum likelihood if all rows had one: events over exposure where all are published.

    Parameters
    ----------
    events : float
        Sum of published counts.
    exposure : float
        Of all rows.
    suppressed : ndarray, shape (rows,)
        Exposures of rows whose counts are known only to lie within bounds.
    bounds : tuple of int
    """
    if not len(suppressed):
        return events / exposure
    rate = (events + len(suppressed) * sum(bounds) / 2.0) / exposure
    for _ in range(ROUNDS):
        rate = (events + moments_within(rate * suppressed, bounds)[0].sum()) / exposure
    return float(rate)
