from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.inference.laplace.partial import derivative_in_partial, factor_of
from bayesgrad.kernels.coordinates.correlation import partial_forward

SIZES = (2, 3, 4, 7)


def drawn(size: int) -> np.ndarray:
    return np.random.default_rng(size).normal(0.0, 0.7, size * (size - 1) // 2)


@pytest.mark.parametrize("size", SIZES)
def test_the_factor_is_that_of_the_kernels(size):
    artanh = drawn(size)
    packed, correlation = np.empty((size * (size + 1) // 2, 1)), np.empty((len(artanh), 1))
    partial_forward(np.tanh(artanh)[:, None], packed, correlation)
    factor = factor_of(artanh, size)
    assert_allclose(factor[np.tril_indices(size)], packed[:, 0], rtol=1e-12, atol=1e-15)
    assert_allclose(np.diagonal(factor @ factor.T), 1.0, rtol=1e-12)
    assert_allclose((factor @ factor.T)[np.tril_indices(size, -1)], correlation[:, 0], rtol=1e-10)


@pytest.mark.parametrize("size", SIZES)
def test_derivatives_are_those_of_finite_differences(size):
    artanh = drawn(size)
    weights = np.random.default_rng(1).normal(size=(size, size))
    differences = [
        ((factor_of(artanh + step, size) - factor_of(artanh - step, size)) * weights).sum() / 2e-6
        for step in 1e-6 * np.eye(len(artanh))
    ]
    assert_allclose(derivative_in_partial(artanh, weights), differences, rtol=1e-7, atol=1e-8)


def test_a_factor_of_correlations_that_round_to_one_is_not_singular():
    assert np.tanh(20.0) == 1.0
    assert (np.diagonal(factor_of(np.array([20.0, 0.3, -20.0]), 3)) > 0.0).all()
