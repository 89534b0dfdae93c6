from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import nbinom, poisson

from bayesgrad.predictive.pit import PIT_BINS, summarise_pit


def seed() -> np.random.SeedSequence:
    return np.random.SeedSequence(1)


def test_an_interval_is_shared_out_over_the_bins_that_it_covers():
    found = summarise_pit(np.array([0.0, 0.5]), np.array([0.1, 0.525]), seed=seed())
    expected = np.zeros(PIT_BINS)
    expected[[0, 1, 10]] = 0.5, 0.5, 1.0
    assert_allclose(found.histogram, expected)
    assert_allclose(found.deviation, (2 - 11 / 10) / 2)


@pytest.mark.parametrize("mean", [0.2, 3.0, 40.0])
def test_p_values_are_uniform_under_the_true_distribution_whatever_the_counts(mean):
    # Of 200 p-values: the share below 0.1 is beyond 0.17 once in 1,000 runs of other seeds.
    rng = np.random.default_rng(2)
    p_values = []
    for _ in range(200):
        means = mean * rng.lognormal(0.0, 0.5, 400)
        count = rng.poisson(means)
        found = summarise_pit(poisson.cdf(count - 1, means), poisson.cdf(count, means), seed=seed())
        p_values.append(found.p_value)
    assert np.mean(np.array(p_values) < 0.1) < 0.17
    assert 0.4 < np.mean(p_values) < 0.6


def test_counts_that_vary_more_or_less_than_the_distribution_are_not_uniform():
    rng = np.random.default_rng(3)
    means = np.full(3000, 5.0)
    count = rng.poisson(means * rng.gamma(4, 1 / 4, 3000))
    more = summarise_pit(poisson.cdf(count - 1, means), poisson.cdf(count, means), seed=seed())
    count, size = rng.poisson(means), 4.0
    law = nbinom(size, size / (size + means))
    less = summarise_pit(law.cdf(count - 1), law.cdf(count), seed=seed())
    assert more.p_value < 1e-8
    assert less.p_value < 1e-8
    assert more.histogram[[0, -1]].min() > more.histogram[9:11].max()
    assert less.histogram[[0, -1]].max() < less.histogram[9:11].min()
