from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.inference.laplace.importance import (
    DEGREES_OF_FREEDOM,
    propose,
    resample,
    smoothed_weights,
)

LOCATION = np.array([1.0, -2.0])
COVARIANCE = np.array([[0.5, 0.2], [0.2, 0.3]])


def proposals(seed: int = 1, log2_size: int = 10):
    rng = np.random.default_rng(seed)
    return propose(LOCATION, COVARIANCE, log2_size=log2_size, seed=rng)


def test_proposals_have_the_density_that_they_say():
    points, log_density = proposals()
    expected = stats.multivariate_t(LOCATION, COVARIANCE, df=DEGREES_OF_FREEDOM).logpdf(points)
    assert_allclose(log_density, expected, rtol=1e-10)


def test_proposals_are_of_the_student_t_distribution():
    # A Sobol sequence is more even than chance: a Kolmogorov-Smirnov distance of 0.02 is far out.
    points, _ = proposals(log2_size=12)
    for k in (0, 1):
        scaled = (points[:, k] - LOCATION[k]) / np.sqrt(COVARIANCE[k, k])
        assert stats.kstest(scaled, stats.t(DEGREES_OF_FREEDOM).cdf).statistic < 0.02


def test_the_same_seed_gives_the_same_proposals():
    assert_allclose(proposals(3).points, proposals(3).points, rtol=0)
    assert not np.isin(proposals(3).points, proposals(4).points).any()


def test_weights_of_a_normal_target_are_reliable_and_give_its_moments():
    points, log_density = proposals()
    weights = smoothed_weights(
        stats.multivariate_normal(LOCATION, COVARIANCE).logpdf(points) - log_density
    )
    share = np.exp(weights.log)
    assert_allclose(share.sum(), 1.0)
    assert weights.k_hat < 0.5
    assert weights.effective_size > 700
    mean = share @ points
    assert_allclose(mean, LOCATION, atol=0.01)
    centred = points - mean
    assert_allclose((share[:, None] * centred).T @ centred, COVARIANCE, atol=0.02)


def test_weights_of_a_far_wider_target_are_not_reliable():
    points, log_density = proposals()
    wide = stats.multivariate_t(LOCATION, 400.0 * COVARIANCE, df=1).logpdf(points)
    assert smoothed_weights(wide - log_density).k_hat > 0.7


@pytest.mark.parametrize("seed", range(3))
def test_resampling_draws_each_point_in_proportion_to_its_weight(seed):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(50, 0.3))
    counts = resample(np.log(weights), size=1000, rng=rng)
    assert counts.sum() == 1000
    assert (np.abs(counts - 1000 * weights) < 1.0).all()
