from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayesgrad.data import prepare_table, read_table
from bayesgrad.data.analysis_table import ROW_COLUMNS
from bayesgrad.errors import DataError
from bayesgrad.spec import ModelSpec

from .areas import SPEC, areas, damaged, spec_with

PLANS = '\n[[outcomes]]\ncolumn = "plans"\n'


def refused(spec: ModelSpec, table: pd.DataFrame) -> DataError:
    with pytest.raises(DataError) as caught:
        prepare_table(spec, table, source="areas.csv")
    assert caught.value.what.startswith("areas.csv: ")
    return caught.value


def accounted(report) -> bool:
    return report.rows_read == report.rows_kept + sum(item.rows for item in report.dropped)


def test_clean_table_is_laid_out_in_the_fixed_columns_and_order():
    result = prepare_table(spec_with(), areas())
    rows = result.rows
    assert tuple(rows.columns) == ROW_COLUMNS
    assert rows["count"].dtype == np.int64
    assert rows["exposure"].dtype == rows["deprivation"].dtype == np.float64
    assert list(rows["authority"].unique()) == ["E06000001", "E09000002", "E10000030"]
    first = rows.iloc[0]
    assert first.to_dict() == {
        "area": "E01000005",
        "authority": "E06000001",
        "outcome": "referrals",
        "stratum": "",
        "count": 4,
        "exposure": 304.0,
        "deprivation": pytest.approx(0.09),
        "suppressed": False,
    }
    assert list(result.authorities.columns) == ["name", "mean_deprivation"]
    assert result.authorities["name"].to_dict()["E06000001"] == "Hartlepool"
    assert result.covariates.shape == (12, 0)
    report = result.report
    assert (report.rows_read, report.rows_kept, report.areas, report.authorities) == (12, 12, 12, 3)
    assert report.dropped == report.notes == ()


def test_outcomes_are_stacked_in_the_order_of_the_spec_with_their_own_exposures():
    spec = ModelSpec.from_toml(
        SPEC.replace('"referrals"', '"referrals"\nexposure = "density"') + PLANS
    )
    table = areas().assign(density=lambda t: t["density"] + 50)
    rows = prepare_table(spec, table).rows
    assert list(rows["outcome"].iloc[:8]) == ["referrals"] * 4 + ["plans"] * 4
    assert list(rows["area"].iloc[:4]) == list(rows["area"].iloc[4:8])
    assert rows["exposure"].iloc[0] == table.loc[4, "density"]
    assert rows["exposure"].iloc[4] == table.loc[4, "children"]


def test_strata_are_in_natural_order_and_share_the_area():
    ages = pd.concat([areas().assign(age=age) for age in (10, 9, 0)])
    spec = spec_with('[strata]\ncolumn = "age"\nordered = true\n')
    result = prepare_table(spec, ages)
    assert result.strata == ("0", "9", "10")
    assert list(result.rows["stratum"].iloc[:12]) == ["0"] * 4 + ["9"] * 4 + ["10"] * 4
    assert result.report.rows_kept == 36
    assert result.report.areas == 12
    assert "strata in the order 0, 9, 10" in result.report.notes


def test_covariates_and_authority_columns_are_aligned():
    spec = spec_with(
        '[area]\ncovariates = ["density"]\n'
        '[authority]\ndeprivation = "la_income"\nmoderators = ["spend"]\n'
    )
    result = prepare_table(spec, areas())
    assert list(result.authorities.columns) == ["name", "deprivation"]
    assert result.authorities.loc["E10000030"].tolist() == ["Surrey", 0.06]
    assert result.moderators.index.equals(result.authorities.index)
    assert result.moderators.loc["E10000030"].to_dict() == {"spend": 90.0}
    expected = areas().set_index("lsoa")["density"].loc[result.rows["area"]].to_numpy()
    np.testing.assert_array_equal(result.covariates["density"], expected)


def test_moderators_may_be_called_what_the_package_calls_its_own_columns():
    table = areas().rename(columns={"spend": "deprivation"})
    table["name"] = table["deprivation"] ** 2 % 70
    spec = spec_with(
        '[authority]\ndeprivation = "la_income"\nmoderators = ["deprivation", "name"]\n'
    )
    result = prepare_table(spec, table)
    assert result.authorities.loc["E10000030"].tolist() == ["Surrey", 0.06]
    assert result.moderators.loc["E10000030"].tolist() == [90.0, 50.0]


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(24)))
def test_result_does_not_depend_on_the_order_of_rows(order):
    table = pd.concat([areas().assign(sex="girl"), areas().assign(sex="boy")])
    table = damaged("referrals", {3: None}, table=table.reset_index(drop=True))
    spec = spec_with(PLANS + '[area]\nmoderators = ["density"]\n[strata]\ncolumn = "sex"\n')
    one, other = prepare_table(spec, table), prepare_table(spec, table.iloc[list(order)])
    pd.testing.assert_frame_equal(one.rows, other.rows)
    pd.testing.assert_frame_equal(one.covariates, other.covariates)
    pd.testing.assert_frame_equal(one.authorities, other.authorities)
    assert one.report == other.report


