"""Tables in memory: of every type of column, by every library that shares Arrow data."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow.feather import write_feather

from bayesgrad.data import prepare_table, read_table
from bayesgrad.data.tables import table_given
from bayesgrad.errors import DataError
from bayesgrad.spec import ModelSpec

from .areas import SPEC, areas, spec_with

EXTRA = '[area]\ncovariates = ["density"]\n[authority]\nmoderators = ["spend"]\n'
CODES = ["lsoa", "la", "la_name"]


def table() -> pd.DataFrame:
    """Areas whose deprivation is written in few digits."""
    return areas().assign(income=lambda t: t["income"].round(2))


def written(frame: pd.DataFrame, type_: object, *columns: str) -> pd.DataFrame:
    return frame.astype({column: type_ for column in columns or frame.columns})


def in_levels(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(pd.MultiIndex.from_tuples([(name, "") for name in frame]), axis=1)


def in_arrow(frame: pd.DataFrame, encode) -> pa.Table:
    """An Arrow table whose area codes are encoded in another way."""
    codes = encode(pa.array(frame["lsoa"].tolist()))
    return pa.Table.from_pandas(frame).drop_columns("lsoa").append_column("lsoa", codes)


SAME = {
    "Arrow views": lambda t: in_arrow(t, lambda codes: codes.cast(pa.string_view())),
    "Arrow runs": lambda t: in_arrow(t, pc.run_end_encode),
    "Arrow bytes": lambda t: in_arrow(t, lambda codes: codes.cast(pa.binary())),
    "Arrow table": pa.Table.from_pandas,
    "Arrow batch": pa.RecordBatch.from_pandas,
    "Arrow stream": lambda t: pa.Table.from_pandas(t).to_reader(),
    "Arrow types": lambda t: t.convert_dtypes(dtype_backend="pyarrow"),
    "Arrow dictionaries": lambda t: written(
        t, pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())), "lsoa", "la"
    ),
    "nullable": lambda t: t.convert_dtypes(),
    "objects": lambda t: written(t, object),
    "categories": lambda t: written(t, "category"),
    "text": lambda t: written(t, str),
    "bytes": lambda t: t.assign(lsoa=t["lsoa"].str.encode("utf-8")),
    "sparse": lambda t: t.assign(referrals=pd.arrays.SparseArray(t["referrals"])),
    "decimals": lambda t: t.assign(income=[Decimal(f"{value:.2f}") for value in t["income"]]),
    "float counts": lambda t: t.assign(referrals=t["referrals"].astype("float32")),
    "key in the index": lambda t: t.set_index("lsoa"),
    "keys in the index": lambda t: t.set_index(["la", "lsoa"]),
    "key in an index of categories": lambda t: t.astype({"la": "category"}).set_index("la"),
    "levels of columns": in_levels,
    "blanks around headings": lambda t: t.rename(columns=" {} ".format),
    "a further column of lists": lambda t: t.assign(more=[[1]] * len(t)),
}


@pytest.mark.parametrize("form", SAME)
def test_one_table_in_many_forms(form):
    spec = spec_with(EXTRA)
    one, other = prepare_table(spec, table()), prepare_table(spec, SAME[form](table()))
    pd.testing.assert_frame_equal(one.rows, other.rows)
    pd.testing.assert_frame_equal(one.covariates, other.covariates)
    pd.testing.assert_frame_equal(one.moderators, other.moderators)
    assert one.report == other.report


def test_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(table().to_dict("list"))
    coded = frame.with_columns(polars.col("la", "lsoa").cast(polars.Categorical))
    one = prepare_table(spec_with(), table())
    for other in (frame, coded):
        pd.testing.assert_frame_equal(one.rows, prepare_table(spec_with(), other).rows)
    with pytest.raises(DataError) as caught:
        prepare_table(spec_with(), frame.lazy())
    assert "collect()" in caught.value.do


def gapped(values, **options) -> pd.Categorical:
    return pd.Categorical([None, *values[1:]], **options)


@pytest.mark.parametrize(
    ("column", "text"),
    [("children", ""), ("income", ""), ("density", EXTRA), ("spend", EXTRA)],
)
def test_categories_with_a_gap_are_missing_values(column, text):
    frame = table()
    frame[column] = gapped(frame[column])
    with pytest.raises(DataError) as caught:
        prepare_table(spec_with(text), frame)
    assert f"column {column} is missing in 1 row: E01000001" in caught.value.what


@pytest.mark.parametrize("kind", [str, int])
def test_categories_of_counts_may_have_a_gap(kind):
    frame = table()
    frame["referrals"] = gapped(frame["referrals"].astype(kind))
    report = prepare_table(spec_with(), frame).report
    assert [(item.rows, item.codes) for item in report.dropped] == [(1, ("E01000001",))]


def test_categories_of_whole_codes_stay_whole_beside_a_gap():
    frame = table()
    frame["la"] = pd.Categorical.from_codes(np.repeat([0, 1, 2], 4), categories=[202, 203, 204])
    assert list(prepare_table(spec_with(), frame).authorities.index) == ["202", "203", "204"]
    frame["la"] = pd.Categorical.from_codes([-1, *[0] * 7, *[1] * 4], categories=[202, 203])
    with pytest.raises(DataError, match="column la is blank in 1 row: row 1"):
        prepare_table(spec_with(), frame)


NOT_CELLS = {
    "list": [[1]],
    "dict": [{}],
    "set": [{1}],
    "datetime64": [pd.Timestamp("2019-03-31")],
    "timedelta64": [pd.Timedelta("1D")],
    "complex128": [1j],
    "interval": pd.cut([1.0], 1).astype("interval[float64, right]"),
    "bytes that are not UTF-8 text": [b"\xff"],
    "date": [datetime.date(2019, 3, 31)],
    "list<": pd.array([[1]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
}
TIMES = {"datetime64", "timedelta64", "interval", "date"}


VALUES = ("children", "income", "density", "spend")


@pytest.mark.parametrize(
    ("column", "kind"),
    [("referrals", kind) for kind in NOT_CELLS]
    + [("la", kind) for kind in NOT_CELLS if kind not in TIMES]
    + [(column, "list") for column in VALUES],
)
def test_what_is_neither_number_nor_text_is_refused_by_name(column, kind):
    frame = table().assign(**{column: pd.Series(NOT_CELLS[kind]).take([0] * 12).array})
    with pytest.raises(DataError) as caught:
        prepare_table(spec_with(EXTRA), frame)
    assert f"table: column {column} holds {kind}" in caught.value.what


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([2**53 + 1, 2**53 + 2, 3], ["3", str(2**53 + 1), str(2**53 + 2)]),
        (
            np.array([2**63 + 1, 2**63 + 2, 3], dtype="uint64"),
            ["3", str(2**63 + 1), str(2**63 + 2)],
        ),
        ([10**30, 10**30 + 1, 3], [str(10**30), str(10**30 + 1), "3"]),
        ([uuid.UUID(int=n) for n in range(3)], [str(uuid.UUID(int=n)) for n in range(3)]),
        ([1.0, "2", 3], ["1", "2", "3"]),
        ([True, "x", 3], ["3", "True", "x"]),
    ],
)
def test_codes_keep_all_their_digits(codes, expected):
    frame = table().assign(la=pd.Series(codes).repeat(4).array)
    assert list(prepare_table(spec_with(), frame).authorities.index) == expected


@pytest.mark.parametrize(("type_", "large"), [("float64", 2.0**53), ("float32", 2.0**24)])
def test_codes_that_have_lost_digits_are_refused(type_, large):
    frame = table().assign(la=np.repeat([large, 2.0, 3.0], 4).astype(type_))
    with pytest.raises(DataError, match=f"column la holds codes as {type_}, which cannot keep"):
        prepare_table(spec_with(), frame)


def test_integer_names_are_names():
    text = SPEC.replace("children", "2019").replace("referrals", "7")
    frame = table().rename(columns={"children": 2019, "referrals": 7})
    rows = prepare_table(ModelSpec.from_toml(text), frame).rows
    assert rows["outcome"].unique() == ["7"]
    assert rows["exposure"].iloc[0] == 304


def test_columns_of_several_levels_are_refused_with_the_remedy():
    levels = table().set_axis(pd.MultiIndex.from_product([["a"], table().columns]), axis=1)
    with pytest.raises(DataError) as caught:
        prepare_table(spec_with(), levels)
    assert "has columns of several levels, such as a / lsoa" in caught.value.what
    assert "'_'.join" in caught.value.do


@pytest.mark.parametrize("other", [None, 3, {}, [1], np.ones(3), pa.array([1]), areas()["la"]])
def test_other_objects_are_no_tables(other):
    with pytest.raises(DataError, match="not a pandas DataFrame"):
        prepare_table(spec_with(), other)


def test_files_of_factors_are_read(tmp_path):
    frame = table()
    text = pa.array([None, *frame["referrals"].astype(str)[1:]]).dictionary_encode()
    arrow = pa.Table.from_pandas(frame)
    at = arrow.column_names.index("referrals")
    write_feather(arrow.set_column(at, "referrals", text), str(tmp_path / "t.feather"))
    report = prepare_table(spec_with(), read_table(tmp_path / "t.feather")).report
    assert (report.rows_kept, report.dropped[0].codes) == (11, ("E01000001",))


@pytest.mark.parametrize(
    ("no", "yes"),
    [("FALSE", "TRUE"), ("False", "True"), ("no", "Yes"), ("N", "Y"), ("f", "t"), (False, True)],
)
def test_words_for_no_and_yes_are_0_and_1(tmp_path, no, yes):
    rural = areas().index % 3 == 0
    frame = table().assign(rural=np.where(rural, yes, no))
    frame.to_csv(tmp_path / "t.csv", index=False)
    spec = spec_with('[area]\ncovariates = ["rural"]\n')
    for given in (frame, read_table(tmp_path / "t.csv", spec=spec)):
        result = prepare_table(spec, given)
        expected = result.rows["area"].isin(frame["lsoa"][rural])
        np.testing.assert_array_equal(result.covariates["rural"], expected)


def test_booleans_may_have_gaps_and_other_words_ask_for_columns_of_0_and_1():
    spec = spec_with('[area]\ncovariates = ["rural"]\n')
    gap = table().assign(rural=pd.array([None, *[True, False] * 5, True], dtype="boolean"))
    with pytest.raises(DataError, match="column rural is missing in 1 row: E01000001"):
        prepare_table(spec, gap)
    with pytest.raises(DataError) as caught:
        prepare_table(spec, table().assign(rural=["North", "yes"] * 6))
    assert "12 values are not numbers" in caught.value.what
    assert "a column of 0 and 1 for each group but one" in caught.value.do


def test_a_table_is_given_by_its_path_or_in_memory(tmp_path):
    frame = table().assign(la=np.repeat(["1.1", "1.10", "2"], 4), la_name="x")
    frame.to_csv(tmp_path / "t.csv", index=False)
    path = tmp_path / "t.csv"
    in_memory = (frame, pa.Table.from_pandas(frame), frame.set_index("la"))
    for given in (path, str(path), *in_memory):
        found, called = table_given(spec_with(), given)
        assert called == (str(path) if isinstance(given, str | Path) else "table")
        authorities = prepare_table(spec_with(), found, source=called).authorities
        assert list(authorities.index) == ["1.1", "1.10", "2"]
