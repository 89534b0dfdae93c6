"""Pareto smoothing: the weights and shapes of ArviZ, and what it does without a tail."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats

from bayesgrad.inference.pareto import smooth


@pytest.mark.parametrize("size", [30, 225, 226, 1000, 4096])
@pytest.mark.parametrize("heaviness", [0.05, 0.5, 1.0, 3.0])
def test_weights_and_shape_are_those_of_arviz(size: int, heaviness: float) -> None:
    log_ratio = heaviness * np.random.default_rng(size).exponential(size=size) - 700.0
    expected, shape = array_stats.psislw(-log_ratio)
    log, k_hat = smooth(log_ratio)
    np.testing.assert_allclose(log, expected, rtol=0, atol=1e-12)
    assert k_hat == pytest.approx(shape, abs=1e-12)
    assert np.exp(log).sum() == pytest.approx(1.0, abs=1e-12)


def test_ratios_far_apart_have_the_shape_of_arviz() -> None:
    log_ratio = 200.0 * np.random.default_rng(1).standard_normal(500)
    expected, shape = array_stats.psislw(-log_ratio)
    log, k_hat = smooth(log_ratio)
    np.testing.assert_allclose(log, expected, rtol=0, atol=1e-9)
    assert k_hat == pytest.approx(shape, nan_ok=True)


@pytest.mark.parametrize("log_ratio", [np.zeros(500), np.arange(20.0)], ids=["equal", "few"])
def test_without_a_tail_weights_are_the_plain_ratios(log_ratio: np.ndarray) -> None:
    log, k_hat = smooth(log_ratio)
    np.testing.assert_allclose(log, log_ratio - np.logaddexp.reduce(log_ratio), atol=1e-12)
    assert np.isnan(k_hat)
