"""Suppressed counts of a user's table: read, accounted for, and refused where they contradict."""

from __future__ import annotations

import pandas as pd
import pytest

from bayesgrad.data import prepare_table, read_table
from bayesgrad.errors import DataError, SpecError
from tests.data.areas import areas, spec_with

BOUNDS = '[likelihood]\nsuppressed = {{ symbol = "{symbol}", lower = {lower}, upper = {upper} }}\n'


def bounds(lower=1, upper=5, symbol="c"):
    return BOUNDS.format(symbol=symbol, lower=lower, upper=upper)


def table_with(*cells, column="referrals"):
    """Counts of 0 and from 10 up, but for the rows given."""
    counts = [0 if n % 5 == 0 else 10 + n for n in range(12)]
    table = areas().assign(**{column: pd.Series(counts, dtype="object")})
    for row, value in cells:
        table.loc[row, column] = value
    return table


def refused(spec, table, kind=DataError):
    with pytest.raises(kind) as caught:
        prepare_table(spec, table)
    return caught.value


def test_they_are_rows_of_no_count():
    table = prepare_table(spec_with(bounds()), table_with((2, "c"), (7, " c ")))
    rows = table.rows.set_index("area")
    assert rows["suppressed"].sum() == 2
    assert rows.loc[["E01000003", "E01000008"], "suppressed"].all()
    assert (rows.loc[rows["suppressed"], "count"] == 0).all()
    assert rows["count"].dtype == "int64"
    assert table.report.rows_kept == 12
    assert table.report.dropped == ()


def test_the_report_says_how_many_and_where():
    table = table_with((0, "c"), (1, "c"), (4, "c"))
    (note,) = prepare_table(spec_with(bounds()), table).report.notes
    assert note == (
        "referrals: 3 of 12 counts suppressed (c: 1 to 5) in 2 authorities, most in "
        "E09000002 2 of 4, E06000001 1 of 4"
    )


def test_a_symbol_that_is_in_no_cell_is_noted():
    table = prepare_table(spec_with(bounds(lower=0)), areas())
    assert not table.rows["suppressed"].any()
    (note,) = table.report.notes
    assert note == "no count is suppressed: the symbol 'c' is in no row of referrals"


@pytest.mark.parametrize(
    "symbol", ["NA", "NaN", "nan", "NULL", "None", "#N/A", "..", "-", "\u2013"]
)
def test_a_mark_of_a_missing_value_may_be_the_symbol(tmp_path, symbol):
    table = table_with((2, symbol), (7, f" {symbol} "), (8, ""))
    table.to_csv(tmp_path / "t.csv", index=False)
    spec = spec_with(bounds(symbol=symbol))
    for given in (table, read_table(tmp_path / "t.csv", spec=spec)):
        result = prepare_table(spec, given)
        assert list(result.rows["area"][result.rows["suppressed"]]) == ["E01000008", "E01000003"]
        assert [item.codes for item in result.report.dropped] == [("E01000009",)]


@pytest.mark.parametrize("symbol", ["NA", "na", "NULL", "#N/A", "None"])
def test_a_symbol_that_was_read_as_missing_is_refused(symbol):
    error = refused(spec_with(bounds(symbol=symbol)), table_with((2, None), (7, None)))
    assert error.what.endswith(
        f"column referrals: the symbol {symbol!r} of suppressed counts is in no cell, and 2 counts "
        "are missing: E01000003, E01000008"
    )
    assert "read_table(path, spec=spec)" in error.do


@pytest.mark.parametrize("symbol", ["-1", "-1.0", "99999", "99999.00"])
@pytest.mark.parametrize("beside", [None, "", 12.0, "12", "1,204"])
def test_a_numeric_symbol_is_recognised_by_its_value(tmp_path, symbol, beside):
    number = float(symbol)
    spec = spec_with(bounds(symbol=symbol))
    table = table_with((2, number), (7, symbol), (8, int(number)), (9, beside))
    table.to_csv(tmp_path / "t.csv", index=False)
    for given in (table, read_table(tmp_path / "t.csv", spec=spec), table.astype(str)):
        rows = prepare_table(spec, given.replace("None", "")).rows
        assert set(rows["area"][rows["suppressed"]]) == {"E01000003", "E01000008", "E01000009"}
        assert rows["count"].max() <= 1204


