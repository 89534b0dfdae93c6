"""Panels: what is a year, and that every authority has rows in each."""

import pandas as pd
import pytest

from bayesgrad.data import prepare_table
from bayesgrad.errors import DataError
from tests.data.areas import areas, spec_with

PANEL = '[years]\ncolumn = "year"\n'


def of_years(*years: object) -> pd.DataFrame:
    return pd.concat([areas().assign(year=year) for year in years], ignore_index=True)


def refused(table: pd.DataFrame, text: str = "") -> DataError:
    with pytest.raises(DataError) as caught:
        prepare_table(spec_with(PANEL + text), table, source="areas.csv")
    return caught.value


@pytest.mark.parametrize("kind", [int, float, str])
def test_years_are_put_in_order_and_gaps_are_told(kind):
    table = prepare_table(spec_with(PANEL), of_years(*map(kind, (2019, 2018, 2021))))
    assert table.strata == ("2018", "2019", "2021")
    assert table.report.notes[-2:] == (
        "years 2018 to 2021",
        "no rows of 1 year between (2020): a step over a gap has the variance of as many steps as "
        "it has years",
    )
    assert table.rows["stratum"].tolist()[::4][:3] == ["2018", "2019", "2021"]


@pytest.mark.parametrize("label", ["2019-20", "2019/20", "19", "2019.5", "-2019", "FY2019"])
def test_what_is_not_a_year_is_refused(label):
    error = refused(of_years("2018", label))
    assert error.what == f"areas.csv: column year: 1 value is not a year: {label!r}"
    assert "whole numbers of four digits" in error.do


@pytest.mark.parametrize("label", [201920, "2019/20", "2019-2020"])
def test_financial_years_are_named_with_the_years_to_write(label):
    assert f"{str(label)!r} as 2019 or as 2020" in refused(of_years(2018, label)).do
    assert "as 2018 or as" not in refused(of_years(2018, 201820)).do


def test_one_year_is_no_panel():
    assert refused(of_years(2019)).what.endswith("column year: all rows are of one year, 2019")


def test_an_authority_without_a_year_is_named():
    table = of_years(2018, 2019, 2020)
    out = (table["la"] == "E10000030") & table["year"].isin([2018, 2020])
    out |= (table["la"] == "E06000001") & (table["year"] == 2019)
    error = refused(table[~out])
    assert error.what == (
        "areas.csv: column referrals: 2 authorities have no row with a count and somebody at risk "
        "in some year: E06000001 (2019), E10000030 (2018, 2020)"
    )
    assert "exclude_authorities" in error.do
    left = spec_with(PANEL + '[rows]\nexclude_authorities = ["E06000001"]')
    with pytest.raises(DataError, match="1 authority has no row"):
        prepare_table(left, table[~out])


def test_rows_without_a_count_are_no_rows():
    table = of_years(2018, 2019)
    table["referrals"] = table["referrals"].astype(float)
    table.loc[(table["la"] == "E10000030") & (table["year"] == 2019), "referrals"] = float("nan")
    assert "E10000030 (2019)" in refused(table).what


def test_areas_may_come_and_go():
    table = of_years(2018, 2019).drop(index=[0, 13])
    report = prepare_table(spec_with(PANEL), table).report
    assert report.notes[-1] == (
        "2 areas are not in the table in every year, and enter in the years in which they are"
    )
    whole = prepare_table(spec_with(PANEL), of_years(2018, 2019)).report
    assert "not in the table" not in str(whole)


def test_deprivation_is_of_one_release():
    table = of_years(2018, 2019)
    table.loc[12, "income"] = 0.4
    error = refused(table)
    assert "1 area has more than one value: E01000001" in error.what
    assert "of one release for all years" in error.do


def test_an_area_is_in_a_year_once():
    table = pd.concat([of_years(2018, 2019), of_years(2019).head(1)], ignore_index=True)
    error = refused(table)
    assert "listed more than once in one year: E01000001, 2019 (2 times)" in error.what


def test_without_the_key_repeats_ask_for_it():
    with pytest.raises(DataError) as caught:
        prepare_table(spec_with(), of_years(2018, 2019))
    assert "if years, in [years]" in caught.value.do
