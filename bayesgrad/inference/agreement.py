r"""Do chains agree, as far as chance lets them: R-hat with a limit that holds over all quantities.

R-hat compares the means of M half chains of n draws each. Of chains that all draw from the
posterior, these means still differ by chance, the more so the slower the chains move, and the
largest of a thousand R-hats is well above the typical one. With W the variance within half chains,
B/n that of their means and :math:`\tau` the integrated autocorrelation time,

.. math:: \hat R^2 = \frac{n - 1}{n} + \frac{B / n}{W}, \qquad
          \frac{B / n}{W} \approx \frac{\tau}{n - \tau} F_{M - 1, \nu},

where the F distribution stands for a chi-squared one whose scale :math:`\tau` is itself estimated:
from the autocovariances within half chains at T lags, so that :math:`\nu = M n / (2 T + 1)`. How
far means differ is no part of that estimate: chains that disagree do not raise their own limit.

The limit of each quantity is the quantile of that distribution at which, by Bonferroni's
inequality, a fit whose chains agree fails for any of its quantities with a probability of at most
`FALSE_ALARMS`; but never less than `USUAL_LIMIT`, nor more than `LARGEST_LIMIT`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import fft, special

from bayesgrad.design.splines import Floats

FALSE_ALARMS = 0.01
"""Probability that a fit whose chains agree fails for any quantity."""
USUAL_LIMIT = 1.01
"""Value up to which R-hat passes whatever chance would give: the limit of Vehtari et al. (2021)."""
LARGEST_LIMIT = 1.05
"""Value above which R-hat fails; where chance alone could give it, the chains are too short."""
AT_ONCE = 2_000_000
"""Numbers that are looked at together, which bounds the memory."""


class Agreement(NamedTuple):
    """R-hat of quantities, and what chance explains.

    Attributes
    ----------
    r_hat : ndarray, shape (quantities,)
        Rank-normalised split R-hat, the larger one of bulk and tails; NaN where the chains have
        fewer than four draws, do not change, or are not finite.
    limit : ndarray, shape (quantities,)
        Value up to which it passes.
    """

    r_hat: Floats
    limit: Floats

    @property
    def excess(self) -> Floats:
        """How far R-hat is above its limit, as a share of what its limit allows; 0 at the limit."""
        return (self.r_hat - self.limit) / (self.limit - 1.0)


def agreement(values: Floats, *, quantities: int) -> Agreement:
    """R-hat of quantities and its limits.

    Parameters
    ----------
    values : ndarray, shape (chains, draws, n)
        A single chain is compared with itself, by its halves.
    quantities : int
        Of the whole fit, over which the probability of a false alarm holds together.
    """
    chains, draws, size = values.shape
    if chains == 1:
        half = draws // 2
        values = np.concatenate([values[:, :half], values[:, draws - half :]])
    step = max(AT_ONCE // max(chains * draws, 1), 1)
    found = [
        _agreement(values[:, :, first : first + step], quantities) for first in range(0, size, step)
    ]
    return Agreement(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _agreement(values: Floats, quantities: int) -> Agreement:
    halves = _halves(values)
    if halves.shape[1] < 2:
        nothing = np.full(values.shape[2], np.nan)
        return Agreement(nothing, np.full(values.shape[2], USUAL_LIMIT))
    folded = np.abs(halves - np.median(halves, axis=(0, 1)))
    # Each quantity is compared twice, by its bulk and by its tails.
    bulk, tails = (_compared(_normalised(part), 2 * quantities) for part in (halves, folded))
    worse = ~(bulk.excess >= tails.excess)
    return Agreement(*(np.where(worse, b, a) for a, b in zip(bulk, tails, strict=True)))


def _halves(values: Floats) -> Floats:
    """Half chains, (2 chains, draws / 2, n)."""
    half = values.shape[1] // 2
    return np.concatenate([values[:, :half], values[:, values.shape[1] - half :]])


def _normalised(values: Floats) -> Floats:
    """Normal scores of the ranks of each quantity over all draws, (chains, draws, n)."""
    flat = values.reshape(-1, values.shape[2])
    # One draw that is not a number leaves a quantity without ranks.
    ranks = np.where(np.isnan(flat).any(axis=0), np.nan, pd.DataFrame(flat).rank().to_numpy())
    scores: Floats = special.ndtri((ranks - 0.375) / (len(flat) + 0.25)).reshape(values.shape)
    return scores


def _compared(values: Floats, comparisons: int) -> Agreement:
    """R-hat of (chains, draws, n), and its limit among so many comparisons."""
    chains, draws, _ = values.shape
    means = values.mean(axis=1)
    covariances = _autocovariances(values - means[:, None])
    between = means.var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = covariances[0] * draws / (draws - 1.0)
        r_hat = np.sqrt((draws - 1.0) / draws + between / within)
        tau, lags = _autocorrelation_time(covariances / covariances[0])
    freedom = np.maximum(chains * draws / (2.0 * lags + 1.0), 1.0)
    by_chance = special.fdtri(chains - 1, freedom, 1.0 - FALSE_ALARMS / comparisons)
    ratio = tau / np.maximum(draws - tau, 1.0) * by_chance
    limit = np.sqrt((draws - 1.0) / draws + ratio)
    constant = ~(covariances[0] > 0.0)
    return Agreement(
        np.where(constant, np.nan, r_hat),
        np.clip(np.nan_to_num(limit, nan=USUAL_LIMIT), USUAL_LIMIT, LARGEST_LIMIT),
    )


def _autocovariances(deviations: Floats) -> Floats:
    """Of each quantity within chains, averaged over these; (draws, n), by lag."""
    draws = deviations.shape[1]
    size = fft.next_fast_len(2 * draws, real=True)
    spectrum = np.zeros((size // 2 + 1, deviations.shape[2]))
    for chain in deviations:
        transformed = fft.rfft(chain, n=size, axis=0)
        spectrum += transformed.real**2 + transformed.imag**2
    covariances: Floats = fft.irfft(spectrum, n=size, axis=0)[:draws] / (draws * len(deviations))
    return covariances


def _autocorrelation_time(correlations: Floats) -> tuple[Floats, Floats]:
    """Integrated autocorrelation time, by Geyer's initial monotone sequence, and lags used.

    Parameters
    ----------
    correlations : ndarray, shape (draws, n)
        Of draws less the mean of their own chain, which takes tau / draws off every one of them:
        that is put back.
    """
    draws = len(correlations)
    even = draws - draws % 2
    tau = np.ones(correlations.shape[1])
    for _ in range(3):
        share = np.minimum(tau / draws, 0.5)
        corrected = correlations * (1.0 - share) + share
        pairs = corrected[0:even:2] + corrected[1:even:2]
        positive = np.logical_and.accumulate(pairs > share, axis=0)
        monotone = np.minimum.accumulate(np.where(positive, pairs, 0.0), axis=0)
        tau = 2.0 * monotone.sum(axis=0) - 1.0
        # Chains that alternate may have a time near 0, which their estimate may miss.
        tau = np.maximum(tau, 1.0 / np.log10(draws))
    return tau, 2.0 * positive.sum(axis=0)
