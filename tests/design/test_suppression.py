from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar
from scipy.stats import poisson

from bayesgrad.design import build_design
from bayesgrad.design.suppression import crude_rate, moments_within
from bayesgrad.errors import DataError
from tests.small import spec_of, table_of

TEXT = '[likelihood]\nsuppressed = { symbol = "c", lower = 1, upper = 5 }\n'


@pytest.mark.parametrize("bounds", [(1, 5), (0, 10), (3, 3)])
def test_moments_are_those_of_the_bounded_probabilities(bounds):
    mean = np.array([1e-6, 0.5, 4.0, 300.0])
    counts = np.arange(bounds[0], bounds[1] + 1)
    chance = np.exp(poisson.logpmf(counts, mean[:, None]))
    chance /= chance.sum(axis=1, keepdims=True)
    first, variance = moments_within(mean, bounds)
    assert_allclose(first, chance @ counts, rtol=1e-9)
    expected = ((counts - first[:, None]) ** 2 * chance).sum(axis=1)
    assert_allclose(variance, expected, rtol=1e-6, atol=1e-12)


def test_the_crude_rate_is_most_likely():
    suppressed = np.array([100.0, 250.0, 400.0])

    def log_likelihood(rate):
        hidden = poisson.cdf(5, rate * suppressed) - poisson.cdf(0, rate * suppressed)
        return 40 * np.log(rate) - rate * 3000.0 + np.log(hidden).sum()

    best = minimize_scalar(lambda log: -log_likelihood(np.exp(log)), bracket=(-6.0, -3.0))
    found = crude_rate(40.0, 3750.0, suppressed=suppressed, bounds=(1, 5))
    assert found == pytest.approx(np.exp(best.x), rel=1e-6)
    assert crude_rate(40.0, 4000.0, suppressed=np.empty(0), bounds=(0, 0)) == 0.01


def design_of(count, suppressed):
    table = table_of(
        authority=["A", "A", "B", "B"],
        deprivation=[0.1, 0.2, 0.15, 0.3],
        exposure=[100, 200, 300, 400],
        count=count,
        suppressed=suppressed,
    )
    return build_design(spec_of(TEXT), table)


def test_a_design_knows_its_suppressed_rows_and_their_bounds():
    design = design_of([8, 0, 0, 30], [False, True, False, False])
    assert design.bounds == (1, 5)
    assert design.rows.suppressed.tolist() == [False, True, False, False]
    rate = crude_rate(38.0, 1000.0, suppressed=np.array([200.0]), bounds=(1, 5))
    assert design.crude_level()[0] == pytest.approx(np.log(rate))
    assert 39.0 < 1000.0 * rate < 43.0


def test_suppressed_counts_alone_are_events():
    assert design_of([0, 0, 0, 0], [False, True, False, True]).rows.suppressed.sum() == 2
    with pytest.raises(DataError, match="there are no events in any area"):
        design_of([0, 0, 0, 0], [False] * 4)