def test_missing_column_is_named_with_those_close_to_it():
    error = refused(spec_with(), areas().rename(columns={"referrals": "Referals"}))
    assert "no column referrals; did you mean Referals?" in error.what
    assert "income" in error.do


@pytest.mark.parametrize("column", ["lsoa", "la", "income", "children", "referrals", "la_name"])
def test_every_column_of_the_spec_is_required(column):
    assert f"no column {column}" in refused(spec_with(), areas().drop(columns=column)).what


def test_two_columns_of_one_name_are_refused():
    table = areas()
    table = pd.concat([table, table[["income"]]], axis=1)
    assert "more than one column is called income" in refused(spec_with(), table).what


def test_empty_table_and_other_objects_are_refused():
    assert "has no rows" in refused(spec_with(), areas().iloc[:0]).what
    assert "not a pandas DataFrame" in refused(spec_with(), areas().to_dict("list")).what


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({1: -3}, "1 count is negative: E01000002 (-3)"),
        ({5: 2.5, 0: 0.25}, "2 counts are fractional: E01000001 (0.25), E01000006 (2.5)"),
        ({0: "many"}, "1 value is not a number: E01000001 ('many')"),
        ({0: "1,5", 1: "0,25"}, "2 numbers written with a decimal comma: E01000001 ('1,5')"),
        ({0: "1,20"}, "E01000001 ('1,20')"),
        ({0: float("inf")}, "1 value is infinite: E01000001 (inf)"),
        ({0: 1e12}, "1 count is too large"),
    ],
)
def test_impossible_counts_are_listed(cells, fault):
    error = refused(spec_with(), damaged("referrals", cells))
    assert error.what.startswith("areas.csv: column referrals: ")
    assert fault in error.what


def test_only_the_first_five_offenders_are_listed():
    error = refused(spec_with(), areas().assign(referrals=-1))
    assert "12 counts are negative: E01000001 (-1)" in error.what
    assert "E01000005 (-1) and 7 more" in error.what


def test_counts_written_as_text_are_read():
    table = areas().assign(referrals=lambda t: " " + t["referrals"].astype(str) + ".00")
    pd.testing.assert_frame_equal(
        prepare_table(spec_with(), table).rows, prepare_table(spec_with(), areas()).rows
    )


def test_dates_are_not_numbers():
    table = areas().assign(referrals=pd.Timestamp("2019-03-31"))
    assert "column referrals holds datetime64" in refused(spec_with(), table).what


@pytest.mark.parametrize("symbol", ["c", "x", "z", ":", "..", "u", "*", "-", "[c]", "C"])
def test_symbols_among_counts_are_explained(symbol):
    error = refused(spec_with(), damaged("referrals", {2: symbol, 7: symbol}))
    assert "column referrals: 2 counts are symbols: E01000003" in error.what
    assert f"{symbol} means" in error.what
    assert "[likelihood]" in error.do or "missing_counts" in error.do


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({1: 0}, "column referrals: 1 area with a positive count and an exposure of zero"),
        ({1: -5}, "column children: 1 exposure below zero: E01000002 (-5)"),
        ({1: None}, "column children is missing in 1 row: E01000002"),
        ({1: float("inf")}, "column children: 1 value is infinite"),
        ({1: 1e300}, "column children: 1 value is too large: E01000002 (1e+300)"),
        ({1: "n/a"}, "column children: 1 value is not a number: E01000002 ('n/a')"),
    ],
)
def test_impossible_exposures_are_listed(cells, fault):
    assert fault in refused(spec_with(), damaged("children", cells)).what


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("income", ""),
        ("density", '[area]\ncovariates = ["density"]\n'),
        ("spend", '[authority]\nmoderators = ["spend"]\n'),
        ("la_income", '[authority]\ndeprivation = "la_income"\n'),
    ],
)
def test_missing_and_infinite_values_are_refused_in_every_column(column, text):
    missing = refused(spec_with(text), damaged(column, {3: float("nan")}))
    assert f"column {column} is missing in 1 row: E01000004" in missing.what
    infinite = refused(spec_with(text), damaged(column, {3: float("-inf")}))
    assert f"column {column}: 1 value is infinite: E01000004 (-inf)" in infinite.what


