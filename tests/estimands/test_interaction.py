import numpy as np
import pytest

from bayesgrad.estimands.interaction import COLUMNS, interaction_table
from tests.fabricate import fabricated_draws, with_group


def test_one_row_per_outcome_and_moderator_in_order() -> None:
    draws = fabricated_draws(
        outcomes=("referral", "plan"),
        moderation="spline",
        authority_moderators=["spending"],
        area_moderators=["rural", "spending"],
    )
    table = interaction_table(draws)
    rows = [
        ("deprivation", "linear"),
        ("deprivation", "spline 1"),
        ("spending", "linear"),
        ("rural", "linear"),
        ("spending", "linear"),
    ]
    assert list(zip(table["moderator"], table["form"], strict=True)) == rows * 2
    assert table["outcome"].tolist() == ["referral"] * 5 + ["plan"] * 5
    shares = table["slope_variance_explained"]
    # All terms of a spline carry one share; spending is not clear in these draws; a moderator of
    # areas explains none between authorities, even one that bears the name of one of authorities.
    assert shares[0] == shares[1]
    assert shares.isna().tolist() == [False, False, True, True, True] * 2


def test_coefficient_is_summarised_as_it_is() -> None:
    draws = fabricated_draws(moderation="log")
    values = draws["posterior"].to_dataset()["interaction"].values.ravel()
    (row,) = interaction_table(draws, level=0.8).to_dict("records")
    assert row["form"] == "log"
    assert row["mean"] == pytest.approx(values.mean())
    assert row["sd"] == pytest.approx(values.std(ddof=1))
    assert (row["lower"], row["upper"]) == pytest.approx(np.quantile(values, [0.1, 0.9]))
    assert row["prob_negative"] == (values < 0).mean()


def test_share_of_slope_variance_is_that_of_the_definition() -> None:
    draws = fabricated_draws(moderation="spline", authority_moderators=["spending"])
    posterior, known = draws["posterior"].to_dataset(), draws["authorities"].to_dataset()
    flat = posterior.isel(outcome=0).stack(sample=("chain", "draw"))
    by_deprivation = known["moderation_basis"].values @ flat["interaction"].values
    by_spending = known["moderator"].values @ flat["authority_moderator_gradient"].values
    total = (by_deprivation + by_spending).var(axis=0) + flat["sd_slope"].values ** 2
    shares = [part.var(axis=0) / total for part in (by_deprivation, by_spending)]
    found = interaction_table(draws, level=0.8).iloc[[0, 2]]
    name = "slope_variance_explained"
    # The sign of spending has a probability of 0.93 in these draws: too little for a share.
    assert found["prob_negative"].between(0.025, 0.975).tolist() == [False, True]
    assert found[name].tolist() == pytest.approx([shares[0].mean(), np.nan], nan_ok=True)
    ends = np.quantile(shares[0], [0.1, 0.9])
    assert found[[f"{name}_lower", f"{name}_upper"]].iloc[0].tolist() == pytest.approx(ends)


def test_one_clear_term_of_a_spline_is_enough_for_its_share() -> None:
    draws = fabricated_draws(moderation="spline")
    posterior = draws["posterior"].to_dataset()
    posterior["interaction"][..., 1] -= posterior["interaction"][..., 1].mean()
    table = interaction_table(with_group(draws, posterior=posterior))
    assert table["prob_negative"].between(0.025, 0.975).tolist() == [False, True]
    assert table["slope_variance_explained"].notna().all()


def test_without_moderators_the_table_is_empty_with_its_columns() -> None:
    table = interaction_table(fabricated_draws(moderation="none"))
    assert table.empty
    assert tuple(table.columns) == COLUMNS


def test_a_moderator_called_deprivation_is_not_that_of_authorities():
    draws = fabricated_draws(authority_moderators=["deprivation"])
    table = interaction_table(draws).set_index("moderator")
    assert table.index.tolist() == ["deprivation", "deprivation (column)"]
    posterior = draws["posterior"].to_dataset()
    for name, variable in zip(
        table.index, ("interaction", "authority_moderator_gradient"), strict=True
    ):
        assert table.loc[name, "mean"] == pytest.approx(float(posterior[variable].mean()))
    assert table["slope_variance_explained"].nunique(dropna=False) == 2
