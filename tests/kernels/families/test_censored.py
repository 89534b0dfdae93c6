"""Suppressed counts against scipy's probabilities summed over the bounds, and differences."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import gammaln, logsumexp

from bayesgrad.kernels.families.censored import (
    interval_densities,
    interval_derivatives,
    interval_third_derivative,
)
from bayesgrad.kernels.families.counts import (
    negative_binomial,
    negative_binomial_third_derivative,
    poisson,
    poisson_third_derivative,
)
from bayesgrad.kernels.families.rising_factorial import log_rising_factorial

BOUNDS = [(1, 5), (0, 10), (0, 0), (3, 3), (1, 2), (6, 40), (0, 100), (200, 215)]
ALPHAS = [np.inf, 1e4, 3.0, 0.4, 0.01]
MEANS = np.array([1e-8, 1e-3, 0.1, 0.7, 1.0, 3.0, 8.0, 30.0, 210.0, 1e4, 1e6])


def evaluated(eta, bounds, alpha):
    """Value of each row on its own, with its derivatives in the predictor and in alpha."""
    found = []
    for one in np.atleast_1d(eta):
        residual, weight, third = np.empty(1), np.empty(1), np.empty(1)
        given = np.array([one]), np.array(bounds), alpha
        value, change = interval_derivatives(*given, residual, weight)
        interval_third_derivative(*given, third)
        found.append((value, residual[0], weight[0], third[0], change))
    return np.array(found).T


def log_probabilities(mean, bounds, alpha):
    """Of every count within the bounds, (means, counts), factor by factor."""
    counts = np.arange(bounds[0], bounds[1] + 1)
    mean = mean[:, None]
    if np.isinf(alpha):
        return stats.poisson.logpmf(counts, mean)
    rising = np.array([np.log1p(np.arange(k) / alpha).sum() for k in counts])
    power = counts * np.log(mean) - (counts + alpha) * np.log1p(mean / alpha)
    return rising - gammaln(counts + 1.0) + power


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("bounds", BOUNDS)
def test_values_are_sums_of_probabilities(bounds, alpha):
    expected = logsumexp(log_probabilities(MEANS, bounds, alpha), axis=1)
    value = evaluated(np.log(MEANS), bounds, alpha)[0]
    assert np.isfinite(value).all()
    assert_allclose(value, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("bounds", BOUNDS)
def test_values_are_those_of_scipy(bounds):
    mean, counts = MEANS[2:], np.arange(bounds[0], bounds[1] + 1)
    for alpha in (3.0, 0.4):
        each = stats.nbinom.logpmf(counts, alpha, 1.0 / (1.0 + mean[:, None] / alpha))
        found = evaluated(np.log(mean), bounds, alpha)[0]
        assert_allclose(found, logsumexp(each, axis=1), rtol=1e-9, atol=1e-12)
    alone = stats.poisson(mean)
    if bounds[1] < 50:
        between = alone.cdf(bounds[1]) - alone.cdf(bounds[0] - 1)
        known = between > 1e-3
        found = evaluated(np.log(mean), bounds, np.inf)[0]
        assert_allclose(np.exp(found[known]), between[known], rtol=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("bounds", BOUNDS)
def test_densities_at_many_draws_are_the_values(bounds, alpha):
    value = evaluated(np.log(MEANS), bounds, alpha)[0]
    out = np.empty(len(MEANS))
    interval_densities(np.log(MEANS), np.array(bounds), np.full(len(MEANS), alpha), out)
    assert_allclose(out, value, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("bounds", BOUNDS)
def test_derivatives_are_those_of_differences(bounds, alpha):
    eta, step = np.log(MEANS[2:]), 1e-4
    middle = evaluated(eta, bounds, alpha)
    up, down = evaluated(eta + step, bounds, alpha), evaluated(eta - step, bounds, alpha)
    changes = (up - down) / (2.0 * step)
    size = 1.0 + np.abs(middle[0])
    assert_allclose(middle[1], changes[0], rtol=1e-6, atol=1e-7 * size.max())
    assert_allclose(middle[2], -changes[1], rtol=1e-6, atol=1e-7 * size.max())
    assert_allclose(middle[3], changes[2], rtol=1e-6, atol=1e-7 * size.max())


@pytest.mark.parametrize("alpha", [1e4, 3.0, 0.4, 0.01])
@pytest.mark.parametrize("bounds", BOUNDS)
def test_the_change_in_alpha_is_that_of_differences(bounds, alpha):
    eta, step = np.log(MEANS), 1e-5 * alpha
    up, down = (evaluated(eta, bounds, alpha + sign * step)[0] for sign in (1.0, -1.0))
    changes = (up - down) / (2.0 * step)
    value, *_, change = evaluated(eta, bounds, alpha)
    rounding = 1e-15 * (1.0 + np.abs(value)) / step
    assert (np.abs(change - changes) <= 1e-6 * np.abs(changes) + 200.0 * rounding).all()


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("bounds", BOUNDS)
def test_the_curvature_is_never_negative(bounds, alpha):
    eta = np.linspace(-20.0, 16.0, 2000)
    assert (evaluated(eta, bounds, alpha)[2] >= 0.0).all()


def moments(mean, bounds, alpha):
    """Residual and curvature from the truncated distribution in extended precision."""
    terms = log_probabilities(mean, bounds, alpha)
    weight = np.exp(terms - logsumexp(terms, axis=1, keepdims=True))
    counts = np.arange(bounds[0], bounds[1] + 1)
    first = weight @ counts
    return first, ((counts - first[:, None]) ** 2 * weight).sum(axis=1)


@pytest.mark.parametrize("bounds", [(1, 5), (1, 2), (6, 40)])
def test_derivatives_of_the_poisson_keep_their_digits_at_extreme_means(bounds):
    mean = np.array([1e-8, 1e-6, 1e-4, 1e4, 1e5, 1e6])
    first, variance = moments(mean, bounds, np.inf)
    _, residual, weight, _, _ = evaluated(np.log(mean), bounds, np.inf)
    assert_allclose(residual, first - mean, rtol=1e-7)
    assert_allclose(weight, mean - variance, rtol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 3, 40])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_equal_bounds_are_the_published_count(count, alpha):
    eta = np.log(MEANS)
    events = np.full(len(eta), float(count))
    residual, weight, third = np.empty((3, len(eta)))
    if np.isinf(alpha):
        change = 0.0
        value = poisson(eta, events, residual, weight)
        poisson_third_derivative(eta, events, third)
    else:
        value, change = negative_binomial(eta, events, alpha, residual, weight)
        negative_binomial_third_derivative(eta, events, alpha, third)
        value += len(eta) * log_rising_factorial(count, 1.0 / alpha)
        change -= len(eta) * sum(m / (alpha * (alpha + m)) for m in range(1, count))
    value -= len(eta) * np.log(np.arange(1, count + 1)).sum()
    found = evaluated(eta, (count, count), alpha)
    assert_allclose(found[0].sum(), value, rtol=1e-13)
    assert_allclose(found[1], residual, rtol=1e-10, atol=1e-13 * (1.0 + count))
    assert_allclose(found[2], weight, rtol=1e-10)
    assert_allclose(found[3], third, rtol=1e-9, atol=1e-12)
    if np.isfinite(alpha):
        assert_allclose(found[4].sum(), change, rtol=1e-9, atol=1e-12)


def test_blocks_are_sums_of_their_rows():
    eta = np.log(MEANS)
    residual, weight = np.empty((2, len(eta)))
    value, change = interval_derivatives(eta, np.array([1, 5]), 3.0, residual, weight)
    rows = evaluated(eta, (1, 5), 3.0)
    assert_allclose([value, change], [rows[0].sum(), rows[4].sum()], rtol=1e-13)
    assert_allclose(np.array([residual, weight]), rows[1:3], rtol=1e-13)
