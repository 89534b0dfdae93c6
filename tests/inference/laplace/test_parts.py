from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.inference.laplace import LaplaceApproximation, sampling
from bayesgrad.inference.laplace.latent import LatentModel
from bayesgrad.inference.laplace.parts import independent_parts
from bayesgrad.spec.parts import Sampling
from tests.inference.laplace.cases import FORMS, OF_PARTS, form_of
from tests.inference.laplace.simulated import simulated_case

SHORT = Sampling(engine="laplace", draws=100, chains=3, seed=5)


@pytest.mark.parametrize("form", FORMS)
def test_a_model_whose_outcomes_share_a_covariance_is_one_part(form):
    case = form_of(form)
    assert independent_parts(case.spec, case.design) == (case.design,)


@pytest.mark.parametrize("form", OF_PARTS)
def test_parts_are_the_outcomes_and_their_likelihoods_add_up(form):
    case = form_of(form)
    parts = independent_parts(case.spec, case.design)
    assert [part.outcomes for part in parts] == [("referrals",), ("plans",)]
    rng = np.random.default_rng(3)
    effects = [-3.0, 0.3] + 0.2 * rng.normal(size=(*case.design.cells, 2))
    terms = rng.normal(size=(2, len(case.design.rows.covariates.names)))
    alpha = np.array([2.0, 5.0])
    whole = case.latent.likelihood.pieces(effects, terms, alpha=alpha).value
    values = [
        LatentModel.of(case.spec, part)
        .likelihood.pieces(effects[:, [s]], terms[[s]], alpha=alpha[[s]])
        .value
        for s, part in enumerate(parts)
    ]
    assert_allclose(sum(values), whole, rtol=1e-12)


def test_the_last_outcome_of_a_spec_is_the_same_alone():
    case = simulated_case("each outcome for itself", authorities=15, areas=15)
    _, last = independent_parts(case.spec, case.design)
    both = LaplaceApproximation.find(case.spec, case.design)
    alone = LaplaceApproximation.find(case.spec, last)
    assert_allclose(both.parts[1].mode.at.theta, alone.parts[0].mode.at.theta, rtol=1e-9)
    assert both.parts[1].mode.at.value == alone.parts[0].mode.at.value
    assert both.parts[1].posterior.hyper.titles == (
        "sd_intercept of plans",
        "sd_slope of plans",
        "sd_stratum_intercept of plans",
        "sd_stratum_slope of plans",
        "correlation of plans intercepts and slopes",
    )


@pytest.mark.full
def test_statistics_of_parts_are_those_of_the_worst(monkeypatch):
    monkeypatch.setattr(sampling, "proposals_for", lambda hyperparameters: 9)
    case = simulated_case("each outcome for itself", authorities=15, areas=15)
    found = LaplaceApproximation.find(case.spec, case.design)
    drawn = found.sample(SHORT)["sample_stats"]
    seeds = np.random.SeedSequence(SHORT.seed).spawn(2)
    samples = [part.sample(300, seed=seed) for part, seed in zip(found.parts, seeds, strict=True)]
    assert float(drawn["k_hat"]) == max(s.weights.k_hat for s in samples)
    assert float(drawn["importance_ess"]) == min(s.weights.effective_size for s in samples)
    assert float(drawn["mean_shift"]) == max(s.mean_shift for s in samples)
    pairs = np.stack([sample.proposal for sample in samples], axis=1)
    assert len(np.unique(drawn["proposal"])) == len(np.unique(pairs, axis=0))
