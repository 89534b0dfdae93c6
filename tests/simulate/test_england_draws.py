"""Each statistical test states its false-alarm rate, were its seed drawn afresh."""

import numpy as np
import pandas as pd
import pytest

from bayesgrad.errors import SpecError
from bayesgrad.simulate import EnglandSettings, draw_geography, draw_outcomes, simulate_england

SMALL = EnglandSettings(authorities=20, areas=500)
Z_ONE_IN_A_MILLION = 4.9


@pytest.mark.parametrize(("family", "dispersion"), [("negative_binomial", 1 / 8), ("poisson", 0.0)])
def test_counts_have_the_mean_and_variance_of_the_family(family, dispersion):
    """|z| above 4.9 in a mean or a variance: about 1 in 100,000 in all, by the normal limit."""
    england = simulate_england(EnglandSettings(family=family), seed=11)
    mean, count = england.outcomes.expected, england.outcomes.count
    variance = mean + dispersion * mean**2
    residual = (count - mean) / np.sqrt(variance)
    z_mean = residual.sum() / np.sqrt(len(mean))
    # Variance of a squared standardised residual: kurtosis less 1, for the family.
    spread = 2 + 6 * dispersion + 1 / variance
    z_variance = (residual**2 - 1).sum() / np.sqrt(spread.sum())
    assert abs(z_mean) < Z_ONE_IN_A_MILLION
    assert abs(z_variance) < Z_ONE_IN_A_MILLION


def test_the_variance_test_tells_the_families_apart():
    england = simulate_england(EnglandSettings(family="poisson"), seed=11)
    mean, count = england.outcomes.expected, england.outcomes.count
    assert ((count - mean) ** 2 / (mean + mean**2 / 8)).mean() < 0.5


def test_probability_of_zero_matches_the_negative_binomial():
    """|z| above 4.9: about 1 in a million."""
    settings = EnglandSettings(rate=2 / 364, alpha=1.5)
    england = simulate_england(settings, seed=12)
    zero = (1.5 / (1.5 + england.outcomes.expected)) ** 1.5
    z = ((england.outcomes.count == 0) - zero).sum() / np.sqrt((zero * (1 - zero)).sum())
    assert abs(z) < Z_ONE_IN_A_MILLION


def test_authority_effects_have_their_spread_and_correlation():
    """Five z statistics beyond 4.9: about 1 in 200,000."""
    count = 5_000
    settings = EnglandSettings(
        authorities=count, areas=2 * count, moderation="none", correlation=-0.6
    )
    outcomes = draw_outcomes(draw_geography(settings, seed=1), settings, seed=2)
    u0 = (outcomes.intercept - outcomes.truth.intercept) / 0.30
    u1 = (outcomes.slope - settings.slope) / 0.08
    root = np.sqrt(count)
    z = [
        u0.mean() * root,
        u1.mean() * root,
        (np.mean(u0**2) - 1) * root / np.sqrt(2),
        (np.mean(u1**2) - 1) * root / np.sqrt(2),
        (np.mean(u0 * u1) + 0.6) * root / np.sqrt(1 + 0.6**2),
    ]
    assert np.abs(z).max() < Z_ONE_IN_A_MILLION


def test_the_same_seed_gives_the_same_data():
    first, second = (simulate_england(SMALL, seed=9) for _ in range(2))
    pd.testing.assert_frame_equal(first.areas, second.areas, check_exact=True)
    pd.testing.assert_frame_equal(first.authorities, second.authorities, check_exact=True)
    pd.testing.assert_frame_equal(first.truth, second.truth, check_exact=True)


def test_another_seed_gives_other_data():
    first, second = (simulate_england(SMALL, seed=seed) for seed in (9, 10))
    assert (first.areas["income_score"] != second.areas["income_score"]).mean() > 0.99
    assert (first.areas["referrals"] != second.areas["referrals"]).mean() > 0.5


def test_replicates_share_the_geography_but_not_the_effects_or_counts():
    base = simulate_england(SMALL, seed=1)
    replicate = simulate_england(SMALL, seed=2, geography_seed=1)
    fixed = ["area", "authority", "authority_name", "children", "income_score"]
    pd.testing.assert_frame_equal(base.areas[fixed], replicate.areas[fixed], check_exact=True)
    pd.testing.assert_frame_equal(base.truth, replicate.truth, check_exact=True)
    assert (base.authorities["slope"] != replicate.authorities["slope"]).all()
    assert (base.areas["referrals"] != replicate.areas["referrals"]).mean() > 0.5


def test_its_own_geography_seed_changes_nothing():
    first = simulate_england(SMALL, seed=3)
    second = simulate_england(SMALL, seed=3, geography_seed=3)
    pd.testing.assert_frame_equal(first.areas, second.areas, check_exact=True)


def test_geography_does_not_depend_on_the_settings_of_the_outcome():
    geography = draw_geography(SMALL, seed=5)
    other = draw_geography(
        EnglandSettings(authorities=20, areas=500, family="poisson", rate=0.001), seed=5
    )
    np.testing.assert_array_equal(geography.income_score, other.income_score)
    np.testing.assert_array_equal(geography.children, other.children)


@pytest.mark.parametrize("seed", [-1, 1.5, "one", None])
def test_what_is_not_a_seed_is_refused(seed):
    with pytest.raises(SpecError, match="is not a seed"):
        simulate_england(SMALL, seed=seed)


def test_a_wrong_geography_seed_is_refused_by_name():
    with pytest.raises(SpecError, match="geography_seed"):
        simulate_england(SMALL, seed=1, geography_seed=-4)
