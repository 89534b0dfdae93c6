"""Scores of authorities against posteriors of the others that are known, or sampled anew."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy.special import logsumexp
from scipy.stats import norm

from bayesgrad.areas.rates import thinned
from bayesgrad.design import build_design
from bayesgrad.predictive.authorities import leave_one_authority_out
from bayesgrad.predictive.integrated import integrated_likelihood
from tests.predictive.cases import drawn_posterior, formed, model
from tests.small import table_of

LEVELS = np.linspace(-4.6, -3.4, 241)
SD = 0.25


def national_level(design, posterior: xr.Dataset, levels: np.ndarray) -> xr.Dataset:
    """Draws in which authorities share an unknown level alone; their spread is known."""
    crude = design.cell_sum(design.rows.count) / design.cell_sum(design.rows.exposure)
    one = posterior.isel(chain=[0], draw=np.zeros(len(levels), dtype=int))
    known = {"slope": 0.3, "sd_intercept": SD, "sd_slope": 0.05, "correlation": 0.0}
    drawn = {name: xr.full_like(one[name], value) for name, value in known.items()}
    drawn["intercept"] = one["intercept"].copy(data=levels[None, :, None])
    effects = {
        "authority_intercept": np.broadcast_to(
            np.log(crude[..., 0]),
            one["authority_intercept"].shape,
        ),
        "authority_slope": np.full(one["authority_slope"].shape, 0.3),
    }
    return one.assign(drawn | {name: one[name].copy(data=v) for name, v in effects.items()})


def test_the_score_is_that_of_posteriors_of_the_others_found_by_brute_force():
    # One unknown, the common level, on a grid: every posterior, with and without an authority, is
    # known to all digits.
    rng = np.random.default_rng(4)
    authorities, areas = 12, 5
    own = rng.normal(-4.0, SD, authorities)
    exposure = rng.integers(200, 900, authorities * areas)
    table = table_of(
        authority=np.repeat([f"A{j:02d}" for j in range(authorities)], areas).tolist(),
        deprivation=rng.uniform(0.0, 0.4, authorities * areas),
        exposure=exposure,
        count=rng.poisson(exposure * np.exp(np.repeat(own, areas))),
    )
    design = build_design(formed("poisson", text='[authority]\nmoderation = "none"\n'), table)
    some = drawn_posterior(design)
    grid = thinned(national_level(design, some, LEVELS))
    likelihood = integrated_likelihood(design, grid)
    log_prior = norm.logpdf(LEVELS, -4.0, 1.0)
    exact = np.empty(authorities)
    for j in range(authorities):
        others = log_prior + np.delete(likelihood, j, axis=0).sum(axis=0)
        exact[j] = logsumexp(others + likelihood[j]) - logsumexp(others)

    log_posterior = log_prior + likelihood.sum(axis=0)
    weight = np.exp(log_posterior - log_posterior.max())
    drawn = rng.choice(LEVELS, 500, p=weight / weight.sum())
    found = leave_one_authority_out(design, national_level(design, some, drawn))
    assert_allclose(found["authority_elpd"], exact, atol=0.05)
    assert_allclose(found["authority_elpd"].sum(), exact.sum(), atol=0.15)
    assert (found["authority_k_hat"] < 0.7).all()
    assert 0.5 < float(found["authority_p_loo"].sum()) < 2.5
    assert_allclose(
        float(found["authority_se"]), np.sqrt(authorities * exact.var(ddof=1)), rtol=0.02
    )


def test_an_authority_that_none_of_the_draws_explains_is_found_out():
    design = model("plain")
    posterior = drawn_posterior(design, draws=250)
    # Spreads that every authority's counts alone decide.
    drawn = np.abs(np.random.default_rng(1).normal(0.05, 0.03, (2, 250, 1))) + 0.005
    posterior["sd_intercept"] = posterior["sd_intercept"].copy(data=drawn)
    found = leave_one_authority_out(design, posterior)
    assert float(found["authority_k_hat"].max()) > 0.7


@pytest.mark.parametrize("draws", [2, 12, 40])
def test_draws_without_a_tail_give_plain_weights_of_unknown_reliability(draws):
    design = model("plain")
    posterior = drawn_posterior(design, draws=draws)
    if draws == 40:
        posterior = posterior.isel(draw=np.zeros(draws, dtype=int), chain=[0])
    found = leave_one_authority_out(design, posterior)
    likelihood = integrated_likelihood(design, thinned(posterior))
    plain = np.log(likelihood.shape[1]) - logsumexp(-likelihood, axis=1)
    assert_allclose(found["authority_elpd"], plain)
    assert np.isnan(found["authority_k_hat"]).all()


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("deviations", [(), ("intercept",), ("intercept", "slope")])
def test_outcomes_are_scored_jointly_and_strata_share_their_effects(joint, deviations):
    design = model("several", "negative_binomial", "beta-binomial of log link")
    posterior = drawn_posterior(design, draws=30, joint=joint, deviations=deviations)
    found = leave_one_authority_out(design, posterior)
    assert found["authority_elpd"].dims == ("authority",)
    assert np.isfinite(found["authority_elpd"]).all()
