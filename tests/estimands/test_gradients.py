import numpy as np
import pytest
import xarray as xr

from bayesgrad.estimands.gradients import (
    gradients_table,
    reliability,
    reliability_error,
    slope_residual,
)
from tests.fabricate import fabricated_draws, with_group


def two_authorities() -> xr.DataTree:
    """One chain of three draws: slopes are chosen, everything else fabricated."""
    draws = fabricated_draws(authorities=2, chains=1, draws=3, moderation="none", family="poisson")
    posterior = draws["posterior"].to_dataset()
    slopes = np.log([[1.0, 2.0, 4.0], [3.0, 3.0, 3.0]]).T.reshape(1, 3, 2, 1)
    posterior["authority_slope"] = (posterior["authority_slope"].dims, slopes)
    posterior["slope"] = (("chain", "draw", "outcome"), np.log([2.0, 2.0, 2.0]).reshape(1, 3, 1))
    posterior["sd_slope"] = (("chain", "draw", "outcome"), np.array([1, 1, 1.0]).reshape(1, 3, 1))
    return with_group(draws, posterior=posterior)


def test_hand_computed_table() -> None:
    table = gradients_table(two_authorities(), level=0.5).set_index("authority")
    first, second = table.loc["E09000001"], table.loc["E09000002"]
    # Quantiles 1/4, 1/2, 3/4 of 1, 2, 4.
    np.testing.assert_allclose(first[["lower", "gradient", "upper"]].astype(float), [1.5, 2.0, 3.0])
    assert first["log_mean"] == pytest.approx(np.log(2))
    assert first["log_sd"] == pytest.approx(np.log(2))
    # Draws 1, 2, 4 against 2: only one is above.
    assert first["prob_above_national"] == pytest.approx(1 / 3)
    assert first["reliability"] == pytest.approx(1 - np.log(2) ** 2)
    assert second["prob_above_national"] == 1.0
    assert second["reliability"] == 1.0


def test_reliability_is_not_negative() -> None:
    residual = xr.DataArray([[-1.0, 1.0, 3.0]], dims=("chain", "draw"))
    spread = xr.DataArray([[0.1, 0.1, 0.1]], dims=("chain", "draw"))
    assert float(reliability(residual, spread**2)) == 0.0


def test_residual_takes_off_every_moderator() -> None:
    draws = fabricated_draws(
        moderation="spline", authority_moderators=["spending", "turnover"], chains=1, draws=4
    )
    posterior, known = draws["posterior"].to_dataset(), draws["authorities"].to_dataset()
    residual = slope_residual(posterior, known, outcome=0, stratum=0).isel(chain=0)
    t, j = 2, 5
    here = posterior.isel(chain=0, draw=t, outcome=0)
    expected = (
        float(here["authority_slope"].isel(authority=j))
        - float(here["slope"])
        - here["interaction"].values @ known["moderation_basis"].values[j]
        - here["authority_moderator_gradient"].values @ known["moderator"].values[j]
    )
    assert float(residual.isel(draw=t, authority=j)) == pytest.approx(expected, rel=1e-12)


def test_rows_are_by_outcome_stratum_and_code_whatever_the_order_of_the_draws() -> None:
    draws = fabricated_draws(
        authorities=4, draws=20, outcomes=("referral", "plan"), strata=("girls", "boys")
    )
    shuffled = [2, 0, 3, 1]
    mixed = with_group(
        draws,
        posterior=draws["posterior"].to_dataset().isel(authority=shuffled),
        authorities=draws["authorities"].to_dataset().isel(authority=shuffled),
    )
    table = gradients_table(mixed)
    keys = list(zip(table["outcome"], table["stratum"], table["authority"], strict=True))
    codes = [f"E0900000{i}" for i in range(1, 5)]
    assert keys == [
        (o, s, c) for o in ("referral", "plan") for s in ("girls", "boys") for c in codes
    ]
    exact = table.drop(columns=["log_mean", "log_sd"])
    assert exact.equals(gradients_table(draws).drop(columns=["log_mean", "log_sd"]))


