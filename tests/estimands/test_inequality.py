import numpy as np
import pytest
import xarray as xr

from bayesgrad.estimands.inequality import MEASURES, inequality_table
from bayesgrad.estimands.observed_inequality import OBSERVED
from tests.fabricate import fabricated_draws, with_group


def test_the_nation_comes_first_then_authorities_by_code() -> None:
    table = inequality_table(fabricated_draws(authorities=3, outcomes=("referral", "plan")))
    assert table["authority"].tolist() == ["", "E09000001", "E09000002", "E09000003"] * 2
    assert table["outcome"].tolist() == ["referral"] * 4 + ["plan"] * 4


@pytest.mark.parametrize("measure", MEASURES)
def test_each_measure_is_summarised_over_its_sample(measure: str) -> None:
    draws = fabricated_draws(authorities=3)
    values = draws["inequality"].to_dataset()[measure].isel(outcome=0, place=2).values
    row = inequality_table(draws, level=0.9).iloc[2]
    found = [row[measure], row[f"{measure}_lower"], row[f"{measure}_upper"]]
    assert found == pytest.approx(np.quantile(values, [0.5, 0.05, 0.95]))


def test_events_in_excess_are_the_fraction_of_those_observed() -> None:
    draws = fabricated_draws(authorities=3)
    table = inequality_table(draws)
    events = draws["authorities"]["events"].values[:, 0, 0]
    for part in ("", "_lower", "_upper"):
        expected = table[f"paf{part}"] * [events.sum(), *events]
        assert table[f"excess_events{part}"].tolist() == pytest.approx(expected.tolist())


EXPOSURE = np.full(20, 500.0)
RANK = (np.arange(20) + 0.5) / 20


def of_nation(observed: np.ndarray, exposure: np.ndarray = EXPOSURE) -> dict[str, float]:
    draws = fabricated_draws(authorities=2)
    rates = xr.Dataset(
        {
            "observed": (("outcome", "band"), [observed]),
            "exposure": (("outcome", "band"), [exposure]),
        },
        coords={"outcome": ["referrals"]},
    )
    table = inequality_table(with_group(draws, rates=rates))
    assert table[list(OBSERVED)].iloc[1:].isna().all(axis=None)
    return table.iloc[0][list(OBSERVED)].to_dict()


def test_observed_rates_on_a_log_linear_line_have_its_index() -> None:
    found = of_nation(EXPOSURE * 0.02 * np.exp(0.7 * RANK))
    assert found["rii_observed"] == pytest.approx(np.exp(0.7))
    rates = np.exp(0.7 * RANK)
    assert found["sii_observed_per_10000"] == pytest.approx(200 * rates.mean() * 0.7)
    assert found["paf_observed"] == pytest.approx(1 - rates[:2].mean() / rates.mean())


def test_observed_rates_on_a_straight_line_have_the_index_of_public_health_england() -> None:
    found = of_nation(EXPOSURE * (0.01 + 0.03 * RANK))
    assert found["rii_phe"] == pytest.approx(4.0)
    assert found["sii_phe_per_10000"] == pytest.approx(300.0)


def test_a_line_is_weighted_by_population() -> None:
    exposure = np.linspace(100.0, 900.0, 20)
    events = np.random.default_rng(1).poisson(exposure * 0.1 * np.exp(RANK))
    tenths = [values.reshape(10, 2).sum(axis=1) for values in (events, exposure)]
    share = tenths[1] / tenths[1].sum()
    rank = np.cumsum(share) - share / 2
    slope, level = np.polyfit(rank, tenths[0] / tenths[1], 1, w=np.sqrt(share))
    found = of_nation(events, exposure)
    assert found["sii_phe_per_10000"] == pytest.approx(10_000 * slope)
    assert found["rii_phe"] == pytest.approx((level + slope) / level)


@pytest.mark.parametrize(
    ("observed", "there"),
    [
        (np.r_[0.0, np.full(19, 4.0)], ["paf_observed", "rii_phe", "sii_phe_per_10000"]),
        (np.r_[np.nan, np.full(19, 4.0)], []),
        (np.zeros(20), []),
    ],
    ids=["a band without events", "a band that is withheld", "no events"],
)
def test_what_observed_rates_do_not_give_is_missing(observed: np.ndarray, there: list[str]) -> None:
    found = of_nation(observed)
    assert [name for name, value in found.items() if np.isfinite(value)] == there
