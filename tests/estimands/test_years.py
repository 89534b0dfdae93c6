import numpy as np
import pandas as pd
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.strata import strata_table
from bayesgrad.estimands.trends import trend_weights, trends_table
from bayesgrad.estimands.years import years_table
from tests.fabricate import fabricated_draws

YEARS = ("2018", "2019", "2022")


def panel(**settings):
    return fabricated_draws(
        strata=YEARS, years=True, authority_deviations=True, draws=80, **settings
    )


def test_years_are_the_strata_with_the_step_from_the_one_before():
    draws = panel(outcomes=("a", "b"))
    table, strata = years_table(draws, level=0.8), strata_table(draws, level=0.8)
    assert table["year"].tolist() == [2018, 2019, 2022] * 2
    same = ["gradient", "lower", "upper", "rate_per_10000", "rate_lower", "rate_upper", "events"]
    pd.testing.assert_frame_equal(table[same], strata[same])
    course = draws["posterior"]["stratum_slope"].values[:, :, 1]
    steeper = table[table["outcome"] == "b"]["prob_steeper_than_previous"].to_numpy()
    assert np.isnan(steeper[0])
    expected = [(course[..., k] > course[..., k - 1]).mean() for k in (1, 2)]
    np.testing.assert_allclose(steeper[1:], expected)


def test_a_trend_is_the_slope_of_a_line_through_the_years():
    draws = panel(outcomes=("a", "b"))
    posterior, years = draws["posterior"], [2018, 2019, 2022]
    table = trends_table(draws, level=0.5).set_index(["outcome", "authority"])
    code = str(draws["authorities"]["authority"].values[3])
    national, own = (
        posterior[name].transpose("stratum", ..., "chain", "draw")
        for name in ("stratum_slope", "authority_stratum_slope")
    )
    course = national.sel(outcome="b").values.reshape(3, -1)
    departure = own.sel(outcome="b", authority=code).values.reshape(3, -1)
    for row, values in (("", course), (code, course + departure)):
        slope = np.polyfit(years, values, 1)[0]
        found = table.loc[("b", row)]
        expected = np.quantile(np.exp(slope), [0.5, 0.25, 0.75])
        np.testing.assert_allclose(found[["annual_ratio", "lower", "upper"]].tolist(), expected)
        assert found["prob_rising"] == pytest.approx((slope > 0).mean())
    levels = posterior["stratum_intercept"].sel(outcome="b").values.reshape(-1, 3).T
    expected = np.quantile(np.exp(np.polyfit(years, levels, 1)[0]), [0.5, 0.25, 0.75])
    found = table.loc[("b", ""), ["annual_rate_ratio", "rate_lower", "rate_upper"]]
    np.testing.assert_allclose(found.astype(float), expected)
    assert table.loc[("b", ""), "name"] == ""
    assert table.loc[("b", code), "name"] == str(
        draws["authorities"]["name"].sel(authority=code).item()
    )


def test_every_authority_has_a_row_after_the_nations():
    table = trends_table(panel())
    codes = table["authority"].tolist()
    assert codes[0] == ""
    assert codes[1:] == sorted(codes[1:])
    assert len(codes) == 13


def test_a_course_that_is_a_line_has_its_slope():
    years = [2001, 2002, 2005]
    weights = trend_weights(years).values
    np.testing.assert_allclose(weights @ (7.0 + 0.3 * np.array(years)), 0.3)
    np.testing.assert_allclose(weights.sum(), 0.0, atol=1e-12)


@pytest.mark.parametrize("make", [years_table, trends_table])
def test_strata_that_are_no_years_have_no_course(make):
    with pytest.raises(FitError, match="no years") as caught:
        make(fabricated_draws(strata=YEARS, ordered=True))
    assert "[years] column" in caught.value.do