@pytest.mark.parametrize("symbol", ["", " ", "\u200b"])
def test_a_blank_is_no_symbol(symbol):
    with pytest.raises(SpecError, match="should not be empty"):
        spec_with(bounds(symbol=symbol))


def test_other_symbols_are_explained_as_before():
    error = refused(spec_with(bounds()), table_with((2, "c"), (3, "x")))
    assert "column referrals: 1 count is a symbol: E01000004 ('x')" in error.what


def test_published_counts_within_the_bounds_are_listed():
    table = table_with((2, "c"), (3, 3), (4, 5), (6, 6))
    error = refused(spec_with(bounds()), table)
    assert error.what == (
        "table: column referrals: 'c' is said to hide counts of 1 to 5, but 2 counts within these "
        "bounds are published: E01000004 (3), E01000005 (5)"
    )
    assert "bounds that the release states" in error.do


def test_published_zeros_say_that_zeros_are_not_hidden():
    error = refused(spec_with(bounds(lower=0)), table_with((2, "c")))
    assert "3 counts within these bounds are published: E01000001 (0)" in error.what
    assert error.do.startswith("Zeros that are published are not hidden: set lower = 1.")


def test_hidden_zeros_are_taken_where_none_is_published():
    table = table_with(*((n, "c") for n in (0, 5, 10)))
    assert prepare_table(spec_with(bounds(lower=0)), table).rows["suppressed"].sum() == 3


def test_another_column_may_publish_what_one_hides():
    spec = spec_with('[[outcomes]]\ncolumn = "plans"\n' + bounds())
    rows = prepare_table(spec, table_with((2, "c"))).rows
    assert rows[rows["outcome"] == "plans"]["count"].max() == 1


def test_events_of_nobody_are_refused_and_zeros_of_nobody_dropped():
    table = table_with(*((n, "c") for n in (0, 5, 10)))
    table.loc[5, "children"] = 0
    error = refused(spec_with(bounds()), table)
    assert error.what.endswith(
        "1 suppressed count of at least 1 with an exposure of zero in column children: E01000006"
    )
    assert "set lower = 0" in error.do
    result = prepare_table(spec_with(bounds(lower=0)), table)
    assert [(item.rows, item.codes) for item in result.report.dropped] == [(1, ("E01000006",))]


def test_bounds_above_the_exposure_are_taken_of_rates():
    table = table_with((2, "c")).assign(children=[3] * 12)
    assert prepare_table(spec_with(bounds()), table).rows["suppressed"].sum() == 1


@pytest.mark.parametrize("family", ["binomial", "beta_binomial"])
def test_events_out_of_cases_are_refused(family):
    text = bounds().replace("[likelihood]", f'[likelihood]\nfamily = "{family}"')
    error = refused(spec_with(text), table_with((2, "c")), SpecError)
    assert "column referrals: 1 count suppressed: E01000003" in error.what
    assert "of events out of cases" in error.what
    assert "negative_binomial or poisson" in error.do


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("referrals", "plans is out of it, and needs to know its number of cases"),
        ("plans", "it is beta-binomial, of events out of cases"),
    ],
)
def test_stages_are_refused_at_both_ends(column, why):
    spec = spec_with('[[outcomes]]\ncolumn = "plans"\nout_of = "referrals"\n' + bounds())
    error = refused(spec, table_with((2, "c"), column=column), SpecError)
    assert error.what.endswith(why)
    assert "leave out_of out" in error.do


def test_a_stratum_of_suppressed_counts_alone_has_events():
    table = table_with(*((n, "c") for n in range(12))).assign(sex=["girl", "boy"] * 6)
    table.loc[table["sex"] == "boy", "referrals"] = 20
    spec = spec_with('[strata]\ncolumn = "sex"\n' + bounds())
    notes = prepare_table(spec, table).report.notes
    assert not any("no events" in note for note in notes)
