from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.areas.inequality import MEASURES, Inequality


def measures_of(deprivation, exposure, rates) -> dict[str, np.ndarray]:
    """Measures of one place from the rates of its areas: (areas,) or (sample, areas)."""
    rates = np.atleast_2d(np.asarray(rates, dtype=float))
    exposure = np.asarray(exposure, dtype=float)
    place = Inequality(len(rates), deprivation=np.asarray(deprivation), exposure=exposure)
    place.add(log_rate=np.log(rates), events=rates * exposure)
    return place.measures()


def test_two_areas_by_hand():
    # Ranks 1/4 and 3/4; the line through ln 1 and ln 4 rises by 2 ln 4 over the whole range.
    found = measures_of([0.1, 0.3], [100, 100], [0.01, 0.04])
    assert_allclose(found["rii"], 16.0)
    assert_allclose(found["sii_per_10000"], 10_000 * 0.025 * 2 * np.log(4))
    assert_allclose(found["concentration_index"], 2 * ((-0.25 + 4 * 0.25) / 2) / 2.5)
    assert_allclose(found["paf"], 1 - 1 / 2.5)


def test_the_slope_index_is_the_difference_of_the_ends_of_a_line_that_meets_the_mean_rate():
    found = measures_of([0.1, 0.2, 0.4], [50, 200, 80], [0.02, 0.03, 0.07])
    slope = np.log(found["rii"])
    overall = (50 * 0.02 + 200 * 0.03 + 80 * 0.07) / 330
    low = overall * slope / (np.exp(slope) - 1)
    assert_allclose(found["sii_per_10000"], 10_000 * (low * np.exp(slope) - low))


def test_the_slope_is_that_of_weighted_least_squares():
    rng = np.random.default_rng(1)
    exposure, rates = rng.uniform(50, 500, 30), rng.uniform(0.01, 0.1, 30)
    deprivation = np.sort(rng.uniform(size=30))
    rank = (np.cumsum(exposure) - exposure / 2) / exposure.sum()
    slope, _ = np.polyfit(rank, np.log(rates), 1, w=np.sqrt(exposure))
    assert_allclose(measures_of(deprivation, exposure, rates)["rii"], np.exp(slope))


def test_equal_rates_have_no_inequality():
    found = measures_of([0.1, 0.2, 0.3], [100, 250, 50], [0.02, 0.02, 0.02])
    assert_allclose(found["rii"], 1.0)
    for name in ("sii_per_10000", "concentration_index", "paf"):
        assert_allclose(found[name], 0.0, atol=1e-12)


def test_rates_that_fall_with_deprivation_have_negative_indices():
    found = measures_of([0.1, 0.2, 0.3], [100, 100, 100], [0.05, 0.04, 0.02])
    assert found["rii"] < 1
    assert all(found[name] < 0 for name in ("sii_per_10000", "concentration_index", "paf"))


def test_the_fraction_compares_with_the_least_deprived_tenth():
    # Ten equal areas: middles at 0.05, 0.15, ...; the first alone is within the first tenth.
    rates = np.linspace(0.01, 0.1, 10)
    found = measures_of(np.linspace(0, 0.9, 10), np.full(10, 100), rates)
    assert_allclose(found["paf"], 1 - 0.01 / 0.055)
    twenty = measures_of(np.linspace(0, 0.95, 20), np.full(20, 50), np.linspace(1, 20, 20) / 200)
    assert_allclose(twenty["paf"], 1 - 1.5 / 10.5)


def test_the_fraction_compares_with_the_least_deprived_area_where_that_is_more_than_a_tenth():
    found = measures_of([0.1, 0.2], [900, 100], [0.01, 0.02])
    assert_allclose(found["paf"], 1 - 0.01 / 0.011)


def test_indices_are_not_defined_where_deprivation_does_not_vary():
    found = measures_of([0.2, 0.2, 0.2], [100, 70, 30], [0.01, 0.02, 0.03])
    assert all(np.isnan(found[name]).all() for name in MEASURES)


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_areas_may_be_given_a_few_at_a_time(cut):
    rng = np.random.default_rng(2)
    deprivation, exposure = rng.uniform(size=8), rng.uniform(50, 500, 8)
    rates = rng.uniform(0.01, 0.1, (4, 8))
    whole = measures_of(deprivation, exposure, rates)
    place = Inequality(4, deprivation=deprivation, exposure=exposure)
    for part in (slice(0, cut), slice(cut, None)):
        place.add(log_rate=np.log(rates[:, part]), events=(rates * exposure)[:, part])
    for name in MEASURES:
        assert_allclose(place.measures()[name], whole[name])
