import numpy as np
import pytest

from bayesgrad.areas.effects import whole_effect
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.national import national_table
from tests.fabricate import fabricated_draws, with_group


def constant(draws, **values):
    posterior = draws["posterior"].to_dataset()
    for name, value in values.items():
        posterior[name] = posterior[name] * 0 + value
    return with_group(draws, posterior=posterior)


def test_published_contrasts_come_from_log_moderation() -> None:
    draws = constant(fabricated_draws(draws=5), slope=0.482, interaction=-0.277)
    reference = draws["reference"].to_dataset()
    shifts = np.log(np.array([0.037, 0.137, 0.237]) / 0.137)
    reference["mean_authority_deprivation"] = 0.137
    reference["shift_basis"] = (("shift", "moderation_term"), shifts[:, None])
    table = national_table(with_group(draws, reference=reference))
    assert table["deprivation_shift"].tolist() == [-0.10, 0.0, 0.10]
    np.testing.assert_allclose(table["gradient"], [2.33, 1.62, 1.39], atol=0.01)
    # The fabricated authorities reach from about 0.05 to 0.25.
    assert table["extrapolated"].tolist() == [True, False, False]


def test_without_moderation_the_gradient_is_the_same_at_all_shifts() -> None:
    draws = constant(fabricated_draws(moderation="none", draws=5), slope=np.log(1.5))
    np.testing.assert_allclose(national_table(draws)["gradient"], 1.5)


def test_where_the_moderation_has_no_value_neither_has_the_gradient() -> None:
    draws = fabricated_draws(draws=5)
    reference = draws["reference"].to_dataset()
    basis = reference["shift_basis"].values.copy()
    basis[0] = np.nan
    reference["shift_basis"] = (reference["shift_basis"].dims, basis)
    table = national_table(with_group(draws, reference=reference))
    assert table[["gradient", "lower", "upper"]].isna().to_numpy().tolist() == [
        [True] * 3,
        [False] * 3,
        [False] * 3,
    ]
    assert table["extrapolated"].tolist()[0] is True


@pytest.mark.parametrize("moderation", ["none", "linear", "log", "spline"])
def test_at_mean_deprivation_it_is_the_gradient_that_authorities_are_held_against(
    moderation: str,
) -> None:
    draws = fabricated_draws(moderation=moderation)
    slope = draws["posterior"].to_dataset()["slope"].values.ravel()
    table = national_table(draws)
    assert table["gradient"][1] == pytest.approx(np.median(np.exp(slope)))
    above = gradients_table(draws)["prob_above_national"]
    b = draws["posterior"].to_dataset()["authority_slope"].isel(authority=0).values.ravel()
    assert above[0] == pytest.approx((b > slope).mean())


def test_each_stratum_has_a_gradient_of_its_own_at_every_shift() -> None:
    draws = fabricated_draws(strata=("girls", "boys"), outcomes=("a", "b"))
    posterior, basis = draws["posterior"], draws["reference"]["shift_basis"]
    log_gradient = (
        posterior["slope"].values[..., 1]
        + posterior["stratum_slope"].values[..., 1, 0]
        + posterior["interaction"].values[..., 1, 0] * float(basis[2, 0])
    )
    table = national_table(draws)
    assert len(table) == 2 * 2 * 3
    row = table.query("outcome == 'b' and stratum == 'girls' and deprivation_shift == 0.1")
    assert row["gradient"].item() == pytest.approx(np.median(np.exp(log_gradient)))


@pytest.mark.parametrize("strata", [("",), ("younger", "older")])
def test_the_average_authority_is_the_mean_of_authorities(strata: tuple[str, ...]) -> None:
    draws = fabricated_draws(
        outcomes=("referral", "plan"), strata=strata, authority_deviations=True
    )
    posterior = draws["posterior"].to_dataset()
    rows = national_table(draws)
    for s, outcome in enumerate(("referral", "plan")):
        for k, stratum in enumerate(strata):
            whole = whole_effect(posterior, "slope", outcome=s, stratum=k).mean("authority")
            own = rows[(rows["outcome"] == outcome) & (rows["stratum"] == stratum)]
            expected = np.quantile(np.exp(whole.values), [0.5, 0.025, 0.975])
            for row in own[["average_gradient", "average_lower", "average_upper"]].to_numpy():
                assert row.tolist() == pytest.approx(expected.tolist())
