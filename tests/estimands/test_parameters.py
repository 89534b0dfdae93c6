import arviz_stats as az
import numpy as np
import pytest
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.parameters import parameters_table
from tests.fabricate import fabricated_draws


def test_names_of_the_smallest_model() -> None:
    draws = fabricated_draws(moderation="none", family="poisson", correlated=False)
    assert parameters_table(draws)["parameter"].tolist() == [
        "intercept",
        "slope",
        "sd_intercept",
        "sd_slope",
    ]


def test_names_of_a_full_model() -> None:
    draws = fabricated_draws(
        moderation="log",
        curvature="spline",
        covariates=["rural", "density"],
        authority_moderators=["spending"],
        area_moderators=["rural"],
    )
    assert parameters_table(draws)["parameter"].tolist() == [
        "intercept",
        "slope",
        "between",
        "interaction",
        "sd_intercept",
        "sd_slope",
        "correlation",
        "overdispersion",
        "alpha",
        "rural",
        "density",
        "spending (authority)",
        "interaction with spending",
        "gradient x rural",
        "curvature[1]",
        "curvature[2]",
    ]


def test_outcomes_and_terms_are_appended_where_there_are_several() -> None:
    draws = fabricated_draws(moderation="spline", outcomes=("referral", "plan"))
    names = parameters_table(draws)["parameter"].tolist()
    assert names[:6] == [
        "intercept[referral]",
        "intercept[plan]",
        "slope[referral]",
        "slope[plan]",
        "between[1][referral]",
        "between[2][referral]",
    ]


def test_numbers_are_those_of_the_draws() -> None:
    draws = fabricated_draws(moderation="spline", outcomes=("referral", "plan"))
    values = draws["posterior"].to_dataset()["between"].sel(outcome="plan").isel(moderation_term=1)
    table = parameters_table(draws, level=0.9).set_index("parameter")
    row = table.loc["between[2][plan]"]
    assert row["mean"] == pytest.approx(float(values.mean()))
    assert [row["lower"], row["upper"]] == pytest.approx(np.quantile(values, [0.05, 0.95]))
    assert row["sd"] == pytest.approx(float(values.std(ddof=1)))
    assert row["ess_bulk"] == pytest.approx(float(az.ess(values.values, method="bulk")))
    assert row["ess_tail"] == pytest.approx(
        float(az.ess(xr.Dataset({"v": values}), method="tail")["v"])
    )
    assert row["r_hat"] == pytest.approx(float(az.rhat(values.values)))


def test_names_of_strata_and_outcomes() -> None:
    draws = fabricated_draws(
        moderation="none",
        strata=("White", "Black"),
        strata_column="ethnicity",
        outcomes=("referrals", "plans"),
        family=("poisson", "negative_binomial"),
        authority_deviations=True,
    )
    assert parameters_table(draws)["parameter"].tolist() == [
        *(
            f"{name}[{outcome}]"
            for name in ("intercept", "slope", "sd_intercept", "sd_slope")
            for outcome in ("referrals", "plans")
        ),
        "correlation[referrals]",
        "correlation[plans]",
        "correlation[referrals intercept, plans intercept]",
        "correlation[referrals slope, plans intercept]",
        "correlation[referrals intercept, plans slope]",
        "correlation[referrals slope, plans slope]",
        "overdispersion[plans]",
        "alpha[plans]",
        *(
            f"stratum_{effect}[{stratum}][{outcome}]"
            for effect in ("intercept", "slope")
            for outcome in ("referrals", "plans")
            for stratum in ("White", "Black")
        ),
        *(
            f"sd_stratum_{effect}[ethnicity][{outcome}]"
            for effect in ("intercept", "slope")
            for outcome in ("referrals", "plans")
        ),
        *(
            f"sd_authority_stratum_{effect}[{outcome}]"
            for effect in ("intercept", "slope")
            for outcome in ("referrals", "plans")
        ),
    ]


def test_a_stratum_of_one_outcome_has_its_own_numbers() -> None:
    draws = fabricated_draws(strata=("White", "Black"))
    table = parameters_table(draws).set_index("parameter")
    values = draws["posterior"]["stratum_slope"].values[..., 0, 1]
    assert table.loc["stratum_slope[Black]", "mean"] == pytest.approx(values.mean())
    assert "sd_stratum_slope[group]" in table.index


def test_a_covariate_named_like_a_parameter_takes_the_place_of_none() -> None:
    covariates = ["slope", "alpha", "m (authority)", "gradient x rural", "slope (covariate)"]
    names = {
        "covariates": covariates,
        "authority_moderators": ["m"],
        "area_moderators": ["rural"],
    }
    found = parameters_table(fabricated_draws(**names))["parameter"].tolist()
    plain = parameters_table(fabricated_draws(**names | {"covariates": []}))["parameter"].tolist()
    own = [f"{name} (covariate)" for name in covariates[:4]] + ["slope (covariate) (covariate)"]
    assert [name for name in found if name in own] == own
    assert [name for name in found if name not in own] == plain
    assert len(set(found)) == len(plain) + len(covariates)
    draws = fabricated_draws(covariates=["slope"])
    mean = parameters_table(draws).set_index("parameter")["mean"]
    posterior = draws["posterior"].to_dataset()
    assert mean["slope"] == pytest.approx(float(posterior["slope"].mean()))
    assert mean["slope (covariate)"] == pytest.approx(float(posterior["covariate"].mean()))


def test_names_that_read_alike_for_their_brackets_are_refused() -> None:
    strata = {"outcomes": ["b", "b][b"], "strata": ["a", "a][b"]}
    with pytest.raises(FitError, match=r"would read alike: stratum_intercept\[a\]\[b\]\[b\]"):
        parameters_table(fabricated_draws(**strata))
