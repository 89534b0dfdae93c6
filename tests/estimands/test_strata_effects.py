import numpy as np
import pytest

from bayesgrad.areas.effects import whole_effect
from bayesgrad.estimands.layout import group, size_parameter
from bayesgrad.estimands.strata_effects import mean_over_strata, national_effect, populations
from bayesgrad.estimands.tables import table
from tests.fabricate import fabricated_draws

STRATA = ("girls", "boys")
OUTCOMES = ("referral", "plan")


def test_the_effect_of_a_cell_is_the_sum_of_its_parts() -> None:
    draws = fabricated_draws(strata=STRATA, outcomes=OUTCOMES, authority_deviations=True, draws=9)
    posterior = draws["posterior"].to_dataset()
    for effect in ("intercept", "slope"):
        whole = whole_effect(posterior, effect, outcome=1, stratum=0)
        expected = (
            posterior[f"authority_{effect}"].values[0, 4, 3, 1]
            + posterior[f"stratum_{effect}"].values[0, 4, 1, 0]
            + posterior[f"authority_stratum_{effect}"].values[0, 4, 3, 1, 0]
        )
        assert float(whole.isel(chain=0, draw=4, authority=3)) == pytest.approx(expected)


def test_authorities_are_compared_once_unless_they_deviate_in_each_stratum() -> None:
    alike = list(populations(fabricated_draws(strata=STRATA, outcomes=OUTCOMES, draws=5)))
    assert [(one.outcome, one.stratum) for one in alike] == [("referral", ""), ("plan", "")]
    draws = fabricated_draws(strata=STRATA, outcomes=OUTCOMES, authority_deviations=True, draws=5)
    found = list(populations(draws))
    assert [(one.outcome, one.stratum) for one in found] == [
        (outcome, stratum) for outcome in OUTCOMES for stratum in STRATA
    ]
    whole = whole_effect(group(draws, "posterior"), "slope", outcome=1, stratum=0)
    expected = whole.transpose("authority", "chain", "draw").values.reshape(12, -1)
    np.testing.assert_array_equal(found[2].slopes, expected)


@pytest.mark.parametrize("name", ["ranks", "pairs"])
def test_ranks_and_pairs_of_authorities_are_those_of_each_stratum(name: str) -> None:
    """Without deviations of authorities it makes no difference in which stratum they are ranked."""
    draws = fabricated_draws(strata=STRATA, draws=50)
    posterior = draws["posterior"].to_dataset()
    zero = posterior["authority_slope"].expand_dims(stratum=list(STRATA), axis=-1) * 0.0
    with_zeros = draws.copy()
    with_zeros["posterior"] = type(draws)(posterior.assign(authority_stratum_slope=zero))
    once, each = table(draws, name), table(with_zeros, name)
    for stratum in STRATA:
        own = each[each["stratum"] == stratum].reset_index(drop=True)
        np.testing.assert_allclose(
            own.select_dtypes("number"), once.select_dtypes("number"), rtol=1e-9
        )


def test_the_mean_over_strata_is_a_fit_without_strata() -> None:
    draws = fabricated_draws(strata=STRATA, outcomes=OUTCOMES, authority_deviations=True)
    whole = mean_over_strata(draws)
    assert "stratum" not in whole["posterior"].dims
    assert "sd_authority_stratum_slope" not in whole["posterior"]
    gradients = table(whole, "gradients")
    assert gradients["stratum"].tolist() == [""] * 24
    slope = draws["posterior"]["authority_slope"].values[:, :, 4, 1]
    row = gradients.iloc[12 + 4]
    assert row["gradient"] == pytest.approx(np.median(np.exp(slope)))
    authorities = draws["authorities"]
    assert row["events"] == int(authorities["events"][4, 1].sum())
    assert row["areas"] == int(authorities["areas"][4, 1].max())


def test_national_effects_of_strata_average_to_the_models_own() -> None:
    draws = fabricated_draws(strata=("a", "b", "c"), draws=10)
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    slopes = national_effect(posterior, authorities, "slope")
    np.testing.assert_allclose(slopes.mean("stratum"), posterior["slope"])
    assert float(slopes.std("stratum").min()) > 0


def test_what_has_no_overdispersion_has_an_infinite_size() -> None:
    draws = fabricated_draws(
        outcomes=("a", "b", "c"), family=("poisson", "negative_binomial", "binomial"), draws=5
    )
    posterior = draws["posterior"].to_dataset()
    alpha = size_parameter(posterior)
    assert alpha.dims == ("chain", "draw", "outcome")
    assert np.isinf(alpha.sel(outcome=["a", "c"])).all()
    np.testing.assert_array_equal(
        alpha.sel(outcome="b"), posterior["alpha"].sel(dispersed_outcome="b")
    )
    none = fabricated_draws(family="poisson", draws=5)["posterior"].to_dataset()
    assert np.isinf(size_parameter(none)).all()
