"""Quantities averaged over forms by their weights, and how far the data moved their odds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bayesgrad.auditing.result import OutcomeAudit
from bayesgrad.auditing.weights import Floats
from bayesgrad.estimands.summaries import tails


class Estimate(NamedTuple):
    """A mean, the ends of its interval, and the probability that the quantity is below zero."""

    mean: float
    lower: float
    upper: float
    below: float


def bayes_factor(probability: float, prior: float) -> float:
    """Odds with the data over odds before them; infinite at a probability of 1."""
    if not 0 < prior < 1 or np.isnan(probability):
        return np.nan
    odds = np.inf if probability >= 1 else probability / (1 - probability)
    return float(odds / (prior / (1 - prior)))


def mixture(one: OutcomeAudit, quantity: str, *, level: float) -> Estimate:
    """Estimate of a quantity over all forms by their weights; NaN where there are no weights."""
    fitted = [
        (form.quantities.draws[quantity], weight)
        for form, weight in zip(one.forms, one.weights, strict=True)
        if form.quantities is not None and weight > 0
    ]
    if not fitted:
        return Estimate(np.nan, np.nan, np.nan, np.nan)
    draws = np.concatenate([values for values, _ in fitted])
    weight = np.concatenate([np.full(len(v), w / len(v)) for v, w in fitted])
    weight = weight / weight.sum()
    lower, upper = weighted_quantiles(draws, weight, tails(level))
    below = min(float(weight[draws < 0].sum()), 1.0)
    return Estimate(float(weight @ draws), lower, upper, below)


def weighted_quantiles(
    values: Floats, weight: Floats, probabilities: Sequence[float]
) -> tuple[float, ...]:
    """Smallest values at which the cumulative weight reaches each probability."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    places = np.searchsorted(reached, np.array(probabilities) * reached[-1])
    return tuple(float(values[order[min(place, len(order) - 1)]]) for place in places)