def test_deprivation_on_another_scale_names_column_and_scale():
    error = refused(spec_with(), areas().assign(income=lambda t: t["income"] * 100))
    assert "column income must lie between 0 and 1" in error.what
    assert "percentages" in error.what
    assert "Divide the column by 100" in error.do


def test_area_listed_twice_is_refused_even_where_rows_are_identical():
    table = pd.concat([areas(), areas().iloc[[2, 2, 5]]])
    error = refused(spec_with(), table)
    assert "column lsoa: 2 areas are listed more than once" in error.what
    assert "E01000003 (3 times), E01000006 (2 times)" in error.what
    assert "[strata]" in error.do


def test_area_listed_twice_in_a_stratum_is_refused():
    table = pd.concat([areas().assign(sex="girl"), areas().assign(sex="boy")])
    spec = spec_with('[strata]\ncolumn = "sex"\n')
    error = refused(spec, pd.concat([table, table.iloc[[0]]]))
    assert "1 area is listed more than once in one stratum: E01000001, girl (2 times)" in error.what


def test_area_in_two_authorities_is_refused():
    table = pd.concat([areas(), areas().iloc[[0]].assign(la="E10000030", la_name="Surrey")])
    error = refused(spec_with(), table)
    assert "1 area lies in more than one authority: E01000001" in error.what
    assert "E09000002 and E10000030" in error.what


def test_authority_with_two_names_is_refused():
    error = refused(spec_with(), damaged("la_name", {0: "Barking & Dagenham"}))
    assert "column la_name: 1 authority has more than one name: E09000002" in error.what


def test_authority_without_a_name_goes_by_its_code():
    table = areas().assign(la_name=lambda t: t["la_name"].where(t["la"] != "E10000030"))
    assert prepare_table(spec_with(), table).authorities.loc["E10000030", "name"] == "E10000030"


@pytest.mark.parametrize("column", ["lsoa", "la"])
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_blank_codes_are_refused_by_row(column, blank):
    error = refused(spec_with(), damaged(column, {1: blank, 4: blank}))
    assert f"column {column} is blank in 2 rows: row 2, 5" in error.what


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("E10000030", "933", "not 933"),
        ("E10000030", "E1000003", "not E1000003"),
    ],
)
def test_mixed_styles_of_code_are_refused(old, new, said):
    error = refused(spec_with(), areas().replace({"la": {old: new}}))
    assert f"column la mixes styles of code: most are ONS codes, but {said}" in error.what


def test_codes_that_differ_only_in_case_are_refused():
    table = damaged("la", {0: "e10000030", 1: "e10000030"}).assign(la_name="x")
    table["la"] = table["la"].str.replace("E09000002", "A1").str.replace("E06000001", "A2")
    table["la"] = table["la"].str.replace("E10000030", "a3").str.replace("e10000030", "A3")
    assert "in capitals and in small letters: A3, a3" in refused(spec_with(), table).what


def test_retired_code_beside_its_successor_is_refused():
    table = areas().replace({"la": {"E09000002": "E06000048", "E06000001": "E06000057"}})
    error = refused(spec_with(), table)
    assert "E06000048 and E06000057 (Northumberland, since 2013)" in error.what
    assert "one date" in error.do


def test_unknown_excluded_authority_is_refused_with_close_codes():
    error = refused(spec_with('[rows]\nexclude_authorities = ["E10000031"]\n'), areas())
    assert "column la has no E10000031" in error.what
    assert "did you mean E10000030" in error.what


def test_excluded_authorities_are_dropped_unchecked_and_reported():
    spec = spec_with('[rows]\nexclude_authorities = ["E10000030"]\n')
    report = prepare_table(spec, damaged("income", {10: float("nan")})).report
    (dropped,) = report.dropped
    assert (dropped.rows, dropped.codes) == (4, ("E10000030",))
    assert (report.rows_kept, report.authorities) == (8, 2)


def test_one_authority_only_is_refused():
    error = refused(spec_with(), areas().iloc[:4])
    assert "column la: all rows lie in one authority, E09000002" in error.what


