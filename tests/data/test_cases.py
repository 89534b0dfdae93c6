"""Events out of cases, events of stages out of earlier ones, and events in time at risk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesgrad.data import prepare_table
from bayesgrad.errors import DataError
from bayesgrad.spec import ModelSpec

from .areas import SPEC, areas, damaged, spec_with

STAGE = '[[outcomes]]\ncolumn = "plans"\nout_of = "referrals"\n'
THIRD = '[[outcomes]]\ncolumn = "care"\nout_of = "plans"\n'
DURATION = ModelSpec.from_toml(SPEC.replace('"children"', '"children"\nat_risk = "time"'))


def staged() -> pd.DataFrame:
    """Areas with nested counts: 10 to 21 referrals, 4 or 5 plans, 0 to 2 in care."""
    number = np.arange(12)
    return areas().assign(referrals=10 + number, plans=4 + number % 2, care=number % 3)


def refused(spec: ModelSpec, table: pd.DataFrame) -> DataError:
    with pytest.raises(DataError) as caught:
        prepare_table(spec, table, source="areas.csv")
    return caught.value


def test_the_family_of_each_outcome_says_whether_it_has_cases():
    spec = spec_with('[[outcomes]]\ncolumn = "plans"\nexposure = "density"\nfamily = "binomial"\n')
    table = staged().assign(density=20)
    assert prepare_table(spec, table.assign(children=300.5)).report.rows_kept == 12
    error = refused(spec, damaged("density", {2: 3}, table=table))
    assert "column plans: 1 count above the number of cases in column density" in error.what
    assert "E01000003 (4)" in error.what
    fraction = refused(spec, damaged("density", {2: 10.5}, table=table))
    assert "column density: 1 number of cases with a fraction: E01000003 (10.5)" in fraction.what


def test_events_where_there_are_no_cases_are_above_the_number_of_cases():
    spec = spec_with('[likelihood]\nfamily = "binomial"\n')
    error = refused(spec, damaged("children", {2: 0}))
    assert "column referrals: 1 count above the number of cases in column children" in error.what


def test_rows_without_cases_are_dropped_and_reported_as_such():
    spec = spec_with('[likelihood]\nfamily = "binomial"\n')
    (dropped,) = prepare_table(spec, damaged("children", {0: 0, 5: 0})).report.dropped
    assert (dropped.rows, dropped.reason) == (2, "no cases")


def test_the_cases_of_a_stage_are_the_counts_of_the_earlier_one():
    rows = prepare_table(spec_with(STAGE + THIRD), staged()).rows
    by_area = rows.pivot(index="area", columns="outcome", values=["count", "exposure"])
    assert (by_area["exposure", "plans"] == by_area["count", "referrals"]).all()
    assert (by_area["exposure", "care"] == by_area["count", "plans"]).all()
    assert by_area["exposure", "referrals"].tolist() == staged()["children"].tolist()
    assert len(rows) == 36


def test_a_stage_does_not_enter_where_its_cases_are_missing_or_none():
    table = staged().astype({"referrals": "float64"})
    table.loc[0, "referrals"] = np.nan
    table.loc[1, ["referrals", "plans", "care"]] = 0
    table.loc[2, ["plans", "care"]] = 0
    result = prepare_table(spec_with(STAGE + THIRD), table)
    assert result.rows.groupby("outcome").size().to_dict() == {
        "referrals": 11,
        "plans": 10,
        "care": 9,
    }
    report = result.report
    (dropped,) = report.dropped
    # Nothing of the first row enters: its plans have no cases, and without them care has none.
    assert (dropped.reason, dropped.codes) == ("missing count", ("E01000001",))
    assert report.rows_read == report.rows_kept + dropped.rows
    assert report.notes == (
        "plans: no cases in 1 row that other outcomes keep (E01000002)",
        "care: no cases in 2 rows that other outcomes keep (E01000002, E01000003)",
    )


def test_cases_that_are_missing_are_noted_where_another_outcome_keeps_the_row():
    other = '[[outcomes]]\ncolumn = "care"\n'
    table = damaged("referrals", {3: None}, table=staged())
    notes = prepare_table(spec_with(STAGE + other), table).report.notes
    assert notes == (
        "referrals: count missing in 1 row that other outcomes keep (E01000004)",
        "plans: cases missing in 1 row that other outcomes keep (E01000004)",
    )


def test_a_missing_count_of_a_stage_is_dropped_or_refused_as_any_other():
    table = damaged("plans", {3: None}, table=staged())
    notes = prepare_table(spec_with(STAGE), table).report.notes
    assert notes == ("plans: count missing in 1 row that other outcomes keep (E01000004)",)
    error = refused(spec_with(STAGE + '[rows]\nmissing_counts = "refuse"\n'), table)
    assert "column plans is missing in 1 row: E01000004" in error.what


def test_missing_exposures_are_refused_where_they_are_no_stage():
    error = refused(spec_with(STAGE), damaged("children", {3: None}, table=staged()))
    assert "column children is missing in 1 row: E01000004" in error.what


def test_a_later_stage_cannot_count_more_than_the_earlier_one():
    table = damaged("plans", {2: 13, 5: 40, 7: 17}, table=staged())
    error = refused(spec_with(STAGE), table)
    assert error.what == (
        "areas.csv: column plans: 2 counts above that of column referrals, which it is out of: "
        "E01000003 (13 out of 12), E01000006 (40 out of 15)"
    )
    assert "nested" in error.do
    assert "side by side" in error.do
    none = refused(spec_with(STAGE), damaged("referrals", {4: 0}, table=staged()))
    assert "E01000005 (4 out of 0)" in none.what


def test_the_nesting_of_stages_is_checked_in_every_stratum():
    spec = spec_with(STAGE + '[strata]\ncolumn = "sex"\n')
    table = pd.concat([staged().assign(sex=sex) for sex in ("girl", "boy")], ignore_index=True)
    assert len(prepare_table(spec, table).rows) == 48
    assert "E01000003 (99 out of 12)" in refused(spec, damaged("plans", {14: 99}, table=table)).what


def test_a_note_names_an_area_once_for_all_its_strata():
    spec = spec_with(STAGE + '[strata]\ncolumn = "sex"\n')
    table = pd.concat([staged().assign(sex=sex) for sex in ("girl", "boy")], ignore_index=True)
    for column in ("referrals", "plans"):
        table = damaged(column, {3: 0, 15: 0}, table=table)
    assert prepare_table(spec, table).report.notes == (
        "plans: no cases in 2 rows that other outcomes keep (E01000004)",
    )


def test_time_at_risk_may_be_a_fraction():
    rows = prepare_table(DURATION, areas().assign(children=lambda t: t["children"] + 0.25)).rows
    assert rows["exposure"].iloc[0] == 304.25


def test_an_event_takes_time_at_risk():
    error = refused(DURATION, damaged("children", {1: 0, 2: 0}))
    assert error.what == (
        "areas.csv: column referrals: 2 areas with events and no time at risk in column children: "
        "E01000002 (1), E01000003 (2)"
    )
    assert "half the smallest unit of time" in error.do


def test_negative_time_at_risk_is_refused_and_none_is_dropped_as_such():
    error = refused(DURATION, damaged("children", {1: -2.5}))
    assert "column children: 1 exposure below zero: E01000002 (-2.5)" in error.what
    assert error.do == "Exposure is the time at risk, from 0 up."
    (dropped,) = prepare_table(DURATION, damaged("children", {0: 0})).report.dropped
    assert dropped.reason == "no time at risk"
