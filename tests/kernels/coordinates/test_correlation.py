from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.kernels.coordinates import correlation as kernels
from bayesgrad.kernels.coordinates.correlation import (
    loadings_backward,
    loadings_forward,
    partial_backward,
    partial_forward,
)
from tests.kernels.calling import from_python

effects_of = from_python(kernels.effects_of)

SIZES = (2, 3, 4, 7)
BLOCKS = 3


def drawn_partial(size: int, blocks: int = BLOCKS) -> np.ndarray:
    return np.random.default_rng(size).uniform(-0.95, 0.95, (size * (size - 1) // 2, blocks))


def drawn_loadings(size: int, factors: int) -> np.ndarray:
    return np.tril(np.random.default_rng(size).normal(0.0, 1.5, (size, factors)))


def of_partial(partial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = effects_of(len(partial))
    factor = np.full((size * (size + 1) // 2, partial.shape[1]), np.nan)
    correlation = np.full_like(partial, np.nan)
    partial_forward(partial, factor, correlation)
    return factor, correlation


def of_loadings(loadings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = len(loadings)
    factor = np.full((size * (size + 1) // 2, 1), np.nan)
    correlation = np.full((size * (size - 1) // 2, 1), np.nan)
    loadings_forward(loadings, factor, correlation)
    return factor, correlation


def lower_of(packed: np.ndarray, size: int) -> np.ndarray:
    matrix = np.zeros((size, size))
    matrix[np.tril_indices(size)] = packed
    return matrix


def by_the_recursion(partial: np.ndarray, size: int) -> np.ndarray:
    """Factor of one block's partial correlations."""
    r = np.zeros((size, size))
    r[np.tril_indices(size, -1)] = partial
    rest = np.sqrt(1.0 - r**2)
    return np.array(
        [
            [
                (r[i, k] if k < i else 1.0) * rest[i, :k].prod() if k <= i else 0.0
                for k in range(size)
            ]
            for i in range(size)
        ]
    )


@pytest.mark.parametrize("size", range(1, 15))
def test_the_number_of_effects_is_that_of_so_many_pairs(size):
    assert effects_of(size * (size - 1) // 2) == size


@pytest.mark.parametrize("size", SIZES)
def test_factors_are_those_of_the_recursion(size):
    partial = drawn_partial(size)
    factor, correlation = of_partial(partial)
    for b in range(BLOCKS):
        lower = lower_of(factor[:, b], size)
        assert_allclose(lower, by_the_recursion(partial[:, b], size), rtol=1e-13)
        matrix = lower @ lower.T
        assert_allclose(np.diag(matrix), 1.0, rtol=1e-13)
        packed = matrix[np.tril_indices(size, -1)]
        assert_allclose(correlation[:, b], packed, rtol=1e-12, atol=1e-14)


def test_three_effects_by_hand():
    # Partial correlations of (1, 0), (2, 0), and (2, 1) given 0.
    factor, correlation = of_partial(np.array([[0.6], [0.8], [-0.5]]))
    third = 0.6 * np.sqrt(0.75)
    assert_allclose(factor[:, 0], [1.0, 0.6, 0.8, 0.8, -0.3, third])
    assert_allclose(correlation[:, 0], [0.6, 0.8, 0.6 * 0.8 - 0.8 * 0.3])


def test_a_partial_correlation_is_that_of_what_the_effects_before_leave():
    size = 4
    factor, _ = of_partial(drawn_partial(size, 1))
    lower = lower_of(factor[:, 0], size)
    matrix = lower @ lower.T
    # Of effects 3 and 2 given 0 and 1: the conditional covariance, scaled.
    given, kept = [0, 1], [2, 3]
    left = matrix[np.ix_(kept, kept)] - matrix[np.ix_(kept, given)] @ np.linalg.solve(
        matrix[np.ix_(given, given)], matrix[np.ix_(given, kept)]
    )
    found = left[0, 1] / np.sqrt(left[0, 0] * left[1, 1])
    assert_allclose(found, drawn_partial(size, 1)[-1, 0], rtol=1e-10)


@pytest.mark.parametrize("size", SIZES)
def test_gradients_in_partial_correlations_agree_with_finite_differences(size):
    partial = drawn_partial(size)
    d_factor = np.random.default_rng(1).normal(size=of_partial(partial)[0].shape)
    found = np.full_like(partial, np.nan)
    partial_backward(partial, d_factor, found)
    for index in np.ndindex(partial.shape):
        ends = []
        for sign in (1, -1):
            moved = partial.copy()
            moved[index] += sign * 1e-6
            ends.append((of_partial(moved)[0] * d_factor).sum())
        assert_allclose(found[index], (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("size", "factors"), [(2, 1), (4, 1), (4, 2), (6, 3)])
def test_loadings_give_the_correlation_of_common_and_own_parts(size, factors):
    loadings = drawn_loadings(size, factors)
    factor, correlation = of_loadings(loadings)
    covariance = loadings @ loadings.T + np.eye(size)
    sd = np.sqrt(np.diag(covariance))
    expected = covariance / np.outer(sd, sd)
    assert_allclose(lower_of(factor[:, 0], size), np.linalg.cholesky(expected), atol=1e-14)
    assert_allclose(correlation[:, 0], expected[np.tril_indices(size, -1)], atol=1e-14)


@pytest.mark.parametrize(("size", "factors"), [(2, 1), (4, 1), (4, 2), (6, 3)])
def test_gradients_in_loadings_agree_with_finite_differences(size, factors):
    loadings = drawn_loadings(size, factors)
    factor, _ = of_loadings(loadings)
    d_factor = np.random.default_rng(1).normal(size=factor.shape)
    found = np.full_like(loadings, np.nan)
    loadings_backward(loadings, factor, d_factor, found)
    for index in np.ndindex(loadings.shape):
        ends = []
        for sign in (1, -1):
            moved = loadings.copy()
            moved[index] += sign * 1e-6
            ends.append((of_loadings(moved)[0] * d_factor).sum())
        assert_allclose(found[index], (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-8)
