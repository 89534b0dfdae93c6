from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.data import prepare_table
from bayesgrad.design import build_design
from bayesgrad.fitting.run import with_sampling
from bayesgrad.inference.laplace import LaplaceApproximation
from bayesgrad.inference.laplace.importance import evidence_of, propose
from bayesgrad.spec.priors import LocationPrior

LOCATION = np.array([1.0, -2.0])
COVARIANCE = np.array([[0.5, 0.2], [0.2, 0.3]])


def test_evidence_is_the_integral_of_the_target():
    points, log_density = propose(LOCATION, COVARIANCE, log2_size=12, seed=np.random.default_rng(1))
    target = stats.multivariate_normal(LOCATION, 0.8 * COVARIANCE).logpdf(points) + 7.0
    found = evidence_of(target - log_density, proposed=len(points))
    assert found.log == pytest.approx(7.0, abs=0.01)
    assert 0.0 < found.error < 0.02


def test_proposals_of_no_weight_count_and_equal_ratios_have_no_error():
    found = evidence_of(np.log([2.0, 2.0]), proposed=4)
    assert found.log == pytest.approx(0.0)
    assert found.error == pytest.approx(0.5)
    assert evidence_of(np.log([2.0, 2.0]), proposed=2).error == 0.0


def test_the_error_is_that_of_repeated_proposals():
    # 200 repeats of 64 independent points: the ratio of sds has a standard error of some 0.06.
    rng = np.random.default_rng(2)
    points = rng.standard_t(6, (200, 64))
    ratio = stats.norm(0.3, 0.7).logpdf(points) - stats.t(6).logpdf(points)
    found = [evidence_of(row, proposed=64) for row in ratio]
    stated = np.mean([one.error for one in found])
    assert_allclose(np.std([one.log for one in found]), stated, rtol=0.3)


@pytest.mark.full
def test_evidence_of_a_value_held_is_the_density_ratio_there(england, england_spec):
    """Savage and Dickey: p(y | c) / p(y) is the posterior over the prior density at c.

    An importance sample of 200 gives one log evidence an error of 0.07 at most; the difference of
    two means of eight runs has one of 0.035, of which the bound of 0.1 is 2.8 (here, 3.8).
    """
    spec = with_sampling(england_spec, {"engine": "laplace", "draws": 1000, "chains": 2})
    design = build_design(spec, prepare_table(spec, england.areas))
    free = runs(spec, design)
    draws = np.concatenate([tree["posterior"]["interaction"].values.ravel() for tree in free])
    # Near the middle a normal curve is close to the posterior density; far out its tail is light.
    value = float(draws.mean() + 0.5 * draws.std())
    held = LocationPrior(distribution="Normal", mu=value, sigma=1e-4)
    priors = spec.priors.model_copy(update={"interaction": held})
    fixed = runs(spec.model_copy(update={"priors": priors}), design)
    posterior = stats.norm(draws.mean(), draws.std()).logpdf(value)
    # Of log moderation: 0.5 for each 0.10 between authorities of deprivation 0.05 and 0.25.
    prior = stats.norm(0.0, 0.5 * 2.0 / np.log(5.0)).logpdf(value)
    assert log_evidence(fixed) - log_evidence(free) == pytest.approx(posterior - prior, abs=0.1)
    assert max(float(tree["sample_stats"]["evidence_error"]) for tree in free) < 200**-0.5


def runs(spec, design, number=8):
    found = LaplaceApproximation.find(spec, design)
    return [found.sample(with_sampling(spec, {"seed": seed}).sampling) for seed in range(number)]


def log_evidence(trees):
    return np.mean([float(tree["sample_stats"]["log_evidence"]) for tree in trees])
