"""Integrated likelihoods against dense grids and SciPy's quadrature."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy.integrate import dblquad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from bayesgrad.areas.rates import thinned
from bayesgrad.design import build_design
from bayesgrad.predictive.effects_prior import effects_distribution, factor_of
from bayesgrad.predictive.integrated import by_outcome, integrand, integrated_likelihood
from tests.predictive.cases import (
    FORMS,
    alphas,
    drawn_posterior,
    formed,
    log_densities,
    log_density,
    log_interval,
    model,
    shared_parts,
    with_suppressed,
)
from tests.small import drawn_table
from tests.tiers import quick

GRID = np.linspace(-7.0, 7.0, 201)


def widened(posterior: xr.Dataset) -> xr.Dataset:
    """Draws whose authorities differ more: the made-up counts are then within their reach."""
    factors = {"sd_intercept": 3.0, "sd_slope": 5.0}
    return posterior.assign({name: factor * posterior[name] for name, factor in factors.items()})


def by_grid(design, posterior) -> np.ndarray:
    """The same on a dense grid of standardised effects: exact to all digits, (authority, draw)."""
    joint = thinned(posterior, size=10**9)
    authority, outcome = design.cell_authority[design.rows.cell], design.row_outcome
    stratum = design.rows.cell % len(design.strata)
    offset, alpha = shared_parts(design, joint), alphas(design, joint)
    if "stratum_intercept" in joint:
        offset += joint["stratum_intercept"].values[:, outcome, stratum]
        offset += joint["stratum_slope"].values[:, outcome, stratum] * design.rows.x
    effects = effects_distribution(design, joint)
    w0, w1 = (axis.ravel() for axis in np.meshgrid(GRID, GRID, indexing="ij"))
    log_weight = -(w0**2 + w1**2) / 2 - np.log(2 * np.pi) + 2 * np.log(GRID[1] - GRID[0])
    authorities, outcomes, _ = design.cells
    total = np.zeros((authorities, joint.sizes["sample"]))
    for j, s, d in np.ndindex(authorities, outcomes, joint.sizes["sample"]):
        rows = np.flatnonzero((authority == j) & (outcome == s))
        c00, c10, c11 = factor_of(effects.of_outcome(j, s))[d]
        a = effects.mean[j, s, d, 0] + c00 * w0
        b = effects.mean[j, s, d, 1] + c10 * w0 + c11 * w1
        value = log_weight.copy()
        for i in rows:
            at = offset[d, i] + a + b * design.rows.x[i]
            count, cases = design.rows.count[i], design.rows.exposure[i]
            if design.rows.suppressed[i]:
                value += log_interval(design.forms[s], design.bounds, at, alpha[d, s])
                continue
            value += log_density(design.forms[s], count, cases, at, alpha[d, s])
        total[j, d] += logsumexp(value)
    return total


@pytest.mark.parametrize(
    ("name", "form"),
    quick(
        product(("full", "several"), FORMS),
        *(("full", form) for form in FORMS),
        ("several", "negative_binomial"),
    ),
)
def test_it_agrees_with_a_dense_grid(name, form):
    design = model(name, form)
    posterior = widened(drawn_posterior(design, chains=1, draws=2))
    found = integrated_likelihood(design, thinned(posterior))
    tolerance = 1e-3 * len(design.outcomes)
    assert_allclose(found, by_grid(design, posterior), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("name", "form"),
    quick(
        product(("full", "several"), ("poisson", "negative_binomial")),
        ("full", "negative_binomial"),
    ),
)
def test_it_agrees_with_a_dense_grid_where_counts_are_suppressed(name, form):
    design = with_suppressed(model(name, form))
    assert design.rows.suppressed.any()
    posterior = widened(drawn_posterior(design, chains=1, draws=2))
    found = integrated_likelihood(design, thinned(posterior))
    # The likelihood of bounds is further from a normal one than that of a count.
    tolerance = 5e-3 * len(design.outcomes)
    assert_allclose(found, by_grid(design, posterior), rtol=0, atol=tolerance)


def test_laplace_of_all_effects_is_near_quadrature_where_counts_are_suppressed():
    design = with_suppressed(model("several", "negative_binomial", "poisson"))
    posterior = drawn_posterior(design, chains=1, draws=3, joint=True)
    size = 2 * len(design.forms)
    apart = posterior.drop_vars("effect_correlation")
    # The same model: effects of different outcomes that have no correlation.
    matrix = np.broadcast_to(np.eye(size), (1, 3, size, size)).copy()
    own = np.arange(0, size, 2)
    matrix[..., own + 1, own] = matrix[..., own, own + 1] = posterior["correlation"].values
    lower = np.tril_indices(size, -1)
    values = matrix[..., lower[0], lower[1]]
    together = posterior.assign(
        effect_correlation=posterior["effect_correlation"].copy(data=values)
    )
    one, other = (integrated_likelihood(design, thinned(each)) for each in (apart, together))
    assert_allclose(one, other, rtol=0, atol=0.05)


@pytest.mark.parametrize("largest", [2, 3, 6])
@pytest.mark.parametrize("form", FORMS)
def test_it_agrees_where_there_are_few_events_or_none(largest, form):
    design = build_design(formed(form), drawn_table(areas=3, largest=largest))
    # Wide distributions of effects, that so few events hardly narrow.
    posterior = widened(drawn_posterior(design, chains=1, draws=2))
    found = integrated_likelihood(design, thinned(posterior))
    assert_allclose(found, by_grid(design, posterior), rtol=0, atol=2e-3)


def test_it_agrees_where_an_authority_is_far_from_the_others():
    design = build_design(formed("negative_binomial"), drawn_table(areas=6, largest=2000))
    posterior = widened(drawn_posterior(design, chains=1, draws=2))
    rate = design.cell_sum(design.rows.count) / design.cell_sum(design.rows.exposure)
    effect = posterior["authority_intercept"]
    level = np.broadcast_to(np.log(rate[..., 0]), effect.shape)
    posterior["authority_intercept"] = effect.copy(data=level)
    found = integrated_likelihood(design, thinned(posterior))
    assert_allclose(found, by_grid(design, posterior), rtol=0, atol=1e-3)


def test_it_agrees_where_most_cases_have_events():
    # Under the log link likely effects are then near impossible ones, and nodes among these.
    design = build_design(formed("binomial of log link"), drawn_table(areas=4, largest=40))
    fewer = replace(design.rows, exposure=np.ceil(1.6 * design.rows.count + 5))
    design = replace(design, rows=fewer)
    posterior = widened(drawn_posterior(design, chains=1, draws=2))
    found = integrated_likelihood(design, thinned(posterior))
    assert_allclose(found, by_grid(design, posterior), rtol=0, atol=0.02)


def test_it_agrees_with_adaptive_quadrature_of_the_definition():
    design = build_design(formed("poisson"), drawn_table(authorities=2, areas=3, largest=9))
    posterior = drawn_posterior(design, chains=1, draws=1)
    sample = thinned(posterior)
    effects = effects_distribution(design, sample)
    rows = design.rows.cell == 0
    prior = multivariate_normal(effects.mean[0, 0, 0], effects.of_outcome(0, 0)[0])
    exposure, x, count = design.rows.exposure[rows], design.rows.x[rows], design.rows.count[rows]

    def integrand(b: float, a: float) -> float:
        at = np.log(exposure) + a + b * x
        log_p = log_density(design.forms[0], count, exposure, at, 1.0).sum()
        return np.exp(log_p + prior.logpdf([a, b]) + 10.0)

    (a, b), sd = prior.mean, np.sqrt(np.diag(prior.cov))
    value, _ = dblquad(integrand, a - 6 * sd[0], a + 6 * sd[0], b - 6 * sd[1], b + 6 * sd[1])
    found = integrated_likelihood(design, sample)[0, 0]
    assert_allclose(found, np.log(value) - 10.0, atol=1e-4)


@pytest.mark.parametrize("form", ["negative_binomial", "beta-binomial of log link"])
def test_more_nodes_change_nothing_where_there_are_many_events(monkeypatch, form):
    design = build_design(formed(form), drawn_table(areas=60, largest=60))
    sample = thinned(drawn_posterior(design, chains=1, draws=5))
    few = integrated_likelihood(design, sample)
    monkeypatch.setattr(by_outcome, "NODES", 9)
    monkeypatch.setattr(by_outcome, "MUCH_INFORMATION", np.inf)
    assert_allclose(few, integrated_likelihood(design, sample), rtol=0, atol=5e-4)


@pytest.mark.parametrize("joint", [False, True])
def test_the_result_does_not_depend_on_how_many_draws_are_taken_at_a_time(monkeypatch, joint):
    design = model("full", "negative_binomial", "binomial")
    sample = thinned(drawn_posterior(design, joint=joint))
    together = integrated_likelihood(design, sample)
    monkeypatch.setattr(integrand, "LARGEST_OFFSETS", 20)
    # Each centres its search on draws of its own, to within what that matters.
    assert_allclose(integrated_likelihood(design, sample), together, atol=2e-3 if joint else 1e-4)


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_effects_without_spread_leave_the_likelihood_of_their_mean(form, joint):
    design = model("several", form)
    posterior = drawn_posterior(design, chains=1, draws=2, joint=joint)
    for name in ("sd_intercept", "sd_slope"):
        posterior[name] = posterior[name] * 0
    sample = thinned(posterior)
    mean = effects_distribution(design, sample).mean.transpose(2, 0, 1, 3)[None]
    posterior["authority_intercept"].values[:] = mean[..., 0]
    posterior["authority_slope"].values[:] = mean[..., 1]
    of_rows, authority = log_densities(design, posterior), design.cell_authority[design.rows.cell]
    expected = [of_rows[:, authority == j].sum(axis=1) for j in range(5)]
    assert_allclose(integrated_likelihood(design, sample), expected, rtol=1e-10)


def only(design, kept: np.ndarray, **changes):
    """The design of some of its rows."""
    names = ("cell", "count", "exposure", "deprivation", "x", "gradient_moderators", "curve")
    names = (*names, "suppressed")
    rows = {name: getattr(design.rows, name)[kept] for name in names}
    return replace(design, rows=replace(design.rows, **(rows | changes)))


@pytest.mark.parametrize("joint", [False, True])
def test_an_outcome_without_rows_in_an_authority_leaves_its_others(joint):
    design = model("plain", "negative_binomial", "binomial")
    cell = design.rows.cell
    posterior = drawn_posterior(design, chains=1, draws=3, joint=joint)
    found = integrated_likelihood(only(design, cell != 1), thinned(posterior))
    whole = integrated_likelihood(design, thinned(posterior))
    assert_allclose(found[1:], whole[1:])
    first = cell % 2 == 0
    alone = replace(only(design, first, cell=cell[first] // 2), forms=design.forms[:1])
    own = posterior.isel(outcome=[0]).drop_vars("effect_correlation", errors="ignore")
    assert_allclose(found[0], integrated_likelihood(alone, thinned(own))[0], atol=5e-3)
