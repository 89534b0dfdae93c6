import numpy as np
import pytest
from scipy.special import expit

from bayesgrad.estimands.levels import levels_table
from tests.fabricate import curve_basis, fabricated_draws


@pytest.mark.parametrize("centre", ["authority", "national", 0.12])
@pytest.mark.parametrize("curvature", ["none", "quadratic", "spline"])
def test_rate_is_that_of_the_predictor(centre: str | float, curvature: str) -> None:
    draws = fabricated_draws(centre=centre, curvature=curvature, authorities=5)
    posterior = draws["posterior"].to_dataset().isel(outcome=0)
    known = draws["authorities"].to_dataset()
    reference = draws["reference"].to_dataset()
    mean = float(reference["mean_authority_deprivation"])
    table = levels_table(draws, level=0.9)
    j, code = 3, "E09000004"
    a = posterior["authority_intercept"].isel(authority=j).values.ravel()
    b = posterior["authority_slope"].isel(authority=j).values.ravel()
    rows = table[table["authority"] == code]
    assert rows["deprivation"].tolist() == reference["level_deprivation"].values.tolist()
    for row in rows.to_dict("records"):
        d = row["deprivation"]
        log_rate = a + b * (d - float(known["centre"][j])) / 0.10
        if curvature != "none":
            curve = curve_basis(curvature, d, mean=mean, unit=0.10)
            coefficients = posterior["curvature"].values.reshape(-1, len(curve))
            log_rate = log_rate + coefficients @ curve
        expected = np.quantile(1e4 * np.exp(log_rate), [0.5, 0.05, 0.95])
        assert [row["rate_per_10000"], row["lower"], row["upper"]] == pytest.approx(expected)


def test_rates_of_cases_are_shares_of_them_in_each_stratum() -> None:
    draws = fabricated_draws(
        family="binomial", strata=("girls", "boys"), outcomes=("a", "b"), authority_deviations=True
    )
    j, s, k = 3, 1, 1
    posterior = draws["posterior"]
    a, b = (
        posterior[f"authority_{effect}"].values[:, :, j, s]
        + posterior[f"stratum_{effect}"].values[:, :, s, k]
        + posterior[f"authority_stratum_{effect}"].values[:, :, j, s, k]
        for effect in ("intercept", "slope")
    )
    x = (0.26 - float(draws["authorities"]["centre"][j])) / 0.10
    table = levels_table(draws, level=0.9)
    (row,) = table.query(
        "authority == 'E09000004' and outcome == 'b' and stratum == 'boys' and deprivation == 0.26"
    ).to_dict("records")
    expected = np.quantile(1e4 * expit(a + b * x), [0.5, 0.05, 0.95])
    assert [row["rate_per_10000"], row["lower"], row["upper"]] == pytest.approx(expected)
    assert table["rate_per_10000"].lt(1e4).all()
