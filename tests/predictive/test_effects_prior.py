"""Distributions of effects written out from the variables of a posterior."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.areas.effects import EFFECTS
from bayesgrad.areas.rates import thinned
from bayesgrad.predictive.effects_prior import (
    deviation_factors,
    deviation_variance,
    effects_distribution,
    factor_of,
    joint_covariance,
)
from tests.predictive.cases import drawn_posterior, model
from tests.small import drawn_design, spec_of


def test_systematic_parts_are_those_of_the_model():
    design = model("several")
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
    own = sample.isel(outcome=1)
    c00, c10, c11 = factor_of(found.of_outcome(3, 1)).T
    assert_allclose(c00, own["sd_intercept"].values)
    assert_allclose(c10**2 + c11**2, own["sd_slope"].values ** 2)
    assert_allclose(c10 / own["sd_slope"].values, own["correlation"].values)
    assert_allclose(found.of_outcome(0, 1), joint_covariance(sample)[:, 2:, 2:])


def test_the_covariance_of_all_outcomes_has_its_pairs_by_rows_of_the_lower_triangle():
    design = model("plain", "poisson", "binomial")
    sample = thinned(drawn_posterior(design, joint=True, chains=1, draws=2))
    found = joint_covariance(sample)
    assert found.shape == (2, 4, 4)
    one = sample.isel(sample=1)
    sd = [float(one[f"sd_{effect}"][s]) for s in range(2) for effect in ("intercept", "slope")]
    packed = iter(one["effect_correlation"].values)
    for i in range(4):
        assert_allclose(found[1, i, i], sd[i] ** 2)
        for k in range(i):
            expected = next(packed) * sd[i] * sd[k]
            assert_allclose([found[1, i, k], found[1, k, i]], expected)


def test_outcomes_of_their_own_covariance_or_of_none_are_apart():
    design = model("plain", "poisson", "binomial")
    posterior = drawn_posterior(design, chains=1, draws=1)
    found = joint_covariance(thinned(posterior))[0]
    assert (found[2:, :2] == 0).all()
    own = posterior["correlation"] * posterior["sd_intercept"] * posterior["sd_slope"]
    assert_allclose([found[1, 0], found[3, 2]], own.values.ravel())
    diagonal = joint_covariance(thinned(posterior.drop_vars("correlation")))[0]
    assert_allclose(diagonal, np.diag(np.diag(found)))


def test_what_does_not_deviate_has_no_variance():
    design = model("several")
    posterior = drawn_posterior(design, deviations=("intercept",))
    found = deviation_variance(thinned(posterior))
    sd = thinned(posterior)["sd_authority_stratum_intercept"].values
    assert_allclose(found[:, [0, 2]], sd**2)
    assert (found[:, [1, 3]] == 0).all()


@pytest.mark.parametrize(
    "text",
    [
        '[years]\ncolumn = "year"',
        '[strata]\ncolumn = "age"\nordered = true\nauthority_deviations = true',
    ],
)
def test_factors_have_the_covariance_of_effects_and_their_deviations(text):
    design = drawn_design(spec_of(text, outcomes=("referrals", "plans")))
    posterior = drawn_posterior(design, joint=True, deviations=EFFECTS)
    sample = thinned(posterior)
    load, shared, own = deviation_factors(design, sample, joint_covariance(sample))
    walk = design.deviation_basis @ design.deviation_basis.T
    strata, effects = len(load), own.shape[1]
    factors = load.shape[1]
    parts = shared.reshape(len(own), factors, effects, factors, effects)
    whole = np.einsum("kf,nfigj,lg->nkilj", load, parts, load)
    whole += np.einsum("ni,ij,kl->nkilj", own, np.eye(effects), np.eye(strata))
    expected = np.einsum("nij,kl->nkilj", joint_covariance(sample), np.ones((strata, strata)))
    expected += np.einsum("ni,ij,kl->nkilj", deviation_variance(sample), np.eye(effects), walk)
    assert_allclose(whole, expected, atol=1e-12)
