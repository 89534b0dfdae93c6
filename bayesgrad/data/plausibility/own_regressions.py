"""Each authority's own regression of counts on deprivation, and what the nation's says of it.

The areas of one authority are regressed alone, log mu_i = log E_i + a_j + b_j x_i, with the
overdispersion of the whole table. Areas with improbable counts are left aside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from bayesgrad.data.plausibility.area_totals import AreaTotals, Floats, Integers
from bayesgrad.data.plausibility.expected import LARGEST_PHI, Expected, levels

FEWEST_AREAS = 8
FEWEST_EVENTS = 20
STEPS = 8
FEWEST_FOR_LINE = 15
SMALLEST_SPREAD = 0.05
PHI_SPREAD = 0.4
"""How far overdispersion of authorities may lie from the pooled one, as a sd of its logarithm."""


Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class OwnRegressions:
    """Regressions of the authorities with areas and events enough.

    Attributes
    ----------
    codes : tuple of str
    areas : ndarray of int, (authorities,)
    slope, error : ndarray, (authorities,)
        Own slope per 0.10 of deprivation and its standard error; missing without variation.
    usual, spread : float
        Median of slopes, and how far true slopes lie from it, as a standard deviation.
    unrelated : ndarray, (authorities,)
        Log likelihood of counts that have nothing to do with exposure or deprivation, less that of
        the regression with a slope that leans on the usual one.
    """

    codes: tuple[str, ...]
    areas: Integers
    slope: Floats
    error: Floats
    usual: float
    spread: float
    unrelated: Floats


def own_regressions(fit: Expected) -> OwnRegressions:
    """Regress each authority's counts alone."""
    totals, x = fit.totals.of(~fit.improbable), fit.x[~fit.improbable]
    rate, _ = levels(totals, fit.offset[~fit.improbable], np.ones(len(x), np.bool_))
    level = np.log(rate)
    start = np.full(len(rate), fit.gradient)
    _, slope, error = _regress(totals, x, level, phi=fit.phi, prior=Prior(start, 0.0))
    enough = (totals.areas >= FEWEST_AREAS) & (totals.by_authority(totals.events) >= FEWEST_EVENTS)
    base = np.maximum(totals.by_authority(totals.exposure), 1e-12)
    mean = totals.by_authority(totals.exposure * totals.deprivation) / base
    usable = enough & np.isfinite(slope)
    usual, spread = _usual(slope, error, np.log(np.maximum(mean, 1e-3)), usable)
    median, scatter = _usual(slope, error, np.zeros(len(mean)), usable)
    unrelated = _unrelated(totals, x, level, phi=fit.phi, prior=Prior(usual, spread**-2))
    return OwnRegressions(
        codes=tuple(code for code, one in zip(totals.codes, enough, strict=True) if one),
        areas=totals.areas[enough],
        slope=slope[enough],
        error=error[enough],
        usual=float(median[0]),
        spread=scatter,
        unrelated=unrelated[enough],
    )


@dataclass(frozen=True)
class Prior:
    """Slopes that authorities' own lean on, (authorities,), with what precision."""

    slope: Floats
    precision: float


def _regress(
    totals: AreaTotals, x: Floats, level: Floats, *, phi: float, prior: Prior
) -> tuple[Floats, Floats, Floats]:
    """Intercepts, slopes and errors of authorities by iterated weighted least squares.

    A slope and its error are missing where deprivation does not vary and there is no prior.
    """
    at, sums = totals.authority, totals.by_authority
    slope, error = prior.slope.copy(), np.full(len(level), np.nan)
    for _ in range(STEPS):
        mu = totals.exposure * np.exp(np.clip(level[at] + slope[at] * x, -30, 20))
        inverse = 1 / (1 + phi * mu)
        weight, score = mu * inverse, (totals.events - mu) * inverse
        total = np.maximum(sums(weight), 1e-12)
        centre = sums(weight * x) / total
        deviation = x - centre[at]
        precision = sums(weight * deviation**2) + prior.precision
        varied = precision > 1e-6
        precision = np.where(varied, precision, 1.0)
        pull = sums(score * deviation) - (slope - prior.slope) * prior.precision
        step = np.clip(np.where(varied, pull / precision, 0.0), -1, 1)
        slope = slope + step
        level = level + np.clip(sums(score) / total, -1, 1) - step * centre
        error = np.where(varied, 1 / np.sqrt(precision), np.nan)
    return level, np.where(np.isfinite(error), slope, np.nan), error


def _usual(slope: Floats, error: Floats, at: Floats, usable: Booleans) -> tuple[Floats, float]:
    """Slopes on a line over `at` by medians (Theil and Sen), and the spread about it beyond errors.

    Robust against a quarter of strangers.
    """
    if not usable.any():
        return np.zeros(len(slope)), SMALLEST_SPREAD
    own, where = slope[usable], at[usable]
    one, other = np.triu_indices(len(own), 1)
    apart = np.abs(where[one] - where[other]) > 1e-3
    turn = 0.0
    if len(own) >= FEWEST_FOR_LINE and apart.any():
        one, other = one[apart], other[apart]
        turn = float(np.median((own[one] - own[other]) / (where[one] - where[other])))
    start = float(np.median(own - turn * where))
    low, high = np.quantile(where, [0.02, 0.98])
    usual = start + turn * np.clip(at, low, high)
    distance = np.abs(own - usual[usable])
    variance = (1.4826 * float(np.median(distance))) ** 2 - float(np.median(error[usable] ** 2))
    return usual, float(np.sqrt(max(variance, SMALLEST_SPREAD**2)))


def _unrelated(totals: AreaTotals, x: Floats, level: Floats, *, phi: float, prior: Prior) -> Floats:
    """Log likelihood of exchangeable counts, less that of counts by exposure and deprivation."""
    at, sums = totals.authority, totals.by_authority
    level, slope, _ = _regress(totals, x, level, phi=phi, prior=prior)
    mu = totals.exposure * np.exp(np.clip(level[at] + slope[at] * x, -30, 20))
    penalty = 0.5 * prior.precision * (slope - prior.slope) ** 2
    pooled = np.full(len(slope), max(phi, 1e-4))
    own = _moments(totals, mu)
    shift = 0.5 * (np.log(own / pooled) / PHI_SPREAD) ** 2
    related = np.maximum(
        sums(_density(totals.events, mu, pooled[at])),
        sums(_density(totals.events, mu, own[at])) - shift,
    )
    mean = (sums(totals.events) / np.maximum(totals.areas, 1))[at]
    exchangeable = sums(_density(totals.events, mean, _moments(totals, mean)[at]))
    return np.asarray(exchangeable - (related - penalty), np.float64)


def _moments(totals: AreaTotals, mu: Floats) -> Floats:
    """Overdispersion of each authority about means `mu`."""
    excess = totals.by_authority((totals.events - mu) ** 2 - mu)
    scale = np.maximum(totals.by_authority(mu**2), 1e-12)
    return np.clip(excess / scale, 1e-4, LARGEST_PHI)


def _density(count: Floats, mu: Floats, phi: Floats) -> Floats:
    """Log probability of negative binomial counts, without the term of counts alone."""
    size, mu = 1 / phi, np.maximum(mu, 1e-12)
    total = mu + size
    constant = gammaln(count + size) - gammaln(size) + size * np.log(size / total)
    return np.asarray(constant + count * np.log(mu / total), np.float64)
