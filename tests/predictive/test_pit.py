from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from bayesgrad.predictive.pit import PIT_BINS, randomised_pit, summarise_pit


def test_the_rank_of_a_count_among_its_replicates_by_hand():
    # Replicates 1, 2, 2, 5 of a count of 2: one below, two equal.
    found = randomised_pit(
        np.array([1, 0, 4]), np.array([2, 0, 0]), replicates=4, uniform=np.array([0.5, 0.5, 0.5])
    )
    assert_allclose(found, [(1 + 1.5) / 5, 0.1, 0.9])


def test_values_are_uniform_whatever_the_counts_where_the_model_holds():
    # A count and its replicates from one distribution with many ties: exchangeable.
    rng = np.random.default_rng(1)
    drawn = rng.poisson(0.7, (20_000, 10))
    count, replicates = drawn[:, 0], drawn[:, 1:]
    values = randomised_pit(
        (replicates < count[:, None]).sum(axis=1),
        (replicates == count[:, None]).sum(axis=1),
        replicates=9,
        uniform=rng.random(20_000),
    )
    found = summarise_pit(values)
    assert found.p_value > 0.001
    assert ((values > 0) & (values < 1)).all()


def test_the_summary_is_a_histogram_and_the_largest_deviation():
    found = summarise_pit(np.array([0.01, 0.02, 0.52, 0.999]))
    expected = np.zeros(PIT_BINS)
    expected[[0, 10, 19]] = 2, 1, 1
    assert_array_equal(found.histogram, expected)
    assert_allclose(found.deviation, 0.999 - 0.75 if 0.999 - 0.75 > 0.48 else 0.5 - 0.02)
    assert 0 < found.p_value < 1


def test_values_that_gather_in_the_middle_are_not_uniform():
    assert summarise_pit(np.random.default_rng(1).beta(2, 2, 2000)).p_value < 1e-6
