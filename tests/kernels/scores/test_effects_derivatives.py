"""Log likelihoods in two effects against sums by SciPy and central differences."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.kernels.families.densities import LARGEST_LOG_SHARE
from bayesgrad.kernels.families.numbers import FAMILIES
from bayesgrad.kernels.scores.effects_derivatives import BLOCK, WORKSPACE, effects_derivatives

RNG = np.random.default_rng(1)
SIZE = 2 * BLOCK + 37
X = RNG.uniform(-1.0, 1.0, SIZE)
OFFSET = RNG.normal(0.0, 0.2, SIZE)
CASES = RNG.integers(5, 60, SIZE).astype(float)
COUNT = RNG.binomial(CASES.astype(int), 0.2).astype(float)


def at(family: int, a: float, b: float, rows: slice = slice(None)) -> np.ndarray:
    arrays = (values[rows] for values in (OFFSET, COUNT, CASES, X))
    bounds = np.array([0, 0])
    return np.array(effects_derivatives(family, *arrays, 7.0, a, b, bounds, np.empty(WORKSPACE)))


@pytest.mark.parametrize("key", FAMILIES)
def test_derivatives_are_those_of_the_value(key):
    family, a, b, h = FAMILIES[key], -1.6, 0.2, 1e-5
    value, g0, g1, h00, h01, h11 = at(family, a, b)
    by_a, by_b = (at(family, a + h * i, b + h * (1 - i)) for i in (1, 0))
    less_a, less_b = (at(family, a - h * i, b - h * (1 - i)) for i in (1, 0))
    assert_allclose(
        [g0, g1],
        [(p[0] - m[0]) / (2 * h) for p, m in ((by_a, less_a), (by_b, less_b))],
        rtol=1e-4,
        atol=1e-3,
    )
    # Of the beta-binomial, a negative curvature of a row is put at 0.
    near = {"rtol": 2e-3 if key[0] == "beta_binomial" else 1e-4}
    assert_allclose([h00, h01], -(by_a - less_a)[1:3] / (2 * h), **near)
    assert_allclose([h01, h11], -(by_b - less_b)[1:3] / (2 * h), **near)
    assert np.isfinite(value)


@pytest.mark.parametrize("key", FAMILIES)
def test_rows_add_up_over_blocks(key):
    parts = [at(FAMILIES[key], -1.6, 0.2, slice(i, i + 1)) for i in range(SIZE)]
    assert_allclose(np.sum(parts, axis=0), at(FAMILIES[key], -1.6, 0.2), rtol=1e-10)


@pytest.mark.parametrize("key", [("binomial", "log"), ("beta_binomial", "log")])
def test_beyond_the_possible_there_is_a_wall_without_a_step(key):
    one = slice(0, 1)
    edge = LARGEST_LOG_SHARE - float(OFFSET[0])
    below, above = (at(FAMILIES[key], edge + side * 1e-12, 0.0, one) for side in (-1, 1))
    assert_allclose(above[:4], below[:4], rtol=1e-6)
    far = [at(FAMILIES[key], edge + step, 0.0, one) for step in (0.1, 1.0)]
    assert far[1][0] < far[0][0] < below[0]
    assert far[1][1] < far[0][1] < 0
