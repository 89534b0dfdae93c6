from __future__ import annotations

from itertools import product

import pandas as pd
import pytest

from bayesgrad.data import prepare_table
from bayesgrad.data.strata import natural_order
from bayesgrad.errors import DataError

from .areas import areas, damaged, spec_with

PLANS = '[[outcomes]]\ncolumn = "plans"\n'


def of_strata(*labels: object, column: str = "age") -> pd.DataFrame:
    """Every area in every stratum, in the order given."""
    tables = [areas().assign(**{column: label}) for label in labels]
    return pd.concat(tables, ignore_index=True)


def crossed(first: str = "age", second: str = "sex") -> pd.DataFrame:
    tables = [
        areas().assign(**{first: age, second: sex})
        for age, sex in product(("10", "9", "0"), ("girl", "boy"))
    ]
    return pd.concat(tables, ignore_index=True)


def strata(text: str = "") -> str:
    return f'[strata]\ncolumn = "age"\n{text}\n'


def refused(text: str, table: pd.DataFrame) -> DataError:
    with pytest.raises(DataError) as caught:
        prepare_table(spec_with(text), table, source="areas.csv")
    assert caught.value.what.startswith("areas.csv: column")
    return caught.value


@pytest.mark.parametrize(
    ("labels", "meant"),
    [
        (("0-4", "05-Sep", "Oct-14", "15-17"), "05-Sep for 5-9, Oct-14 for 10-14"),
        (("4-Jan", "9-May", "12-Oct"), "4-Jan for 1-4, 9-May for 5-9, 12-Oct for 10-12"),
        (("0-4", "2024-09-05 00:00:00", "16+"), "2024-09-05 00:00:00 for 5-9"),
        (("10 to 15", "05/09/2024"), "05/09/2024 for 5-9"),
        (("under 5", "5-Sep", "10 and over"), "5-Sep for 5-9"),
    ],
)
def test_bands_that_a_spreadsheet_made_dates_are_named(labels, meant):
    error = refused(strata(), of_strata(*labels))
    assert f"as spreadsheets make them of bands of numbers: {meant}" in error.what
    order = ", ".join(f'"{label}"' for label in labels)
    assert prepare_table(spec_with(strata(f"order = [{order}]")), of_strata(*labels))


@pytest.mark.parametrize(
    "labels",
    [
        ("Jan-19", "Feb-19", "Mar-19"),
        ("1-Apr", "1-Oct"),
        ("Sept 2018", "Oct 2018"),
        ("March", "May"),
        ("2024-01-31", "2024-02-29"),
        ("0-4", "5-9", "10-14", "15-17"),
    ],
)
def test_strata_that_are_dates_throughout_are_taken_as_they_are(labels):
    found = prepare_table(spec_with(strata()), of_strata(*labels))
    assert set(found.strata) == set(labels)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["10", "9", "9", "0"], ("0", "9", "10")),
        (["10-14", "5-9", "0-4"], ("0-4", "5-9", "10-14")),
        (["1,000+", "2-4", "500-999"], ("2-4", "500-999", "1,000+")),
        (["1.5+", "1.25-1.5"], ("1.25-1.5", "1.5+")),
        (["White", "Black", "2+ groups"], ("2+ groups", "Black", "White")),
        ([""], ("",)),
    ],
)
def test_natural_order(labels, expected):
    assert natural_order(labels) == expected


def test_a_table_without_strata_has_one_empty_stratum():
    result = prepare_table(spec_with(), areas())
    assert (result.strata, result.strata_levels) == (("",), ())


def test_unordered_strata_need_no_numbers_and_are_not_noted():
    result = prepare_table(spec_with(strata()), of_strata("b", "1 a", "1 c"))
    assert result.strata == ("1 a", "1 c", "b")
    assert result.strata_levels == (("1 a", "1 c", "b"),)
    assert result.report.notes == ()


def test_an_order_that_is_given_is_kept():
    text = strata('ordered = true\norder = ["under five", "primary", "teens"]')
    result = prepare_table(spec_with(text), of_strata("teens", "under five", "primary"))
    assert result.strata == ("under five", "primary", "teens")
    assert list(result.rows["stratum"].iloc[:12:4]) == ["under five", "primary", "teens"]
    assert result.report.notes == ("strata in the order under five, primary, teens",)
    unordered = strata('order = ["2", "1"]')
    assert prepare_table(spec_with(unordered), of_strata(1, 2)).strata == ("2", "1")


def test_an_order_names_every_stratum_of_the_table():
    error = refused(strata('order = ["under 5", "teens", "adult"]'), of_strata("under five", "5-9"))
    assert error.what == (
        "areas.csv: column age: its order in [strata] leaves out 5-9, under five and names "
        "under 5, teens, adult, which the table does not have; did you mean under five?"
    )
    assert "the table has 5-9, under five" in error.do


def test_an_order_of_some_strata_alone_is_refused():
    error = refused(strata('order = ["1", "2"]'), of_strata(1, 2, 3))
    assert error.what.endswith("its order in [strata] leaves out 3")
    error = refused(strata('order = ["1", "2", "3"]'), of_strata(1, 2))
    assert error.what.endswith("its order in [strata] names 3, which the table does not have")


def test_ordered_strata_that_begin_with_no_number_are_refused():
    error = refused(strata("ordered = true"), of_strata("under 5", "5-9", "teens"))
    assert error.what == (
        "areas.csv: column age: strata cannot be put in order: teens, under 5 do not begin with "
        "numbers"
    )
    assert "order = [...]" in error.do
    assert "under 5 does not begin with numbers" in (
        refused(strata("ordered = true"), of_strata("under 5", "5-9")).what
    )


