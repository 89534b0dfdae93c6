from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from bayesgrad.areas.ranks import relative_rank


def test_areas_stand_at_the_middle_of_their_share_of_the_population():
    ranks = relative_rank(np.array([0.3, 0.1, 0.2]), np.array([100.0, 200.0, 700.0]))
    assert_allclose(ranks, [0.95, 0.10, 0.55])


def test_areas_of_equal_deprivation_share_a_rank():
    ranks = relative_rank(np.array([0.2, 0.1, 0.2, 0.1]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert_allclose(ranks, [0.8, 0.3, 0.8, 0.3])


def test_the_mean_rank_of_the_population_is_a_half():
    rng = np.random.default_rng(1)
    deprivation = rng.uniform(size=50).round(1)
    exposure = rng.integers(1, 500, 50).astype(float)
    assert_allclose(np.average(relative_rank(deprivation, exposure), weights=exposure), 0.5)


def test_one_area_stands_exactly_in_the_middle():
    assert relative_rank(np.array([0.2]), np.array([123.0])) == 0.5
