import numpy as np
import pytest

from bayesgrad.estimands.scores import scores_table
from tests.fabricate import fabricated_draws, with_group


def test_rows_are_outcomes_then_all_authorities_then_each_by_code() -> None:
    draws = fabricated_draws(draws=5, outcomes=("referral", "plan"), authorities=4)
    backwards = draws["scores"].to_dataset().isel(authority=slice(None, None, -1))
    found = scores_table(with_group(draws, scores=backwards))
    codes = sorted(backwards["authority"].values.tolist())
    assert found["score"].tolist() == ["leave_one_area_out"] * 2 + ["leave_one_authority_out"] * 5
    assert found["outcome"].tolist() == ["referral", "plan", *[""] * 5]
    assert found["authority"].tolist() == ["", "", "", *codes]
    by_code = backwards.sortby("authority")
    np.testing.assert_array_equal(found["elpd"][3:], by_code["authority_elpd"])
    np.testing.assert_array_equal(found["k_hat"][3:], by_code["authority_k_hat"])


def test_the_total_is_the_sum_of_authorities() -> None:
    found = scores_table(fabricated_draws(draws=5, authorities=9))
    total, each = found.iloc[1], found.iloc[2:]
    assert total["elpd"] == pytest.approx(each["elpd"].sum())
    assert total["p_loo"] == pytest.approx(each["p_loo"].sum())
    assert total["se"] == pytest.approx(3 * each["elpd"].std())
    assert (total["terms"], total["k_hat"]) == (9, each["k_hat"].max())
    assert each["se"].isna().all()


def test_authorities_whose_weights_cannot_be_relied_on_are_flagged() -> None:
    draws = fabricated_draws(draws=5, authorities=4)
    scores = draws["scores"].to_dataset()
    scores["authority_k_hat"] = ("authority", [0.7, 0.71, np.nan, -0.2])
    found = scores_table(with_group(draws, scores=scores))
    assert found["unreliable"].tolist() == [0, 2, 0, 1, 1, 0]


def test_areas_have_the_numbers_of_their_outcome() -> None:
    row = scores_table(fabricated_draws(draws=5)).iloc[0]
    assert (row["se"], row["p_loo"], row["terms"], row["unreliable"]) == (40.0, 25.0, 1000, 0)
    assert np.isnan(row["k_hat"])
