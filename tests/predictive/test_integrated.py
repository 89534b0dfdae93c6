"""Integrated likelihoods against dense grids and SciPy's quadrature."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy.integrate import dblquad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from bayesgrad.areas.rates import thinned
from bayesgrad.design import build_design
from bayesgrad.predictive import integrated
from bayesgrad.predictive.integrated import (
    effects_distribution,
    gauss_hermite,
    integrated_likelihood,
)
from tests.predictive.cases import column_effects, drawn_posterior, log_density, model
from tests.small import drawn_table, spec_of

GRID = np.linspace(-7.0, 7.0, 201)


def widened(posterior: xr.Dataset) -> xr.Dataset:
    """Draws whose authorities differ more: the made-up counts are then within their reach."""
    factors = {"sd_intercept": 3.0, "sd_slope": 5.0}
    return posterior.assign({name: factor * posterior[name] for name, factor in factors.items()})


def by_grid(design, posterior) -> np.ndarray:
    """The same on a dense grid of standardised effects: exact to all digits, (authority, draw)."""
    joint = thinned(posterior, size=10**9)
    authority, outcome = design.cell_authority[design.rows.cell], design.row_outcome
    offset = np.log(design.rows.exposure) + column_effects(design, joint, outcome)
    effects = effects_distribution(design, joint)
    w0, w1 = (axis.ravel() for axis in np.meshgrid(GRID, GRID, indexing="ij"))
    log_weight = -(w0**2 + w1**2) / 2 - np.log(2 * np.pi) + 2 * np.log(GRID[1] - GRID[0])
    authorities, outcomes, _ = design.cells
    total = np.zeros((authorities, joint.sizes["sample"]))
    for j, s, d in np.ndindex(authorities, outcomes, joint.sizes["sample"]):
        rows = np.flatnonzero((authority == j) & (outcome == s))
        c00, c10, c11 = effects.factor[s, d]
        a = effects.mean[j, s, d, 0] + c00 * w0
        b = effects.mean[j, s, d, 1] + c10 * w0 + c11 * w1
        alpha = float(joint["alpha"][d, s]) if "alpha" in joint else None
        value = log_weight.copy()
        for i in rows:
            mean = np.exp(offset[d, i] + a + b * design.rows.x[i])
            value += log_density(design.rows.count[i], mean, alpha)
        total[j, d] += logsumexp(value)
    return total


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
@pytest.mark.parametrize("name", ["full", "several"])
def test_it_agrees_with_a_dense_grid(name, family):
    _, design = model(name)
    posterior = widened(drawn_posterior(design, family=family, chains=1, draws=2))
    found = integrated_likelihood(design, thinned(posterior))
    tolerance = 1e-3 * len(design.outcomes)
    assert_allclose(found, by_grid(design, posterior), rtol=0, atol=tolerance)


@pytest.mark.parametrize("largest", [2, 3, 6])
@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_it_agrees_where_there_are_few_events_or_none(largest, family):
    design = build_design(spec_of(), drawn_table(areas=3, largest=largest))
    # Wide distributions of effects, that so few events hardly narrow.
    posterior = widened(drawn_posterior(design, family=family, chains=1, draws=2))
    found = integrated_likelihood(design, thinned(posterior))
    assert_allclose(found, by_grid(design, posterior), rtol=0, atol=2e-3)


def test_it_agrees_where_an_authority_is_far_from_the_others():
    design = build_design(spec_of(), drawn_table(areas=6, largest=2000))
    posterior = widened(drawn_posterior(design, chains=1, draws=2))
    rate = design.cell_sum(design.rows.count) / design.cell_sum(design.rows.exposure)
    effect = posterior["authority_intercept"]
    posterior["authority_intercept"] = effect.copy(data=np.broadcast_to(np.log(rate), effect.shape))
    found = integrated_likelihood(design, thinned(posterior))
    assert_allclose(found, by_grid(design, posterior), rtol=0, atol=1e-3)


def test_it_agrees_with_adaptive_quadrature_of_the_definition():
    design = build_design(spec_of(), drawn_table(authorities=2, areas=3, largest=9))
    posterior = drawn_posterior(design, family="poisson", chains=1, draws=1)
    sample = thinned(posterior)
    effects = effects_distribution(design, sample)
    rows = design.rows.cell == 0
    factor = np.array(
        [[effects.factor[0, 0, 0], 0.0], [effects.factor[0, 0, 1], effects.factor[0, 0, 2]]]
    )
    prior = multivariate_normal(effects.mean[0, 0, 0], factor @ factor.T)
    exposure, x, count = design.rows.exposure[rows], design.rows.x[rows], design.rows.count[rows]

    def integrand(b: float, a: float) -> float:
        log_p = log_density(count, exposure * np.exp(a + b * x), None).sum()
        return np.exp(log_p + prior.logpdf([a, b]) + 10.0)

    (a, b), sd = prior.mean, np.sqrt(np.diag(prior.cov))
    value, _ = dblquad(integrand, a - 6 * sd[0], a + 6 * sd[0], b - 6 * sd[1], b + 6 * sd[1])
    found = integrated_likelihood(design, sample)[0, 0]
    assert_allclose(found, np.log(value) - 10.0, atol=1e-4)


def test_more_nodes_change_nothing_where_there_are_many_events(monkeypatch):
    design = build_design(spec_of(), drawn_table(areas=60, largest=60))
    sample = thinned(drawn_posterior(design, chains=1, draws=5))
    few = integrated_likelihood(design, sample)
    monkeypatch.setattr(integrated, "NODES", 9)
    assert_allclose(few, integrated_likelihood(design, sample), rtol=0, atol=5e-4)


def test_the_result_does_not_depend_on_how_many_draws_are_taken_at_a_time(monkeypatch):
    _, design = model("full")
    sample = thinned(drawn_posterior(design))
    together = integrated_likelihood(design, sample)
    monkeypatch.setattr(integrated, "LARGEST_OFFSETS", 20)
    # Each centres its quadrature from draws of its own, to within what that matters.
    assert_allclose(integrated_likelihood(design, sample), together, atol=1e-4)


def test_effects_without_spread_leave_the_likelihood_of_their_mean():
    design = build_design(spec_of(), drawn_table())
    posterior = drawn_posterior(design, chains=1, draws=2)
    for name in ("sd_intercept", "sd_slope"):
        posterior[name] = posterior[name] * 0
    sample = thinned(posterior)
    mean = effects_distribution(design, sample).mean
    for j in range(5):
        rows = design.rows.cell == j
        eta = mean[j, 0, :, :1] + mean[j, 0, :, 1:] * design.rows.x[rows]
        expected = log_density(
            design.rows.count[rows],
            design.rows.exposure[rows] * np.exp(eta),
            sample["alpha"].values,
        ).sum(axis=1)
        assert_allclose(integrated_likelihood(design, sample)[j], expected, rtol=1e-10)


def test_systematic_parts_are_those_of_the_model():
    _, design = model("several")
    sample = thinned(drawn_posterior(design))
    found = effects_distribution(design, sample)
    known = design.authorities
    for j, s, d in np.ndindex(5, 2, 24):
        one = sample.isel(outcome=s, sample=d)
        level = (
            one["intercept"].values
            + known.moderation[j] @ one["between"].values
            + known.moderators.values[j] @ one["authority_moderator_level"].values
        )
        gradient = (
            one["slope"].values
            + known.moderation[j] @ one["interaction"].values
            + known.moderators.values[j] @ one["authority_moderator_gradient"].values
        )
        assert_allclose(found.mean[j, s, d], [level, gradient])
    c00, c10, c11 = np.moveaxis(found.factor, -1, 0)
    sd, correlation = sample["sd_slope"].values.T, sample["correlation"].values.T
    assert_allclose(c00, sample["sd_intercept"].values.T)
    assert_allclose(c10**2 + c11**2, sd**2)
    assert_allclose(c10 / sd, correlation)


@pytest.mark.parametrize("nodes", [1, 3, 7])
def test_the_rule_has_the_moments_of_the_standard_normal_distribution(nodes):
    points, log_weights = gauss_hermite(nodes)
    for power, moment in ((0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)):
        if power < 2 * nodes:
            assert_allclose(np.exp(log_weights) @ points**power, moment)
