from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import digamma, gammaln, polygamma

from bayesgrad.kernels.families import rising_factorial
from bayesgrad.kernels.families.rising_factorial import (
    SMALL_COUNTS,
    log_rising_factorial,
    rising_factorials,
)
from tests.kernels.calling import from_python

digamma_rest = from_python(rising_factorial.digamma_rest)
log_gamma_rest = from_python(rising_factorial.log_gamma_rest)
trigamma_rest = from_python(rising_factorial.trigamma_rest)

ALPHAS = (1e-3, 0.01, 0.7, 30.0, 1e4, 1e8)


def of_count(y: int, alpha: float) -> tuple[float, float]:
    """The sum over k < y and its derivative, from the function under test."""
    exceedance = np.ones(min(y, SMALL_COUNTS))
    large = np.array([float(y)] if y > SMALL_COUNTS else [])
    return rising_factorials(alpha, exceedance, large, np.ones_like(large))


def term_by_term(y: int, alpha: float) -> tuple[float, float]:
    """The same added up without rounding."""
    return (
        math.fsum(math.log1p(k / alpha) for k in range(y)),
        -math.fsum(k / (alpha * (alpha + k)) for k in range(y)),
    )


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("y", [0, 1, 2, 31, 32, 33, 34, 100, 10_000])
def test_rising_factorials_are_those_added_term_by_term(y, alpha):
    value, change = of_count(y, alpha)
    expected, expected_change = term_by_term(y, alpha)
    # The powers of alpha that cancel leave rounding of the size of the count itself.
    assert_allclose(value, expected, rtol=1e-13, atol=1e-15 * y)
    assert_allclose(change, expected_change, rtol=1e-12, atol=1e-15 * y / alpha)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("y", [0, 1, 32, 33, 10_000])
def test_the_rising_factorial_of_one_count_is_the_same(y, alpha):
    expected, _ = term_by_term(y, alpha)
    assert_allclose(log_rising_factorial(y, 1.0 / alpha), expected, rtol=1e-13, atol=1e-15 * y)


@pytest.mark.parametrize("y", [0, 32, 10_000])
def test_the_poisson_has_no_rising_factorial(y):
    assert log_rising_factorial(y, 0.0) == 0.0


def test_frequencies_multiply():
    large = np.array([50.0, 70.0])
    value, change = rising_factorials(3.0, np.zeros(SMALL_COUNTS), large, np.array([2.0, 5.0]))
    first, second = (np.array(of_count(y, 3.0)) - of_count(SMALL_COUNTS, 3.0) for y in (50, 70))
    assert_allclose([value, change], 2.0 * first + 5.0 * second, rtol=1e-13)


@pytest.mark.parametrize("alpha", [1e16, 1e300, np.inf])
def test_there_is_nothing_to_add_to_the_poisson(alpha):
    value, change = of_count(10_000, alpha)
    assert abs(value) < 1e-7
    assert abs(change) < 1e-7


@pytest.mark.parametrize("z", [32.0, 33.5, 70.0, 1e3])
def test_what_is_left_of_gamma_functions_beyond_their_logarithms(z):
    of_gamma = (z - 0.5) * np.log(z) - z + 0.5 * np.log(2.0 * np.pi)
    assert_allclose(log_gamma_rest(z), gammaln(z) - of_gamma, rtol=0, atol=1e-15 * of_gamma)
    assert_allclose(digamma_rest(z), digamma(z) - np.log(z), rtol=0, atol=4e-15)
    assert_allclose(trigamma_rest(z), polygamma(1, z) - 1.0 / z, rtol=0, atol=1e-16)
