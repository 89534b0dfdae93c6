import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands import table
from bayesgrad.estimands.predictive import p_value_words, predictive_table
from tests.fabricate import fabricated_draws, with_group

CHECKS = [
    "share_of_zeros",
    "variance_to_mean",
    "pit_uniformity",
    "authorities_outside",
    "deprivation_twentieths_outside",
]


def test_each_outcome_has_every_check_in_order() -> None:
    found = predictive_table(fabricated_draws(draws=5, outcomes=("referral", "plan")))
    assert found["outcome"].tolist() == ["referral"] * 5 + ["plan"] * 5
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
    assert found.loc[("plan", "share_of_zeros"), "prob"] == 0


def test_uniformity_is_compared_with_what_is_expected_of_as_many_areas() -> None:
    row = predictive_table(fabricated_draws(draws=5)).set_index("check").loc["pit_uniformity"]
    assert (row["observed"], row["prob"]) == (0.02, 0.8)
    # Kolmogorov's limit for 1,000 areas: quantiles 0.025, 0.5 and 0.975 over the square root.
    expected = np.array([0.8276, 0.4806, 1.4802]) / np.sqrt(1000)
    np.testing.assert_allclose(row[["expected", "lower", "upper"]].tolist(), expected, rtol=0.02)


def test_places_outside_their_interval_are_counted() -> None:
    draws = fabricated_draws(draws=5, authorities=10)
    checks = draws["predictive"].to_dataset()
    for name in ("by_authority", "by_band"):
        checks[f"observed_{name}"] = checks[f"predicted_{name}"].median("sample")
    checks["observed_by_band"][0, [0, 7]] = 0
    checks["observed_by_authority"][0, 4] = 10**6
    found = predictive_table(with_group(draws, predictive=checks), level=0.9).set_index("check")
    outside = found.loc[["authorities_outside", "deprivation_twentieths_outside"]]
    assert outside["observed"].tolist() == [1, 2]
    np.testing.assert_allclose(outside["expected"], [1.0, 2.0])
    assert outside[["lower", "upper", "prob"]].isna().all(axis=None)


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