def test_small_authorities_are_refused_by_default():
    error = refused(spec_with(), areas().iloc[:9])
    assert "column la: 1 authority has fewer than 2 areas" in error.what
    assert "E10000030 (1 area)" in error.what
    assert "small_authorities" in error.do


def test_small_authorities_are_dropped_or_kept_as_the_spec_says():
    table = areas().iloc[:10]
    text = '[rows]\nminimum_areas = 3\nsmall_authorities = "{}"\n'
    report = prepare_table(spec_with(text.format("drop")), table).report
    assert [(item.rows, item.codes) for item in report.dropped] == [(2, ("E10000030",))]
    assert accounted(report)
    kept = prepare_table(spec_with(text.format("keep")), table).report
    assert kept.rows_kept == 10
    assert "E10000030" in kept.notes[0]


def test_missing_counts_are_dropped_and_listed_or_refused():
    table = damaged("referrals", {0: None, 7: " "})
    report = prepare_table(spec_with(), table).report
    (dropped,) = report.dropped
    assert dropped.reason == "missing count"
    assert dropped.codes == ("E01000001", "E01000008")
    assert accounted(report)
    assert "dropped 2: missing count (E01000001, E01000008)" in str(report)
    error = refused(spec_with('[rows]\nmissing_counts = "refuse"\n'), table)
    assert "column referrals is missing in 2 rows: E01000001, E01000008" in error.what


def test_zero_exposure_with_zero_count_is_dropped_and_reported():
    report = prepare_table(spec_with(), damaged("children", {0: 0, 5: 0})).report
    (dropped,) = report.dropped
    assert (dropped.reason, dropped.codes) == ("exposure of zero", ("E01000001", "E01000006"))
    assert accounted(report)


def test_outcome_missing_from_a_row_is_noted_and_the_row_kept():
    table = damaged("referrals", {0: None, 1: None})
    table = damaged("plans", {1: None}, table=table)
    result = prepare_table(spec_with(PLANS), table)
    assert [item.codes for item in result.report.dropped] == [("E01000002",)]
    assert result.report.rows_kept == 11
    assert accounted(result.report)
    assert "referrals: count missing in 1 row that other outcomes keep" in result.report.notes[0]
    assert result.rows.groupby("outcome").size().to_dict() == {"referrals": 10, "plans": 11}


@settings(max_examples=25, deadline=None)
@given(
    missing=st.sets(st.integers(0, 11)),
    empty=st.sets(st.integers(0, 11)),
    minimum=st.integers(1, 5),
)
def test_every_row_is_accounted_for(missing, empty, minimum):
    table = damaged("referrals", dict.fromkeys(missing, None))
    table = damaged("children", dict.fromkeys(empty, 0), table=table)
    table.loc[sorted(empty - missing), "referrals"] = 0
    spec = spec_with(f'[rows]\nsmall_authorities = "drop"\nminimum_areas = {minimum}\n')
    lost = missing | empty
    sizes = [sum(4 * at <= row < 4 * at + 4 for row in set(range(12)) - lost) for at in range(3)]
    if sum(size >= max(minimum, 1) for size in sizes) < 2:
        with pytest.raises(DataError, match=r"no rows are left|one authority"):
            prepare_table(spec, table)
        return
    result = prepare_table(spec, table)
    assert accounted(result.report)
    assert len(result.rows) == result.report.rows_kept
    assert not set(result.rows["area"]) & {f"E0100{n + 1:04d}" for n in lost}


def test_authority_left_without_rows_is_noted():
    report = prepare_table(spec_with(), damaged("referrals", dict.fromkeys(range(4), None))).report
    assert "no rows are left of authority E09000002" in report.notes


def test_nothing_left_is_refused_with_the_reasons():
    error = refused(spec_with(), areas().assign(referrals=np.nan))
    assert "no rows are left (12 rows: missing count)" in error.what


def test_no_variation_of_deprivation_is_refused_overall_and_noted_within():
    error = refused(spec_with(), areas().assign(income=0.2))
    assert "column income does not vary: it is 0.2 in all 12 rows kept" in error.what
    report = prepare_table(spec_with(), damaged("income", dict.fromkeys(range(4), 0.3))).report
    assert report.notes == ("no variation of deprivation within 1 authority (E09000002)",)


def test_covariates_and_moderators_without_variation_are_refused():
    covariate = refused(spec_with('[area]\ncovariates = ["flat"]\n'), areas().assign(flat=3))
    assert "column flat does not vary: it is 3 in all 12 rows kept" in covariate.what
    moderator = refused(spec_with('[authority]\nmoderators = ["flat"]\n'), areas().assign(flat=3))
    assert "column flat does not vary: it is 3 in all 3 authorities" in moderator.what


