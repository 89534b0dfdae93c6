"""True parameters of a scenario on a population, and the linear terms that they make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.optimize import brentq
from scipy.special import expit

from bayesgrad.simulate.effects import AuthorityEffects
from bayesgrad.simulate.geography import Floats, Integers
from bayesgrad.simulate.outcomes import intercept_for
from bayesgrad.simulate.population import Population
from bayesgrad.simulate.scenario_settings import ScenarioSettings, TrueOutcome

NODES = 20
"""Of the quadrature over an authority's effect on a chance."""


@dataclass(frozen=True, eq=False)
class FixedTerms:
    """Terms of one outcome that are the same for every draw, less its intercept and slope.

    Attributes
    ----------
    level, gradient : ndarray, shape (authorities,)
        Of the moderators of authorities: on the intercept, and on the slope.
    area : ndarray, shape (areas,)
        Of the moderators of areas, and the common curve.
    x : ndarray, shape (areas,)
    authority : ndarray of int, shape (areas,)
    """

    level: Floats
    gradient: Floats
    area: Floats
    x: Floats
    authority: Integers

    @classmethod
    def of(
        cls, outcome: TrueOutcome, settings: ScenarioSettings, population: Population
    ) -> FixedTerms:
        """Terms of an outcome of a scenario."""
        w, x = population.moderator(settings.moderation), population.x
        authorities = population.standard_authority_moderators
        areas = population.centred_area_moderators
        of_level, of_gradient = (
            np.array([getattr(moderator, name) for moderator in settings.authority_moderators])
            for name in ("level", "gradient")
        )
        area_level, area_gradient = (
            np.array([getattr(moderator, name) for moderator in settings.area_moderators])
            for name in ("level", "gradient")
        )
        return cls(
            level=outcome.between * w + authorities @ of_level,
            gradient=outcome.interaction * w + authorities @ of_gradient,
            area=areas @ area_level + (areas @ area_gradient) * x + population.curve(outcome.curve),
            x=x,
            authority=population.geography.authority,
        )

    def at(self, slope: float) -> Floats:
        """Linear predictor less the intercept, for a mean slope; shape (areas,)."""
        at = self.authority
        return self.level[at] + (slope + self.gradient)[at] * self.x + self.area


@dataclass(frozen=True, eq=False)
class ScenarioParameters:
    """Intercepts and slopes of every outcome and stratum.

    Attributes
    ----------
    intercept, slope : ndarray, shape (outcomes,)
        Means over strata.
    stratum_intercept, stratum_slope : ndarray, shape (outcomes, strata)
        Deviations from them.
    cases_intercept : float
        Of the outcome that is drawn first; NaN where there is none.
    """

    intercept: Floats
    slope: Floats
    stratum_intercept: Floats
    stratum_slope: Floats
    cases_intercept: float


def effects_of(
    settings: ScenarioSettings, outcomes: Sequence[TrueOutcome] | None = None
) -> AuthorityEffects:
    """Distribution of the authority effects of outcomes: those of the scenario, or those given."""
    chosen = settings.outcomes if outcomes is None else outcomes
    return AuthorityEffects(
        np.array([outcome.sd_intercept for outcome in chosen]),
        np.array([outcome.sd_slope for outcome in chosen]),
        settings.rho,
        settings.neighbours_intercept if outcomes is None else (),
        settings.neighbours_slope if outcomes is None else (),
    )


