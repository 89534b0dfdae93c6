"""Scores and replicates with effects of neighbourhoods, against dense grids."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy.special import logsumexp

from bayesgrad.areas.rates import cell_rates, thinned
from bayesgrad.errors import FitError
from bayesgrad.predictive.effects_prior import effects_distribution, factor_of
from bayesgrad.predictive.integrated import integrated_likelihood
from bayesgrad.predictive.predictor import blocks
from tests.predictive.cases import (
    FORMS,
    alphas,
    drawn_posterior,
    log_density,
    model,
    predictors,
    shared_parts,
)
from tests.small import in_neighbourhoods
from tests.tiers import quick

GRID = np.linspace(-6.0, 6.0, 61)


def with_effects(design, posterior: xr.Dataset, *, sd: float) -> xr.Dataset:
    """Draws with effects of neighbourhoods, and wider distributions of authorities' effects."""
    rng = np.random.default_rng(5)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(design.forms))
    sds = sd * np.exp(rng.normal(0.0, 0.2, shape))
    effects = sds[..., None] * rng.normal(size=(*shape, len(design.neighbourhoods)))
    return posterior.assign(
        sd_intercept=3.0 * posterior["sd_intercept"],
        sd_slope=5.0 * posterior["sd_slope"],
        sd_neighbourhood=(("chain", "draw", "outcome"), sds),
        neighbourhood_effect=(("chain", "draw", "outcome", "neighbourhood"), effects),
    )


def by_grid(design, posterior: xr.Dataset) -> np.ndarray:
    """Log likelihoods of authorities, effects of all kinds integrated out: (authority, draw)."""
    joint = thinned(posterior, size=10**9)
    outcome, stratum = design.row_outcome, design.rows.cell % len(design.strata)
    authority, place = design.cell_authority[design.rows.cell], design.rows.neighbourhood
    offset, alpha = shared_parts(design, joint), alphas(design, joint)
    if "stratum_intercept" in joint:
        offset += joint["stratum_intercept"].values[:, outcome, stratum]
        offset += joint["stratum_slope"].values[:, outcome, stratum] * design.rows.x
    effects, step = effects_distribution(design, joint), np.log(GRID[1] - GRID[0])
    normal = -(GRID**2) / 2 - np.log(2 * np.pi) / 2 + step
    w0, w1 = (axis.ravel() for axis in np.meshgrid(GRID, GRID, indexing="ij"))
    log_weight = (normal[:, None] + normal).ravel()
    authorities, outcomes, _ = design.cells
    total = np.zeros((authorities, joint.sizes["sample"]))
    for j, s, d in np.ndindex(authorities, outcomes, joint.sizes["sample"]):
        c00, c10, c11 = factor_of(effects.of_outcome(j, s))[d]
        a = effects.mean[j, s, d, 0] + c00 * w0
        b = effects.mean[j, s, d, 1] + c10 * w0 + c11 * w1
        v = joint["sd_neighbourhood"].values[d, s] * GRID
        value = log_weight.copy()
        own = (authority == j) & (outcome == s)
        for m in np.unique(place[own]):
            inner = np.tile(normal, (len(a), 1))
            for i in np.flatnonzero(own & (place == m)):
                at = (offset[d, i] + a + b * design.rows.x[i])[:, None] + v
                count, cases = design.rows.count[i], design.rows.exposure[i]
                inner += log_density(design.forms[s], count, cases, at, alpha[d, s])
            value += logsumexp(inner, axis=1)
        total[j, d] += logsumexp(value)
    return total


NAMED = [*(("plain", form) for form in FORMS), ("several", "negative_binomial")]


@pytest.mark.parametrize(
    ("name", "form"), quick(NAMED, ("plain", "negative_binomial"), ("plain", "binomial"))
)
def test_scores_of_authorities_integrate_neighbourhoods_out(name, form):
    design = in_neighbourhoods(model(name, form))
    posterior = with_effects(design, drawn_posterior(design, chains=1, draws=2), sd=0.3)
    found = integrated_likelihood(design, thinned(posterior))
    expected = by_grid(design, posterior)
    assert_allclose(found, expected, rtol=0, atol=3e-3 * len(design.outcomes))


def test_neighbourhoods_that_do_not_differ_change_no_score():
    design = model("several")
    posterior = drawn_posterior(design, chains=1, draws=3)
    nothing = posterior.assign(sd_neighbourhood=0.0 * posterior["sd_intercept"])
    found = integrated_likelihood(in_neighbourhoods(design), thinned(nothing))
    assert_allclose(found, integrated_likelihood(design, thinned(posterior)), rtol=0, atol=1e-8)


def test_outcomes_of_one_covariance_are_integrated_with_their_neighbourhoods():
    # Where no two effects are correlated both ways are the product over outcomes; Laplace's method
    # has an error of some 0.01.
    design = in_neighbourhoods(model("several"))
    posterior = with_effects(design, drawn_posterior(design, chains=1, draws=3), sd=0.3)
    posterior["correlation"] *= 0.0
    effects = 2 * len(design.forms)
    pairs = np.zeros((1, 3, effects * (effects - 1) // 2))
    joint = posterior.assign(effect_correlation=(("chain", "draw", "effect_pair"), pairs))
    found = integrated_likelihood(design, thinned(joint))
    assert_allclose(found, integrated_likelihood(design, thinned(posterior)), rtol=0, atol=0.02)


def test_strata_of_an_authoritys_own_beside_neighbourhoods_are_refused():
    design = in_neighbourhoods(model("several"))
    posterior = drawn_posterior(design, deviations=("intercept", "slope"))
    with pytest.raises(FitError, match="tie the strata"):
        integrated_likelihood(design, thinned(posterior))


def test_predictors_and_rates_have_the_effects_of_neighbourhoods():
    design = in_neighbourhoods(model("several", "negative_binomial"))
    posterior = with_effects(design, drawn_posterior(design), sd=0.3)
    sample = thinned(posterior)
    effect = sample["neighbourhood_effect"].values
    of_rows = effect[:, design.row_outcome, design.rows.neighbourhood]
    expected = predictors(design, posterior) + of_rows
    for block in blocks(design, sample, size=3):
        assert_allclose(block.predictor, expected[:, block.rows].T, rtol=1e-12)
    for cell in cell_rates(design, sample):
        rate = cell.log_rate + np.log(design.rows.exposure[cell.rows])
        assert_allclose(rate, expected[:, cell.rows], rtol=1e-12)
