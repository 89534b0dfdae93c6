import numpy as np
import pytest

from bayesgrad.estimands.inequality import MEASURES, inequality_table
from tests.fabricate import fabricated_draws


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