def test_authorities_are_held_against_the_gradient_of_their_stratum() -> None:
    draws = fabricated_draws(
        strata=("girls", "boys"), outcomes=("referral", "plan"), authority_deviations=True
    )
    posterior = draws["posterior"].to_dataset()
    here = posterior.isel(outcome=1, stratum=0)
    slopes = (
        here["authority_slope"] + here["stratum_slope"] + here["authority_stratum_slope"]
    ).isel(authority=3)
    national = here["slope"] + here["stratum_slope"]
    table = gradients_table(draws, level=0.9)
    row = table.query("outcome == 'plan' and stratum == 'girls'").iloc[3]
    expected = np.quantile(np.exp(slopes), [0.5, 0.05, 0.95])
    assert [row["gradient"], row["lower"], row["upper"]] == pytest.approx(expected)
    assert row["prob_above_national"] == pytest.approx(float((slopes > national).mean()))
    assert row["events"] == int(draws["authorities"]["events"][3, 1, 0])


def test_reliability_counts_the_deviations_of_authorities_in_strata() -> None:
    draws = fabricated_draws(strata=("girls", "boys"), moderation="none", authority_deviations=True)
    here = draws["posterior"].to_dataset().isel(outcome=0, stratum=1)
    residual = here["authority_slope"] - here["slope"] + here["authority_stratum_slope"]
    share = 1 - 1 / 2  # The deviations of two strata sum to zero.
    prior = here["sd_slope"] ** 2 + share * here["sd_authority_stratum_slope"] ** 2
    expected = 1 - residual.var(("chain", "draw"), ddof=1) / prior.mean()
    table = gradients_table(draws).query("stratum == 'boys'")
    np.testing.assert_allclose(table["reliability"], expected.clip(min=0))
    assert (table["reliability"] > 0).any()


def test_reliability_is_that_of_the_authority_where_strata_shift_all_alike() -> None:
    draws = fabricated_draws(strata=("girls", "boys"))
    table = gradients_table(draws)
    girls, boys = (table[table["stratum"] == stratum] for stratum in ("girls", "boys"))
    assert girls["reliability"].tolist() == boys["reliability"].tolist()
    assert girls["gradient"].tolist() != boys["gradient"].tolist()


def test_steeper_than_the_average_authority() -> None:
    draws = fabricated_draws(authorities=4)
    slopes = draws["posterior"]["authority_slope"].isel(outcome=0)
    expected = (slopes > slopes.mean("authority")).mean(("chain", "draw"))
    rows = gradients_table(draws).set_index("authority")
    assert rows["prob_above_average"].to_dict() == pytest.approx(expected.to_series().to_dict())
    alone = gradients_table(fabricated_draws(authorities=1))
    assert alone["prob_above_average"].isna().all()


def test_gradient_per_standard_deviation_within_the_authority() -> None:
    draws = fabricated_draws(authorities=3, unit=0.05)
    rows = gradients_table(draws)
    spread = draws["authorities"]["deprivation_sd"].values / 0.05
    for part in ("gradient", "lower", "upper"):
        name = "gradient_per_sd" if part == "gradient" else f"gradient_per_sd_{part}"
        assert rows[name].tolist() == pytest.approx(
            (rows[part].values ** spread).tolist(), rel=1e-4
        )


@pytest.mark.parametrize("clustered", [False, True])
def test_error_of_reliability_is_its_spread_over_runs(clustered: bool) -> None:
    """Two hundred runs; their spread is known to 5%, and a ratio of 1.3 is six of its errors."""
    rng, size = np.random.default_rng(1), 10 if clustered else 1
    draws = fabricated_draws(authorities=2, chains=2, draws=500)
    values, errors = [], []
    for _ in range(200):
        residual = np.repeat(rng.normal(size=(1000 // size, 2)), size, axis=0)
        order = rng.permutation(1000) if clustered else np.arange(1000)
        shape = ("chain", "draw", "authority")
        u = xr.DataArray(residual[order].reshape(2, 500, 2), dims=shape)
        variance = xr.full_like(u.isel(authority=0), 2.0)
        proposal = (np.arange(1000) // size)[order].reshape(2, 500)
        statistics = draws["sample_stats"].to_dataset()
        if clustered:
            statistics["proposal"] = (("chain", "draw"), proposal)
        fit = with_group(draws, sample_stats=statistics)
        values.append(reliability(u, variance).values)
        errors.append(reliability_error(u, variance, fit).values)
    ratio = np.mean(errors, axis=0) / np.std(values, axis=0, ddof=1)
    assert (np.abs(np.log(ratio)) < np.log(1.3)).all()
