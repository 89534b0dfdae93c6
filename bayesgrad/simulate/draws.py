"""Draws of a scenario: authority effects, then the counts of every outcome and stratum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from bayesgrad.design.strata import strata_basis
from bayesgrad.simulate.counts import draw_cases, draw_rates
from bayesgrad.simulate.episodes import Episodes, draw_episodes
from bayesgrad.simulate.geography import Floats, Integers
from bayesgrad.simulate.neighbours import alike
from bayesgrad.simulate.parameters import (
    FixedTerms,
    ScenarioParameters,
    effects_of,
)
from bayesgrad.simulate.population import Population
from bayesgrad.simulate.scenario_settings import ScenarioSettings, TrueOutcome


@dataclass(frozen=True, eq=False)
class ScenarioDraws:
    """One draw of the outcomes of a scenario.

    Attributes
    ----------
    intercept, slope : ndarray, shape (authorities, outcomes)
        a_j and b_j, means over strata.
    count : ndarray of int, shape (outcomes, areas, strata)
    exposure : ndarray, shape (areas, strata)
        Children, cases, or years at risk: of every outcome but those out of an earlier one's
        events.
    episodes : Episodes or None
    stratum_intercept, stratum_slope : ndarray, shape (authorities, outcomes, strata)
        By which an authority's strata deviate from the nation's; they sum to zero.
    """

    intercept: Floats
    slope: Floats
    count: Integers
    exposure: Floats | Integers
    episodes: Episodes | None
    stratum_intercept: Floats
    stratum_slope: Floats


@dataclass(frozen=True, eq=False)
class _Effects:
    """a_j and b_j of one outcome, each (authorities,), and what they make of the areas.

    The effect of each area's neighbourhood, (areas,), is added, where there are any.
    """

    intercept: Floats
    slope: Floats
    terms: FixedTerms
    neighbourhood: Floats | float = 0.0

    def predictor(self, level: Floats, gradient: Floats) -> Floats:
        """Linear predictor for deviations of strata, (strata,) or (areas, strata).

        Returns
        -------
        ndarray, shape (areas, strata)
        """
        terms, at = self.terms, self.terms.authority
        mean = self.intercept[at] + self.slope[at] * terms.x + terms.area + self.neighbourhood
        predictor: Floats = mean[:, None] + (level + gradient * terms.x[:, None])
        return predictor


def draw_scenario(
    settings: ScenarioSettings,
    population: Population,
    parameters: ScenarioParameters,
    *,
    seed: np.random.SeedSequence,
    cases_seed: np.random.SeedSequence,
) -> ScenarioDraws:
    """Draw the authority effects and the counts of a scenario on a population."""
    rng = np.random.default_rng(seed)
    cases = population.exposure
    if settings.cases is not None:
        cases = _draw_first(settings, settings.cases, population, parameters, cases_seed)
    u0, u1 = alike(*effects_of(settings).draw(len(population.w), rng), settings.spatial)
    drawn = []
    for s, outcome in enumerate(settings.outcomes):
        terms = FixedTerms.of(outcome, settings, population)
        drawn.append(
            _Effects(
                parameters.intercept[s] + terms.level + u0[s],
                parameters.slope[s] + terms.gradient + u1[s],
                terms,
                _neighbourhoods(outcome, settings, population, rng),
            )
        )
    levels, gradients = _walks(settings, len(population.w), rng)
    at = population.geography.authority
    predictors = [
        effects.predictor(
            parameters.stratum_intercept[s] + levels[at, s],
            parameters.stratum_slope[s] + gradients[at, s],
        )
        for s, effects in enumerate(drawn)
    ]
    episodes: Episodes | None = None
    exposure: Floats | Integers = cases
    if settings.durations is not None:
        hazard = np.exp(predictors[0])
        episodes = draw_episodes(cases[:, 0], hazard, settings.durations, rng=rng)
        closed, exposure = episodes.by_interval(settings.durations.breaks, areas=len(hazard))
        count = closed[None]
    else:
        count = _counts(settings, predictors, cases, rng)
    return ScenarioDraws(
        intercept=np.stack([effects.intercept for effects in drawn], axis=1),
        slope=np.stack([effects.slope for effects in drawn], axis=1),
        count=count,
        exposure=exposure,
        episodes=episodes,
        stratum_intercept=levels,
        stratum_slope=gradients,
    )


def _neighbourhoods(
    outcome: TrueOutcome,
    settings: ScenarioSettings,
    population: Population,
    rng: np.random.Generator,
) -> Floats | float:
    """Effect on an outcome of the neighbourhood of each area; 0 where there are none."""
    if not settings.areas_per_neighbourhood:
        return 0.0
    place = population.geography.neighbourhoods(settings.areas_per_neighbourhood)
    effects: Floats = outcome.sd_neighbourhood * rng.standard_normal(place[-1] + 1)
    return effects[place]


def _walks(
    settings: ScenarioSettings, authorities: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Walks of authorities, of levels and of gradients, each (authorities, outcomes, strata)."""
    shape = (authorities, len(settings.outcomes), len(settings.all_strata))
    strata = settings.strata
    if strata is None or not strata.walks:
        return np.zeros(shape), np.zeros(shape)
    basis = strata_basis(shape[2], ordered=strata.ordered)
    levels, gradients = (
        step * rng.standard_normal((*shape[:2], basis.shape[1])) @ basis.T
        for step in (strata.step_intercept, strata.step_slope)
    )
    return levels, gradients


def _draw_first(
    settings: ScenarioSettings,
    cases: TrueOutcome,
    population: Population,
    parameters: ScenarioParameters,
    seed: np.random.SeedSequence,
) -> Integers:
    """Cases, or episodes, of each area: (areas, 1)."""
    rng = np.random.default_rng(seed)
    u0, u1 = effects_of(settings, [cases]).draw(len(population.w), rng)
    terms = FixedTerms.of(cases, settings, population)
    effects = _Effects(
        parameters.cases_intercept + terms.level + u0[0],
        cases.slope + terms.gradient + u1[0],
        terms,
    )
    predictor = effects.predictor(np.zeros(1), np.zeros(1))
    children = population.geography.children[:, None]
    return draw_rates(np.exp(np.log(children) + predictor), alpha=cases.alpha, rng=rng)


def _counts(
    settings: ScenarioSettings,
    predictors: list[Floats],
    exposure: Integers,
    rng: np.random.Generator,
) -> Integers:
    """Counts of every outcome in order, (outcomes, areas, strata)."""
    counts: dict[str, Integers] = {}
    for outcome, predictor in zip(settings.outcomes, predictors, strict=True):
        cases = counts[outcome.out_of] if outcome.out_of else exposure
        if outcome.family in ("poisson", "negative_binomial"):
            with np.errstate(divide="ignore"):
                expected = np.exp(np.log(cases) + predictor)
            drawn = draw_rates(expected, alpha=outcome.alpha, rng=rng)
        else:
            chance = expit(predictor) if outcome.link == "logit" else np.exp(predictor)
            drawn = draw_cases(cases, chance, alpha=outcome.alpha, rng=rng)
        counts[outcome.column] = drawn
    return np.stack(list(counts.values()))
