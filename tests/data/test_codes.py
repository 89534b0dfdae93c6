"""Codes: read as they are written, and one code whatever letters a program writes it with."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest

from bayesgrad.data import join_by_code, prepare_table, read_table
from bayesgrad.errors import DataError
from bayesgrad.spec import ModelSpec
from bayesgrad.spec.adjacency import read_neighbours

from .areas import SPEC, areas, spec_with

NFC, NFD = (unicodedata.normalize(form, "M\u00f4n") for form in ("NFC", "NFD"))


def coded(*codes: str) -> pd.DataFrame:
    return areas().assign(la=np.repeat(list(codes), 4), la_name="x")


def by_file(folder, spec: ModelSpec, frame: pd.DataFrame):
    frame.to_csv(folder / "t.csv", index=False)
    return prepare_table(spec, read_table(folder / "t.csv", spec=spec))


def refused(spec: ModelSpec, frame: pd.DataFrame) -> DataError:
    with pytest.raises(DataError) as caught:
        prepare_table(spec, frame)
    return caught.value


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("1.1", "1.10", "1.2"), ("1.1", "1.10", "1.2")),
        (("2E1", "20", "3"), ("20", "2E1", "3")),
        (("1E19", "2E19", "3E19"), ("1E19", "2E19", "3E19")),
        (("007", "012", "100"), ("007", "012", "100")),
        (("1234567890123456", "1234567890123457", "0.5"),) * 2,
        (("12345678901234567890", "12345678901234567891", "1"),) * 2,
        (("1296.00", "17.00", "3.00"), ("1296", "17", "3")),
        (("1,296", "17", "3"), ("1296", "17", "3")),
        (("TRUE", "FALSE", "x"), ("FALSE", "TRUE", "x")),
        (("1.0", "2", "3"), ("1", "2", "3")),
        (("+1", "-1", "2"), ("+1", "-1", "2")),
    ],
)
def test_codes_of_a_file_stay_as_they_are_written(tmp_path, codes, expected):
    result = by_file(tmp_path, spec_with(), coded(*codes))
    assert sorted(result.authorities.index) == sorted(expected)


def test_codes_that_were_read_as_one_number_are_refused(tmp_path):
    coded("1.1", "1.10", "2.5").to_csv(tmp_path / "t.csv", index=False)
    frame = read_table(tmp_path / "t.csv")
    assert frame["la"].nunique() == 2
    error = refused(spec_with(), frame)
    assert "column la: the codes 1.1 and 1.10 of the file were read as one number" in error.what
    assert "read_table(path, spec=spec)" in error.do
    known = pd.DataFrame({"la": ["1.1"], "n": [1]})
    with pytest.raises(DataError, match="were read as one number"):
        join_by_code(frame, known, on="la", allow_unmatched=True)
    moved, _ = join_by_code(frame, pd.DataFrame({"lsoa": frame["lsoa"], "n": 1}), on="lsoa")
    assert "were read as one number" in refused(spec_with(), moved).what
    assert prepare_table(spec_with(), frame.assign(la=coded("a", "b", "c")["la"]))


def test_numbers_of_values_may_be_written_in_two_ways(tmp_path):
    income = ["0.1", "0.10", "0.2", "0.20", *(f"0.3{n}" for n in range(8))]
    assert by_file(tmp_path, spec_with(), areas().assign(income=income)).report.rows_kept == 12


@pytest.mark.parametrize(
    "other",
    [
        *(NFD, f"{NFC}\u200b", f"\ufeff{NFC}", f" {NFC}\u00a0", "M\u00ad\u00f4n"),
        *(f"{NFC}\ufe0f", "M\u034f\u00f4n", f"{NFC}\u3164", f"{NFC}\x1b"),
    ],
    ids=[
        *("decomposed", "blank of no width", "byte-order mark", "blanks", "soft hyphen"),
        *("selector of variants", "joiner", "filler", "control character"),
    ],
)
def test_codes_that_look_alike_are_one(tmp_path, other):
    frame = coded(NFC, "Town 2", "Town 3")
    frame.loc[:1, "la"] = other
    frame["la_name"] = frame["la"]
    result = by_file(tmp_path, spec_with(), frame)
    assert list(result.authorities.index) == [NFC, "Town 2", "Town 3"]
    assert result.authorities.loc[NFC, "name"] == NFC
    in_toml = other.replace("\x1b", "\\u001b")
    spec = spec_with(f'[rows]\nexclude_authorities = ["{in_toml}"]\n')
    assert prepare_table(spec, frame).report.dropped[0].codes == (NFC,)


@pytest.mark.parametrize(("heading", "named"), [(NFC, NFD), (NFD, NFC), (f"{NFC}\u200b", NFC)])
def test_headings_that_look_alike_are_one(tmp_path, heading, named):
    spec = ModelSpec.from_toml(SPEC.replace("children", named))
    frame = areas().rename(columns={"children": heading})
    assert by_file(tmp_path, spec, frame).report.rows_kept == 12
    assert prepare_table(spec, frame).report.rows_kept == 12
    twice = frame.assign(**{named: 1}) if heading != named else frame
    assert "more than one column is called" in refused(spec, twice).what


def test_ons_codes_in_small_letters_are_the_same_codes(tmp_path):
    frame = areas()
    frame.loc[:1, "la"] = frame.loc[:1, "la"].str.lower()
    assert list(prepare_table(spec_with(), frame).authorities.index) == sorted(
        areas()["la"].unique()
    )
    frame = pd.concat([areas(), areas().iloc[:1].assign(lsoa="e01000001")])
    assert (
        "1 area is listed more than once: E01000001 (2 times)" in refused(spec_with(), frame).what
    )
    (tmp_path / "pairs.csv").write_text("a,b\ne09000002,E06000001 \n")
    assert read_neighbours(tmp_path / "pairs.csv").pairs == (("E06000001", "E09000002"),)


@pytest.mark.parametrize(
    ("column", "one", "other", "how"),
    [
        ("lsoa", "AREA1", "area1", "in capitals and in small letters: AREA1, area1"),
        ("lsoa", "7", "07", "with and without zeros in front: 07, 7"),
        ("msoa", "M1", "m1", "in capitals and in small letters: M1, m1"),
        ("sex", "Girl", "girl", "in capitals and in small letters: Girl, girl"),
        ("sex", "5-9", "5\u20139", "in letters, dashes or apostrophes that look alike: 5-9"),
        ("la", "King's", "King\u2019s", "in letters, dashes or apostrophes that look alike: King"),
        ("la", "A1", "\u04101", "in letters, dashes or apostrophes that look alike: A1"),
    ],
)
def test_one_code_written_in_two_ways_is_refused(column, one, other, how):
    frame = areas().assign(msoa=areas()["la"] + "m", sex=["boy", "girls"] * 6)
    if column == "la":
        frame = frame.assign(la=np.repeat([one, other, "Town"], 4), la_name="x")
    else:
        frame[column] = frame[column].mask(frame.index == 0, one).mask(frame.index == 1, other)
    text = SPEC.replace("vintage", 'neighbourhood = "msoa"\nvintage')
    error = refused(ModelSpec.from_toml(text + '[strata]\ncolumn = "sex"\n'), frame)
    assert f"column {column} writes one code {how}" in error.what


def test_codes_drawn_at_random_may_differ_in_capitals():
    frame = areas()
    frame.loc[:1, "lsoa"] = ["aB3x", "Ab3X"]
    assert prepare_table(spec_with(), frame).report.areas == 12


MARKS = ["NA", "NaN", "nan", "NULL", "null", "#N/A", "n/a", "None", "<NA>", "-", "..", ":", "#REF!"]


@pytest.mark.parametrize(
    ("column", "mark"),
    [("la", mark) for mark in MARKS] + [(column, "NULL") for column in ("lsoa", "msoa", "sex")],
)
def test_a_mark_of_a_missing_value_is_no_code(tmp_path, column, mark):
    frame = areas().assign(msoa=areas()["la"] + "m", sex=["boy", "girl"] * 6)
    frame[column] = frame[column].mask(frame.index < 2, mark)
    text = SPEC.replace("vintage", 'neighbourhood = "msoa"\nvintage')
    spec = ModelSpec.from_toml(text + '[strata]\ncolumn = "sex"\n')
    what = f"column {column} is {mark!r}, a mark of a missing value, in 2 rows: row 1, 2"
    assert what in refused(spec, frame).what
    with pytest.raises(DataError) as caught:
        by_file(tmp_path, spec, frame)
    assert what in caught.value.what


def test_a_mark_is_no_name_and_none_may_be_a_stratum():
    names = areas().assign(la_name=areas()["la_name"].replace("Surrey", "#N/A"))
    assert prepare_table(spec_with(), names).authorities.loc["E10000030", "name"] == "E10000030"
    frame = areas().assign(factor=["none", "neglect"] * 6)
    result = prepare_table(spec_with('[strata]\ncolumn = "factor"\n'), frame)
    assert result.strata == ("neglect", "none")


@pytest.mark.parametrize("e", ["E", "e"])
def test_codes_that_a_spreadsheet_or_r_has_shortened_are_refused(tmp_path, e):
    with pytest.raises(DataError) as caught:
        by_file(tmp_path, spec_with(), coded(f"1.23457{e}+15", f"2.1{e}+15", f"3{e}+15"))
    assert "column la has numbers that a spreadsheet or R has shortened" in caught.value.what


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("E08000016", "E08000038", "E08000016 and E08000038 (Barnsley, since 2025)"),
        ("E08000019", "E08000039", "E08000019 and E08000039 (Sheffield, since 2025)"),
        ("909", "943", "909 and 943 (Cumbria, since 2023)"),
    ],
)
def test_codes_of_two_dates_are_refused(old, new, said):
    other = "E09000002" if old.startswith("E") else "202"
    assert said in refused(spec_with(), coded(old, new, other)).what


def test_codes_of_2025_join_those_before():
    left = pd.DataFrame({"la": ["E08000016", "E08000019"]})
    right = pd.DataFrame({"la": ["E08000038", "E08000039"], "n": [1, 2]})
    joined, account = join_by_code(left, right, on="la", recode=True)
    assert joined["n"].tolist() == [1, 2]
    assert account.recoded == (("E08000016", "E08000038"), ("E08000019", "E08000039"))


def test_text_that_is_not_unicode_is_refused():
    codes = pd.Series(["\ud800A"] * 4 + ["B"] * 4 + ["C"] * 4, dtype=object)
    assert (
        "la holds text that is not Unicode" in refused(spec_with(), areas().assign(la=codes)).what
    )
