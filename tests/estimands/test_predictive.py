import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands import table
from bayesgrad.estimands.misfit import of_zeros, two_sided
from bayesgrad.estimands.predictive import misfits, p_value_words, predictive_table
from tests.fabricate import fabricated_draws, with_group

CHECKS = [
    "share_of_zeros",
    "variance_to_mean",
    "pit_uniformity",
    "authorities_outside",
    "deprivation_twentieths_outside",
    "dispersion_by_deprivation",
    "areas_beyond",
]


def test_each_outcome_has_every_check_in_order() -> None:
    found = predictive_table(fabricated_draws(draws=5, outcomes=("referral", "plan")))
    assert found["outcome"].tolist() == ["referral"] * 7 + ["plan"] * 7
    assert found["check"].tolist() == CHECKS * 2


def test_statistics_are_compared_with_their_replicates() -> None:
    draws = fabricated_draws(draws=5, outcomes=("referral", "plan"))
    checks = draws["predictive"].to_dataset()
    found = predictive_table(draws, level=0.8).set_index(["outcome", "check"])
    for outcome in ("referral", "plan"):
        for name in CHECKS[:2]:
            row = found.loc[(outcome, name)]
            at = {"outcome": outcome, "statistic": name}
            replicates = checks["predicted_statistic"].sel(at).values
            observed = float(checks["observed_statistic"].sel(at))
            assert row["observed"] == observed
            quantiles = np.quantile(replicates, [0.5, 0.1, 0.9])
            np.testing.assert_allclose(row[["expected", "lower", "upper"]].tolist(), quantiles)
            assert row["prob"] == (replicates >= observed).mean()


def test_uniformity_is_compared_with_what_is_expected_under_the_model() -> None:
    row = predictive_table(fabricated_draws(draws=5), level=0.9).set_index("check")
    row = row.loc["pit_uniformity"]
    assert (row["observed"], row["prob"]) == (0.02, 0.8)
    # The fabricated distribution is uniform from 0.01 to 0.05.
    np.testing.assert_allclose(row[["expected", "lower", "upper"]].tolist(), [0.03, 0.012, 0.048])


def test_places_outside_their_interval_are_counted() -> None:
    draws = fabricated_draws(draws=5, authorities=10)
    checks = draws["predictive"].to_dataset()
    checks["observed_by_authority"] = checks["redrawn_by_authority"].median("redraw")
    checks["observed_by_band"] = checks["predicted_by_band"].median("sample")
    checks["observed_by_band"][0, [0, 7]] = 0
    checks["observed_by_authority"][0, 4] = 10**6
    found = predictive_table(with_group(draws, predictive=checks), level=0.9).set_index("check")
    outside = found.loc[["authorities_outside", "deprivation_twentieths_outside"]]
    assert outside["observed"].tolist() == [1, 2]
    np.testing.assert_allclose(outside["expected"], [1.0, 2.0])
    assert outside[["lower", "upper"]].isna().all(axis=None)
    # One of ten outside 95% intervals is no misfit; two twentieths without any events are.
    assert outside["misfit"].tolist() == [False, True]
    np.testing.assert_allclose(outside["prob"].iloc[0], 1 - 0.95**10)
    assert outside["where"].iloc[1].startswith("observed over fitted 0.00 in twentieth 1")


def changed(draws, **values):
    return with_group(draws, predictive=draws["predictive"].to_dataset().assign(values))


@pytest.mark.parametrize("bent", [False, True])
def test_a_bend_is_found_where_few_twentieths_are_outside(bent: bool) -> None:
    draws = fabricated_draws(draws=5)
    checks = draws["predictive"].to_dataset()
    middle = checks["predicted_by_band"].mean("sample")
    place = np.linspace(-1, 1, 20)
    shape = 0.03 * (3 * place**2 - 1) if bent else 0.03 * np.where(np.arange(20) % 2, 1, -1)
    found = predictive_table(changed(draws, observed_by_band=middle * (1 + shape)))
    row = found.set_index("check").loc["deprivation_twentieths_outside"]
    assert row["observed"] <= 3
    assert row["misfit"] == bent


@pytest.mark.parametrize(("outcomes", "misfit"), [(("a",), True), (("a", "b"), False)])
def test_the_false_alarm_rate_is_shared_by_outcomes(outcomes, misfit: bool) -> None:
    draws = fabricated_draws(draws=5, outcomes=outcomes)
    checks = draws["predictive"].to_dataset()
    p_value = checks["check_p_value"].copy()
    p_value[0, 0] = 0.0004
    where = checks["check_where"].astype(object)
    where[:] = "A01"
    draws = changed(draws, check_p_value=p_value, check_where=where.astype(str))
    found = predictive_table(draws, level=0.9).set_index(["outcome", "check"])
    row = found.loc[("a", "dispersion_by_deprivation")]
    assert row["misfit"] == misfit
    assert row["where"] == ("A01" if misfit else "")
    np.testing.assert_allclose(row["upper"], 1.6449 * 0.03, rtol=1e-4)
    assert misfits(draws)["check"].tolist() == ["dispersion_by_deprivation"] * misfit


def test_replicates_of_a_long_tail_do_not_make_the_short_one_impossible() -> None:
    rng = np.random.default_rng(1)
    replicates = rng.gamma(1.0, 1.0, 200)
    assert two_sided(0.0, replicates) > 0.1
    assert two_sided(12.0, replicates) < 0.001


@pytest.mark.parametrize(("observed", "misfit"), [(0.0, False), (0.001, False), (0.004, True)])
def test_few_zeros_are_counted_as_such(observed: float, misfit: bool) -> None:
    # None in 200 replicates of 1,000 areas: one zero has a probability of 0.0025, four of 2e-12.
    assert (of_zeros(observed, np.zeros(200), areas=1000) < 0.0005) == misfit


@pytest.mark.parametrize(
    ("p_value", "words"), [(0.381, "p = 0.38"), (0.0001, "p = 0.0001"), (0.0, "p < 0.0001")]
)
def test_p_values_have_two_digits(p_value: float, words: str) -> None:
    assert p_value_words(p_value) == words


def test_a_fit_without_checks_says_so() -> None:
    draws = fabricated_draws(draws=5)
    del draws["predictive"]
    with pytest.raises(FitError, match="no group 'predictive'"):
        table(draws, "predictive")
