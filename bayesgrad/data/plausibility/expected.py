"""Expected events of areas: one pooled gradient, a level for each authority, overdispersion.

    y_i ~ NegativeBinomial(mu_i, 1 / phi),   log mu_i = log E_i + a_j + b (d_i - D_j) / 0.10

Levels lean on the nation as under a gamma prior that is worth `PRIOR_EVENTS` events (a standard
deviation of log rates of 0.5), b is found by weighted least squares and phi by moments. Areas whose
count the others make all but impossible are left aside, and the rest is fitted again, so that one
absurd count changes nothing but its own area.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammainc

from bayesgrad.data.plausibility.area_totals import AreaTotals, Floats

PRIOR_EVENTS = 4.0
UNIT = 0.10
ROUNDS = 8
LARGEST_PHI = 20.0
SLOPE_SD = 0.25
"""How far gradients of authorities may lie from the pooled one, as a standard deviation."""
FEWEST_EVENTS = 10
"""A count below this is never improbable enough to speak of."""
RATIO = 5.0
"""Nor is one below so many times what is expected."""


@dataclass(frozen=True)
class Expected:
    """A robust fit of one outcome.

    Attributes
    ----------
    totals : AreaTotals
    gradient : float
        Pooled slope per 0.10 of deprivation, b.
    phi, phi_error : float
        Overdispersion, 1 / alpha, and its standard error.
    x : ndarray, (areas,)
        Deprivation less the authority's mean, per 0.10.
    offset : ndarray, (areas,)
        exposure times exp(b x).
    improbable : ndarray of bool, (areas,)
        Areas whose count the rest of the table makes all but impossible: less than `level` is the
        probability of any such area in a table that follows the model.
    ratio : ndarray, (areas,)
        Events over what the rest of the authority's areas lead to expect.
    """

    totals: AreaTotals
    gradient: float
    phi: float
    phi_error: float
    x: Floats
    offset: Floats
    improbable: NDArray[np.bool_]
    ratio: Floats


def expected_events(totals: AreaTotals, *, level: float = 3e-4) -> Expected:
    """Fit one outcome, leaving aside areas whose counts are improbable."""
    aside = np.zeros(len(totals.events), np.bool_)
    gradient, phi, error, ratio = 0.0, 1.0, 1.0, np.ones(len(aside))
    limit = max(1e-4, level / len(aside))
    for step in range(ROUNDS):
        x = _within(totals, ~aside)
        gradient, phi, error = _fit(totals, ~aside, x, gradient, phi)
        offset = _offset(totals, x, gradient)
        if step == ROUNDS - 1:
            limit = level / len(aside)
        before, (aside, ratio) = (
            aside,
            _improbable(totals, ~aside, offset, phi + 3 * error + (SLOPE_SD * x) ** 2, limit),
        )
        if limit > level / len(aside) and (before == aside).all() and step > 2:
            limit = level / len(aside)
    return Expected(totals, gradient, phi, error, x, offset, aside, ratio)


def levels(totals: AreaTotals, offset: Floats, kept: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Rate of each authority per unit of offset, leaning on the nation's; and the nation's."""
    events = totals.by_authority(totals.events * kept)
    base = totals.by_authority(offset * kept)
    national = float(events.sum() / base.sum()) if events.sum() else 1.0 / float(base.sum())
    return national * (events + PRIOR_EVENTS) / (national * base + PRIOR_EVENTS), national


def _within(totals: AreaTotals, kept: NDArray[np.bool_]) -> Floats:
    """Deprivation less the mean of the authority, weighted by exposure, per `UNIT`."""
    weight = totals.exposure * kept
    base = totals.by_authority(weight)
    mean = totals.by_authority(weight * totals.deprivation) / np.where(base > 0, base, 1.0)
    return (totals.deprivation - mean[totals.authority]) / UNIT


def _offset(totals: AreaTotals, x: Floats, gradient: float) -> Floats:
    return totals.exposure * np.exp(np.clip(gradient * x, -5, 5))


def _fit(
    totals: AreaTotals, kept: NDArray[np.bool_], x: Floats, gradient: float, phi: float
) -> tuple[float, float, float]:
    """One round: levels, a step of the gradient, overdispersion by moments and its error."""
    offset = _offset(totals, x, gradient)
    rate, _ = levels(totals, offset, kept)
    mu = rate[totals.authority] * offset
    inverse = kept / (1 + phi * mu)
    information = mu * inverse
    total = totals.by_authority(information)
    centre = totals.by_authority(information * x) / np.where(total > 0, total, 1.0)
    x = x - centre[totals.authority]
    spread = float((information * x**2).sum())
    step = float(((totals.events - mu) * inverse * x).sum()) / spread if spread > 1e-9 else 0.0
    weights = inverse**2
    scale = float((weights * mu**2).sum())
    moments = float((weights * ((totals.events - mu) ** 2 - mu)).sum())
    found = float(np.clip(moments / scale, 0.0, LARGEST_PHI))
    variance = 2 * (mu + found * mu**2) ** 2 * (1 + 3 * found) + mu + found * mu**2
    error = float(np.sqrt((weights**2 * variance).sum())) / scale
    return gradient + float(np.clip(step, -1, 1)), found, error


def _improbable(
    totals: AreaTotals, kept: NDArray[np.bool_], offset: Floats, phi: Floats, limit: float
) -> tuple[NDArray[np.bool_], Floats]:
    """Areas with a tail probability below `limit`, given the other areas; and their ratios."""
    national = levels(totals, offset, kept)[1]
    events = totals.by_authority(totals.events * kept)[totals.authority] - totals.events * kept
    base = totals.by_authority(offset * kept)[totals.authority] - offset * kept
    others = totals.by_authority(kept.astype(np.float64))[totals.authority] - kept
    mu = offset * national * (events + PRIOR_EVENTS) / (national * base + PRIOR_EVENTS)
    ratio = totals.events / np.maximum(mu, 1e-12)
    doubtful = (ratio > RATIO) & (totals.events >= FEWEST_EVENTS)
    spread = phi + 1 / (PRIOR_EVENTS + national * base) + phi / np.maximum(others, 1)
    tail = np.ones(len(mu))
    tail[doubtful] = _upper_tail(totals.events[doubtful], mu[doubtful], spread[doubtful])
    return tail < limit, ratio


def _upper_tail(count: Floats, mu: Floats, phi: Floats) -> Floats:
    """P(Y >= count) of a negative binomial with mean `mu` and variance mu + phi mu^2."""
    poisson = gammainc(count, mu)
    size = 1 / np.maximum(phi, 1e-9)
    dispersed = betainc(count, size, mu / (mu + size))
    return np.asarray(np.where(phi > 1e-6, dispersed, poisson), np.float64)
