"""Densities of a row at many draws against SciPy, and against the likelihood of a block of rows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit, gammaln
from scipy.stats import betabinom, binom, nbinom, poisson

from bayesgrad.kernels.families import densities
from bayesgrad.kernels.families.densities import LARGEST_LOG_SHARE
from bayesgrad.kernels.families.derivatives import row_derivatives
from bayesgrad.kernels.families.numbers import FAMILIES
from bayesgrad.kernels.families.rising_factorial import log_rising_factorial
from tests.kernels.calling import from_python

row_densities = from_python(densities.row_densities)

ETA = np.array([-6.0, -2.0, -0.9, -0.1])
ALPHA = np.array([0.3, 4.0, 90.0, 1e5])
ROWS = [(0, 0), (0, 1), (1, 1), (3, 10), (10, 10), (40, 90), (2, 400)]


def densities(family: int, eta: np.ndarray, count: int, cases: int) -> np.ndarray:
    out = np.empty(len(eta))
    row_densities(family, eta, float(count), float(cases), ALPHA[: len(eta)], out)
    return out


def whole(key: tuple[str, str], count: int, cases: int) -> np.ndarray:
    """Log probabilities by SciPy."""
    family, link = key
    rate = np.exp(ETA)
    if family == "poisson":
        return poisson.logpmf(count, rate)
    if family == "negative_binomial":
        return nbinom.logpmf(count, ALPHA, ALPHA / (ALPHA + rate))
    share, rest = (rate, -np.expm1(ETA)) if link == "log" else (expit(ETA), expit(-ETA))
    if family == "binomial":
        return binom.logpmf(count, cases, share)
    return betabinom.logpmf(count, cases, share * ALPHA, rest * ALPHA)


def in_common(key: tuple[str, str], count: int, cases: int) -> np.ndarray:
    """What is left out."""
    rising = np.zeros(len(ALPHA))
    if key[0] == "negative_binomial":
        rising = np.array([log_rising_factorial(count, 1 / alpha) for alpha in ALPHA])
    elif key[0] == "beta_binomial":
        rising = -np.array([log_rising_factorial(cases, 1 / alpha) for alpha in ALPHA])
    if key[0] in ("poisson", "negative_binomial"):
        return rising - gammaln(count + 1)
    return rising + gammaln(cases + 1) - gammaln(count + 1) - gammaln(cases - count + 1)


@pytest.mark.parametrize("key", FAMILIES)
@pytest.mark.parametrize(("count", "cases"), ROWS)
def test_they_are_those_of_scipy_but_for_what_totals_have_in_common(key, count, cases):
    found = densities(FAMILIES[key], ETA, count, cases) + in_common(key, count, cases)
    assert_allclose(found, whole(key, count, cases), rtol=1e-9, atol=2e-8)


@pytest.mark.parametrize("key", FAMILIES)
def test_they_are_the_values_of_the_likelihood(key):
    count, cases = (np.array(column, dtype=float) for column in zip(*ROWS, strict=True))
    residual, weight = np.empty(len(count)), np.empty(len(count))
    for s, alpha in enumerate(ALPHA):
        eta = np.full(len(count), ETA[s])
        value, _ = row_derivatives(FAMILIES[key], eta, count, cases, alpha, residual, weight)
        rows = [densities(FAMILIES[key], ETA, y, n)[s] for y, n in ROWS]
        assert_allclose(value, sum(rows), rtol=1e-12)


@pytest.mark.parametrize("key", [("binomial", "log"), ("beta_binomial", "log")])
def test_an_impossible_probability_is_the_largest_possible(key):
    found = densities(FAMILIES[key], np.array([2.0, LARGEST_LOG_SHARE]), 3, 10)
    assert np.isfinite(found).all()
    same = np.full(2, LARGEST_LOG_SHARE)
    assert_allclose(found, densities(FAMILIES[key], same, 3, 10))