@pytest.mark.parametrize(
    "text", ['moderators = ["density"]', 'deprivation = "share"'], ids=["moderator", "deprivation"]
)
def test_authority_columns_must_not_vary_within_an_authority(text):
    column = text.split('"')[1]
    table = areas().assign(share=lambda t: t["income"] / 2)
    error = refused(spec_with(f"[authority]\n{text}\n"), table)
    assert f"column {column} differs within 3 authorities: E06000001 (" in error.what


SINGLE = np.float32(1 / 3)
"""In single precision, which a file may keep beside double precision."""


@pytest.mark.parametrize(
    ("key", "one", "other", "same"),
    [
        ("moderators", 0.17585, 0.17585000000000003, True),
        ("moderators", 1 / 3, float(SINGLE), True),
        ("moderators", 1234.5678, float(np.float32(1234.5678)), True),
        ("moderators", 0.3333333, 0.3333339, False),
        ("deprivation", 0.2, 0.2 * (1 + 3e-16), True),
        ("deprivation", 1 / 3, float(SINGLE), True),
        ("deprivation", 0.2, 0.2000001, False),
    ],
)
def test_values_that_differ_by_rounding_alone_are_one(key, one, other, same):
    table = areas()
    value = np.where(table.index % 2, one, other)
    table["own"] = np.where(table["la"] == "E09000002", value, table["la_income"])
    names = '["own"]' if key == "moderators" else '"own"'
    spec = spec_with(f"[authority]\n{key} = {names}\n")
    if not same:
        error = refused(spec, table)
        assert f"differs within 1 authority: E09000002 ({one} and {other})" in error.what
        return
    for ordered in (table, table.iloc[::-1]):
        result = prepare_table(spec, ordered)
        held = result.moderators["own"] if key == "moderators" else result.authorities[key]
        assert held["E09000002"] == min(one, other)


def test_years_may_keep_deprivation_in_single_and_in_double_precision():
    single = areas().assign(income=lambda t: t["income"].astype("float32").astype(float), year=2019)
    table = pd.concat([single, areas().assign(year=2020)])
    result = prepare_table(spec_with('[years]\ncolumn = "year"\n'), table)
    assert result.rows.groupby("area")["deprivation"].nunique().eq(1).all()
    np.testing.assert_allclose(
        np.sort(result.rows["deprivation"].unique()), areas()["income"], 1e-7
    )


def test_what_varies_by_rounding_alone_does_not_vary():
    rounded = 0.17585 * (1 + 3e-16 * (areas().index % 2))
    table = areas().assign(flat=rounded)
    spec = spec_with('[area]\ncovariates = ["flat"]\n')
    assert "column flat does not vary" in refused(spec, table).what
    table.loc[:3, "income"] = rounded[:4]
    notes = prepare_table(spec_with(), table).report.notes
    assert notes == ("no variation of deprivation within 1 authority (E09000002)",)


def test_counts_that_are_whole_but_for_rounding_are_whole():
    table = areas().assign(referrals=lambda t: (t["referrals"] + 3) * 0.1 * 10)
    assert (table["referrals"] % 1 > 0).any()
    rows = prepare_table(spec_with(), table).rows.set_index("area")
    expected = areas().set_index("lsoa")["referrals"] + 3
    pd.testing.assert_series_equal(rows["count"].sort_index(), expected, check_names=False)


@pytest.mark.parametrize(("value", "kept"), [(1.0 + 2e-10, 1.0), (-1e-12, 0.0)])
def test_deprivation_beyond_0_or_1_by_rounding_alone_is_0_or_1(value, kept):
    rows = prepare_table(spec_with(), damaged("income", {0: value})).rows
    assert rows.set_index("area").loc["E01000001", "deprivation"] == kept


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("referrals", 7.00001, "E01000001 (7.00001)"),
        ("referrals", 700000000.00001, "E01000001 (700000000.00001)"),
        ("income", 1.00000001, "E01000001 (1.00000001)"),
        ("income", 1.00000000002, None),
        ("income", 1.000000002, "E01000001 (1.000000002)"),
    ],
)
def test_messages_show_enough_digits_to_see_the_fault(column, value, shown):
    table = damaged(column, {0: value})
    if shown is None:
        assert prepare_table(spec_with(), table).report.rows_kept == 12
    else:
        assert shown in refused(spec_with(), table).what