def test_ordered_strata_that_begin_with_the_same_number_are_refused():
    error = refused(strata("ordered = true"), of_strata("1", "1 year", "2"))
    assert error.what.endswith("cannot be put in order: 1, 1 year begin with the same number")
    same = refused(strata("ordered = true"), of_strata("1", "1.0 y", "2"))
    assert same.what.endswith("1, 1.0 y begin with the same number")


def test_crossed_strata_have_all_combinations_the_second_running_fastest():
    text = strata('ordered = true\ncrossed_with = { column = "sex" }')
    result = prepare_table(spec_with(text), crossed())
    assert result.strata == (
        *("0 x boy", "0 x girl", "9 x boy", "9 x girl", "10 x boy", "10 x girl"),
    )
    assert result.strata_levels == (("0", "9", "10"), ("boy", "girl"))
    assert result.report.notes == ("strata of age in the order 0, 9, 10",)
    assert result.report.rows_kept == 72
    assert result.report.areas == 12
    assert list(result.rows["stratum"].iloc[:24:4]) == list(result.strata)


def test_a_second_column_has_an_order_of_its_own():
    text = strata('crossed_with = { column = "sex", ordered = true, order = ["girl", "boy"] }')
    result = prepare_table(spec_with(text), crossed())
    assert result.strata[:2] == ("0 x girl", "0 x boy")
    assert result.report.notes == ("strata of sex in the order girl, boy",)
    error = refused(strata('crossed_with = { column = "sex", ordered = true }'), crossed())
    assert "column sex: strata cannot be put in order: boy, girl do not begin" in error.what


def test_area_listed_twice_in_a_combination_is_refused():
    table = crossed()
    text = strata('crossed_with = { column = "sex" }')
    error = refused(text, pd.concat([table, table.iloc[[0]]]))
    assert "listed more than once in one stratum: E01000001, 10 x girl (2 times)" in error.what


@pytest.mark.parametrize(("column", "other"), [("age", "sex"), ("sex", "age")])
def test_each_crossed_column_has_two_strata_or_more(column, other):
    text = strata('crossed_with = { column = "sex" }')
    error = refused(text, crossed().assign(**{column: "all"}))
    assert f"column {column}: all rows are in one stratum, all" in error.what
    assert other not in error.what


@pytest.mark.parametrize("column", ["age", "sex"])
def test_blank_strata_are_refused(column):
    text = strata('crossed_with = { column = "sex" }')
    error = refused(text, damaged(column, {4: None}, table=crossed()))
    assert f"column {column} is blank in 1 row: row 5" in error.what


def test_combinations_that_read_alike_are_refused():
    table = crossed()
    table["age"] = table["age"].replace({"0": "a", "9": "a x b", "10": "c"})
    table["sex"] = table["sex"].replace({"girl": "b x d", "boy": "d"})
    error = refused(strata('crossed_with = { column = "sex" }'), table)
    assert error.what.startswith("areas.csv: columns age and sex: different combinations")
    assert error.what.endswith("a x b x d")


def test_a_stratum_of_which_no_row_is_left_is_refused():
    table = of_strata(1, 2, 3)
    out = table["age"].isin([1, 3])
    error = refused(strata(), table.assign(referrals=table["referrals"].mask(out)))
    assert error.what == (
        "areas.csv: column age: no row with a count and somebody at risk is left of 2 strata: 1, 3"
    )
    empty = table.assign(
        children=table["children"].mask(table["age"] == 2, 0),
        referrals=table["referrals"].mask(table["age"] == 2, 0),
    )
    assert refused(strata(), empty).what.endswith("is left of 1 stratum: 2")


def test_a_combination_without_rows_is_refused():
    table = crossed()
    table = table[~((table["age"] == "9") & (table["sex"] == "boy"))]
    error = refused(strata('crossed_with = { column = "sex" }'), table)
    assert error.what == (
        "areas.csv: columns age and sex: no row with a count and somebody at risk is left of "
        "1 combination of strata: 9 x boy"
    )
    assert "leave crossed_with out" in error.do


def test_a_stratum_of_an_excluded_authority_is_none_of_the_table():
    table = of_strata(1, 2)
    other = areas().query("la == 'E10000030'").assign(age=3)
    text = '[rows]\nexclude_authorities = ["E10000030"]\n' + strata('order = ["2", "1"]')
    result = prepare_table(spec_with(text), pd.concat([table, other], ignore_index=True))
    assert result.strata == ("2", "1")


def test_strata_without_events_or_rows_of_an_outcome_are_noted():
    table = of_strata(1, 2, 3)
    table["referrals"] = table["referrals"].mask(table["age"] == 1, 0)
    table["plans"] = table["plans"].astype("float64").mask(table["age"] == 3)
    result = prepare_table(spec_with(PLANS + strata()), table)
    assert "referrals: no events in 1 stratum (1)" in result.report.notes
    assert "plans: no rows in 1 stratum (3)" in result.report.notes
    assert sum("events" in note or "no rows" in note for note in result.report.notes) == 2


def test_strata_of_whole_numbers_read_alike_whatever_is_dropped():
    # A missing value elsewhere makes a column of numbers fractional in its type alone.
    table = of_strata(1.0, 2.5, 3.0)
    assert prepare_table(spec_with(strata("ordered = true")), table).strata == ("1.0", "2.5", "3.0")
    assert prepare_table(spec_with(strata()), of_strata(1.0, 3.0)).strata == ("1", "3")
