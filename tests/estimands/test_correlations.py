import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.correlations import correlations_table
from tests.fabricate import fabricated_draws

PAIR = ["outcome_a", "effect_a", "outcome_b", "effect_b"]


def test_all_pairs_of_effects_by_hand() -> None:
    draws = fabricated_draws(outcomes=("referrals", "plans"))
    table = correlations_table(draws, level=0.9)
    assert table[PAIR].agg(" ".join, axis=1).tolist() == [
        "referrals intercept referrals slope",
        "referrals intercept plans intercept",
        "referrals slope plans intercept",
        "referrals intercept plans slope",
        "referrals slope plans slope",
        "plans intercept plans slope",
    ]
    values = draws["posterior"]["effect_correlation"].values[..., 5].ravel()
    row = table.iloc[5]
    assert [row["mean"], row["sd"]] == pytest.approx([values.mean(), values.std(ddof=1)])
    assert [row["lower"], row["upper"]] == pytest.approx(np.quantile(values, [0.05, 0.95]))
    assert row["prob_positive"] == (values > 0).mean()
    assert 0 < row["prob_positive"] < 1


def test_one_outcome_has_one_correlation() -> None:
    draws = fabricated_draws()
    (row,) = correlations_table(draws).to_dict("records")
    assert [row[name] for name in PAIR] == ["referrals", "intercept", "referrals", "slope"]
    assert row["mean"] == pytest.approx(float(draws["posterior"]["correlation"].mean()))


def test_outcomes_with_covariances_of_their_own_have_one_each() -> None:
    table = correlations_table(fabricated_draws(outcomes=("a", "b"), by_outcome=True))
    assert table["outcome_a"].tolist() == table["outcome_b"].tolist() == ["a", "b"]


def test_independent_effects_have_none() -> None:
    with pytest.raises(FitError, match="independent") as caught:
        correlations_table(fabricated_draws(correlated=False))
    assert 'covariance = "full"' in caught.value.do