def test_authority_deprivation_is_a_proportion_and_positive_for_log_moderation():
    spec = spec_with('[authority]\ndeprivation = "la_income"\n')
    percent = refused(spec, areas().assign(la_income=lambda t: t["la_income"] * 100 + 0.5))
    assert "column la_income must lie between 0 and 1" in percent.what
    assert "E06000001 (15.5)" in percent.what
    zero = refused(spec, areas().replace({"la_income": {0.06: 0.0}}))
    assert "column la_income is zero, whose logarithm does not exist, in 1 authority" in zero.what


def test_deprivation_must_not_differ_between_strata_of_an_area():
    table = pd.concat([areas().assign(sex="girl"), areas().assign(sex="boy")], ignore_index=True)
    error = refused(
        spec_with('[strata]\ncolumn = "sex"\n'), damaged("income", {0: 0.5}, table=table)
    )
    assert "column income: 1 area has more than one value: E01000001 (0.05 and 0.5)" in error.what


def test_single_stratum_is_refused():
    spec = spec_with('[strata]\ncolumn = "sex"\n')
    assert "column sex: all rows are in one stratum, girl" in (
        refused(spec, areas().assign(sex="girl")).what
    )


@pytest.mark.parametrize("family", ["binomial", "beta_binomial"])
def test_events_out_of_cases_cannot_exceed_the_cases(family):
    spec = spec_with(f'[likelihood]\nfamily = "{family}"\n')
    error = refused(spec, damaged("referrals", {2: 999}))
    assert "column referrals: 1 count above the number of cases in column children" in error.what
    assert "E01000003 (999)" in error.what
    fraction = refused(spec, damaged("children", {2: 10.5}))
    assert "column children: 1 number of cases with a fraction: E01000003 (10.5)" in fraction.what
    assert prepare_table(spec_with(), damaged("referrals", {2: 999})).report.rows_kept == 12


def test_districts_and_shared_names_are_noted():
    table = areas().replace({"la": {"E10000030": "E07000207"}}).assign(la_name="Same")
    notes = prepare_table(spec_with(), table).report.notes
    assert "1 authority is a district (E07000207)" in notes[0]
    assert "authorities share a name: Same (E06000001 and E07000207 and E09000002)" in notes[1]


def test_nullable_categorical_and_indexed_tables_are_read_alike():
    table = areas()
    other = table.assign(
        referrals=table["referrals"].astype("Int64"),
        la=table["la"].astype("category"),
        income=table["income"].astype("float32").astype("float64").round(6),
    ).set_axis([5] * 12, axis=0)
    one, same = prepare_table(spec_with(), table), prepare_table(spec_with(), other)
    pd.testing.assert_frame_equal(one.rows, same.rows)


def test_real_stroke_admissions(models, shared_data):
    spec = ModelSpec.read(models / "stroke_admissions.toml")
    table = read_table(shared_data / "outcomes" / "stroke_admissions_lsoa11_2017_2019.csv")
    result = prepare_table(spec, table)
    report = result.report
    assert (report.rows_read, report.rows_kept, report.authorities) == (32_844, 32_837, 149)
    assert [(item.rows, item.reason, item.codes) for item in report.dropped] == [
        (1, "missing count", ("E01019077",)),
        (6, "authority of fewer than 10 areas", ("E09000001",)),
    ]
    assert "no rows are left of authority E06000053" in report.notes
    assert accounted(report)
    tiny = ("E06000053", "E09000001")
    excluding = spec.rows.model_copy(update={"exclude_authorities": tiny})
    report = prepare_table(spec.model_copy(update={"rows": excluding}), table).report
    assert [(item.rows, item.codes) for item in report.dropped] == [(7, tiny)]


def test_real_london_crime_with_several_outcomes(shared_data):
    text = SPEC.replace("lsoa", "lsoa11_code").replace('"la"', '"utla19_code"')
    text = text.replace('"la_name"', '"utla19_name"').replace("children", "pop_mid2019")
    text = text.replace('"income"', '"income_score"').replace("referrals", "major_robbery_2019")
    spec = ModelSpec.from_toml(text + '[[outcomes]]\ncolumn = "major_burglary_2019"\n')
    table = read_table(shared_data / "outcomes" / "london_crime_lsoa11_2019_2021.csv")
    result = prepare_table(spec, table)
    assert result.report.rows_kept == 4_829
    assert len(result.rows) == 2 * 4_829
    assert result.report.authorities == 32
    assert (
        result.rows["count"].sum() == table.filter(regex="robbery_2019|burglary_2019").sum().sum()
    )
