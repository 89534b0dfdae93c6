import numpy as np
import pytest
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import interval, mean, median, probability, quantiles, sd
from tests.fabricate import fabricated_draws


def draws_of(values: list[list[float]]) -> xr.DataArray:
    return xr.DataArray(np.array(values, dtype=float), dims=("chain", "draw"))


def test_interval_is_that_of_the_ordered_draws_of_all_chains() -> None:
    values = draws_of([[4, 0, 2], [1, 3, 5]])
    bounds = interval(values, level=0.6)
    # Six draws 0..5: the quantile p lies at 5 p.
    np.testing.assert_allclose(bounds.sel(bound=["lower", "upper"]), [1.0, 4.0])
    assert float(median(values)) == 2.5


def test_interval_says_what_it_is() -> None:
    bounds = interval(draws_of([[0, 1]]), level=0.9)
    assert bounds.attrs == {"interval_kind": "equal-tailed", "interval_level": 0.9}


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 95, float("nan")])
def test_a_level_that_is_no_probability_is_refused(level: float) -> None:
    with pytest.raises(FitError, match=r"strictly between 0 and 1") as caught:
        interval(draws_of([[0, 1]]), level=level)
    assert "0.95" in caught.value.do


def test_summaries_keep_other_dimensions_and_their_labels() -> None:
    rng = np.random.default_rng(1)
    values = xr.DataArray(
        rng.normal(size=(3, 2, 50)), dims=("place", "chain", "draw"), coords={"place": list("abc")}
    )
    flat = values.stack(sample=("chain", "draw"))
    found = quantiles(values, [0.1, 0.8])
    np.testing.assert_allclose(found.sel(quantile=0.8), np.quantile(flat.values, 0.8, axis=-1))
    assert found["place"].values.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(sd(values), np.std(flat.values, axis=-1, ddof=1))


def test_a_missing_draw_makes_the_summary_missing() -> None:
    values = draws_of([[1, np.nan, 3]])
    assert np.isnan(median(values))
    assert np.isnan(mean(values))
    assert np.isnan(sd(values))


def test_probability_is_the_share_of_draws() -> None:
    assert float(probability(draws_of([[1, -1], [2, 3]]) > 0)) == 0.75


def test_an_array_without_draws_is_refused() -> None:
    with pytest.raises(FitError, match="authority"):
        median(xr.DataArray([1.0], dims="authority"))


def test_a_missing_group_is_named_with_those_found() -> None:
    with pytest.raises(FitError, match=r"'rates'.*posterior"):
        group(fabricated_draws(draws=5), "rates")
