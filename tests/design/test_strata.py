from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.design.strata import StrataComponent, crossed_components, strata_basis, walk_basis

COUNTS = [2, 3, 7, 18]


def centring(count: int) -> np.ndarray:
    return np.eye(count) - 1.0 / count


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("count", COUNTS)
def test_deviations_sum_to_zero_and_span_all_that_do(count, ordered):
    basis = strata_basis(count, ordered=ordered)
    assert basis.shape == (count, count - 1)
    assert_allclose(basis.sum(axis=0), 0.0, atol=1e-13)
    assert np.linalg.matrix_rank(basis) == count - 1


@pytest.mark.parametrize("count", COUNTS)
def test_unordered_strata_are_exchangeable_deviations_from_their_mean(count):
    basis = strata_basis(count, ordered=False)
    assert_allclose(basis @ basis.T, centring(count), atol=1e-13)


@pytest.mark.parametrize("count", COUNTS)
def test_ordered_strata_are_a_random_walk_less_its_mean(count):
    basis = strata_basis(count, ordered=True)
    # A walk from 0 by independent steps of variance 1: cov(v_k, v_l) = min(k, l).
    at = np.arange(count)
    walk = np.minimum.outer(at, at)
    assert_allclose(basis @ basis.T, centring(count) @ walk @ centring(count), atol=1e-12)
    steps = np.diff(basis, axis=0)
    assert_allclose(steps @ steps.T, np.eye(count - 1), atol=1e-13)


def test_steps_over_a_gap_have_the_variance_of_as_many_steps():
    whole = walk_basis([2018, 2019, 2020, 2021, 2022])
    gap = walk_basis([2018, 2019, 2022])
    seen = whole[[0, 1, 4]]
    seen = seen - seen.mean(axis=0)
    assert_allclose(gap @ gap.T, seen @ seen.T, atol=1e-12)
    assert_allclose(walk_basis(range(4)), strata_basis(4, ordered=True))


def test_variance_of_each_stratum_by_hand():
    unordered = StrataComponent("sex", strata_basis(4, ordered=False))
    assert_allclose(unordered.variance, [0.75] * 4)
    # Three ordered strata are (-2a - b, a - b, a + 2b) / 3 of steps a and b.
    ordered = StrataComponent("age", strata_basis(3, ordered=True))
    assert_allclose(ordered.variance, np.array([5, 2, 5]) / 9)


@pytest.mark.parametrize("ordered", [(False, False), (True, False), (True, True)])
def test_components_of_crossed_strata_are_orthogonal_and_make_up_all_deviations(ordered):
    components = crossed_components(("age", 4, ordered[0]), ("sex", 3, ordered[1]))
    assert [component.name for component in components] == ["age", "sex", "age x sex"]
    assert [component.basis.shape for component in components] == [(12, 3), (12, 2), (12, 6)]
    for component in components:
        assert_allclose(component.basis.sum(axis=0), 0.0, atol=1e-13)
    for one, other in combinations(components, 2):
        assert_allclose(one.basis.T @ other.basis, 0.0, atol=1e-13)
    assert np.linalg.matrix_rank(np.hstack([part.basis for part in components])) == 11


def test_crossed_exchangeable_strata_split_the_deviations_from_the_mean():
    first, second, both = (
        part.basis for part in crossed_components(("a", 4, False), ("b", 3, False))
    )
    total = first @ first.T / 3 + second @ second.T / 4 + both @ both.T
    assert_allclose(total, centring(12), atol=1e-13)


def test_the_second_column_runs_fastest():
    age, sex, both = crossed_components(("age", 3, True), ("sex", 2, False))
    by_age, by_sex = age.basis.reshape(3, 2, 2), sex.basis.reshape(3, 2, 1)
    assert_allclose(by_age[:, 0], by_age[:, 1])
    assert_allclose(by_age[:, 0], strata_basis(3, ordered=True))
    assert_allclose(by_sex[0], by_sex[2])
    assert_allclose(by_sex[0], strata_basis(2, ordered=False))
    added = both.basis.reshape(3, 2, 2)
    assert_allclose(added.sum(axis=0), 0.0, atol=1e-14)
    assert_allclose(added.sum(axis=1), 0.0, atol=1e-14)