def fix_parameters(settings: ScenarioSettings, population: Population) -> ScenarioParameters:
    r"""Fix the intercepts so that every outcome has its expected rate over all areas.

    The expectation is over the effects of authorities and neighbourhoods too, so the parameters
    depend on the population but are the same for every draw on it. An outcome of a later stage has
    its rate per expected event of the stage before; strata have rates in proportion to their
    ratios, which together give the outcome its rate. Hazards are the ratios themselves.
    """
    slopes = np.array([_slopes(outcome, settings) for outcome in settings.outcomes])
    cases_intercept, cases = _expected_cases(settings, population)
    intercepts = np.empty_like(slopes)
    for s, outcome in enumerate(settings.outcomes):
        terms = FixedTerms.of(outcome, settings, population)
        if settings.durations is not None:
            intercepts[s] = np.log([stratum.ratio for stratum in settings.all_strata])
        elif outcome.link == "logit":
            variance = effects_of(settings).variance(population.x, of=(s,))
            variance = variance + outcome.sd_neighbourhood**2
            log_odds = terms.at(float(slopes[s, 0]))
            intercepts[s] = _logit_intercept(outcome.rate, log_odds, variance, weights=cases)
        else:
            weights, variance = _exposed(s, settings, population, slopes, intercepts)
            for k, rate in enumerate(_rates(outcome, settings, weights)):
                ratio = terms.at(float(slopes[s, k])) + variance / 2
                intercepts[s, k] = intercept_for(rate, ratio, weights=weights[:, k])
    intercept, slope = intercepts.mean(axis=1), slopes.mean(axis=1)
    return ScenarioParameters(
        intercept=intercept,
        slope=slope,
        stratum_intercept=intercepts - intercept[:, None],
        stratum_slope=slopes - slope[:, None],
        cases_intercept=cases_intercept,
    )


def _slopes(outcome: TrueOutcome, settings: ScenarioSettings) -> list[float]:
    return [
        outcome.slope if stratum.gradient is None else math.log(stratum.gradient)
        for stratum in settings.all_strata
    ]


def _rates(outcome: TrueOutcome, settings: ScenarioSettings, exposed: Floats) -> Floats:
    """Rate of each stratum: in proportion to the ratios, and the outcome's over all."""
    ratio = np.array([stratum.ratio for stratum in settings.all_strata])
    total = exposed.sum(axis=0)
    rates: Floats = outcome.rate * ratio * (total.sum() / (ratio @ total))
    return rates


def _expected_cases(settings: ScenarioSettings, population: Population) -> tuple[float, Floats]:
    """Intercept of the outcome that is drawn first, and its expected events by area."""
    children = population.geography.children.astype(np.float64)
    if settings.cases is None:
        return math.nan, children
    variance = effects_of(settings, [settings.cases]).variance(population.x, of=(0,))
    ratio = FixedTerms.of(settings.cases, settings, population).at(settings.cases.slope)
    ratio = ratio + variance / 2
    intercept = intercept_for(settings.cases.rate, ratio, weights=children)
    return intercept, children * np.exp(intercept + ratio)


def _exposed(
    s: int,
    settings: ScenarioSettings,
    population: Population,
    slopes: Floats,
    intercepts: Floats,
) -> tuple[Floats, Floats]:
    """Expected exposure of an outcome, (areas, strata), and the variance that it adds, (areas,).

    The exposure of a later stage is the expected count of the stage before, and its variance what
    its effects add to those of the stages before, with which they may be correlated.
    """
    effects, before = effects_of(settings), stages_before(s, settings)
    exposed = population.exposure.astype(np.float64)
    nested = [settings.outcomes[t].sd_neighbourhood ** 2 for t in (*before, s)]
    own = effects.variance(population.x, of=(*before, s)) + sum(nested)
    if not before:
        return exposed, own
    earlier = effects.variance(population.x, of=before) + sum(nested[:-1])
    log_cases = earlier[:, None] / 2
    for t in before:
        terms = FixedTerms.of(settings.outcomes[t], settings, population)
        log_cases = log_cases + intercepts[t] + terms.at(float(slopes[t, 0]))[:, None]
    return exposed * np.exp(log_cases), own - earlier


def stages_before(s: int, settings: ScenarioSettings) -> tuple[int, ...]:
    """Positions of the outcomes that one is out of, the first stage first."""
    columns = [outcome.column for outcome in settings.outcomes]
    before: tuple[int, ...] = ()
    while settings.outcomes[s].out_of:
        s = columns.index(settings.outcomes[s].out_of)
        before = (s, *before)
    return before


def _logit_intercept(rate: float, log_odds: Floats, variance: Floats, *, weights: Floats) -> float:
    """Intercept at which the mean chance, authority effects integrated out, is the rate."""
    node, weight = hermegauss(NODES)
    spread = np.sqrt(variance)[:, None] * node

    def excess(intercept: float) -> float:
        chance = expit(intercept + log_odds[:, None] + spread) @ (weight / weight.sum())
        return float(np.average(chance, weights=weights)) - rate

    return float(brentq(excess, -20, 20, xtol=1e-10))
