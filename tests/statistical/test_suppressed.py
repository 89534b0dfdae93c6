"""Suppressed counts of a real table: children in income deprivation in every LSOA, mid-2015.

Counts below 10 are suppressed (blank in the file), and the rest rounded to the nearest 5, which the
model does not know. The same release's rate of income deprivation among children, which is not
suppressed, says what the hidden counts add up to.
"""

from __future__ import annotations

import pandas as pd
import pytest

import bayesgrad as bg

COLUMN = "income_deprived_children"
TEXT = """
title = "Children in income deprivation"
[columns]
area = "lsoa11_code"
authority = "utla19_code"
exposure = "dep_children_0_15_mid2015"
deprivation = "income_score"
vintage = "IoD2019"
[[outcomes]]
column = "income_deprived_children"
[gradient]
curvature = "quadratic"
[likelihood]
suppressed = { symbol = "c", lower = 0, upper = 9 }
[rows]
small_authorities = "drop"
minimum_areas = 10
"""


@pytest.fixture(scope="module")
def table(shared_data) -> pd.DataFrame:
    read = bg.read_table(shared_data / "outcomes" / "income_deprived_children_lsoa11_2015.csv")
    counts = read[COLUMN].astype("Int64")
    return read.assign(**{COLUMN: counts.astype("str").mask(counts.isna(), "c")})


@pytest.mark.slow
def test_the_implied_total_of_a_real_table_is_that_of_its_rates(table):
    fit = bg.fit(bg.ModelSpec.from_toml(TEXT), table, engine="laplace", draws=500, chains=2)
    total = fit.table("suppressed").iloc[0]
    assert total["cells"] == 4548
    assert (total["least"], total["most"]) == (0, 40_932)
    hidden = (table[COLUMN] == "c") & table["utla19_code"].isin(fit.gradients()["authority"])
    by_rate = (table["idaci_score"] * table["dep_children_0_15_mid2015"])[hidden].sum()
    # The rates are shrunk towards those of larger places, so they say a little more.
    assert total["implied"] == pytest.approx(by_rate, rel=0.10)


def test_bounds_that_reach_a_published_count_are_refused(table):
    spec = bg.ModelSpec.from_toml(TEXT.replace("upper = 9", "upper = 10"))
    with pytest.raises(bg.DataError, match="1,869 counts within these bounds are published"):
        bg.fit(spec, table)
