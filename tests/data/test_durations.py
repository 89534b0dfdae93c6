from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesgrad
from bayesgrad.data import prepare_table, split_durations
from bayesgrad.errors import DataError

from .areas import SPEC, areas

EPISODES = pd.DataFrame(
    {
        "area": ["b", "a", "a", "a", "b"],
        "income": [0.3, 0.1, 0.1, 0.1, 0.3],
        "days": [20, 90, 400, 91, 200],
        "ended": [True, True, True, False, False],
    }
)


def split(episodes: pd.DataFrame = EPISODES, **changes: object) -> pd.DataFrame:
    options = {"by": ["area"], "duration": "days", "closed": "ended", "breaks": [90, 180]}
    return split_durations(episodes, **{**options, **changes})  # type: ignore[arg-type]


def refused(episodes: pd.DataFrame = EPISODES, **changes: object) -> DataError:
    with pytest.raises(DataError) as caught:
        split(episodes, **changes)
    return caught.value


def test_events_and_time_by_hand():
    # In area a: 90 + 90 + 90 days before day 90, 90 + 1 up to day 180, and 400 - 180 after it; the
    # episode that ends on day 90 ends in the first interval. In area b: 20 + 90, 90, and 20.
    assert split(by=["area", "income"]).to_dict("list") == {
        "area": ["a"] * 3 + ["b"] * 3,
        "income": [0.1] * 3 + [0.3] * 3,
        "interval": ["0-90", "90-180", "180+"] * 2,
        "closed": [1, 0, 1, 1, 0, 0],
        "time_at_risk": [270.0, 91.0, 220.0, 110.0, 90.0, 20.0],
    }


def test_an_interval_that_nobody_reaches_has_no_row():
    found = split(EPISODES[EPISODES["days"] < 100])
    assert found[["area", "interval"]].to_numpy().tolist() == [
        ["a", "0-90"],
        ["a", "90-180"],
        ["b", "0-90"],
    ]
    assert str(found["closed"].dtype) == "int64"
    assert str(found["time_at_risk"].dtype) == "float64"


def test_labels_and_columns_are_named_as_asked():
    found = split(breaks=[0.5, 1e6], interval="stretch", events="ends", time="days")
    assert list(found.columns) == ["area", "stretch", "ends", "days"]
    assert set(found["stretch"]) == {"0-0.5", "0.5-1000000"}


def test_a_closed_episode_of_no_length_is_an_event_without_time():
    ended = EPISODES.assign(days=[0, 90, 400, 91, 0])
    found = split(ended).set_index(["area", "interval"])
    assert found.loc[("b", "0-90")].tolist() == [1, 0.0]
    still_open = ended.assign(ended=[False, True, True, False, False])
    assert set(split(still_open)["area"]) == {"a"}


def test_one_column_may_be_named_by_itself():
    pd.testing.assert_frame_equal(split(by="area"), split(by=["area"]))


def test_rows_without_a_code_are_kept():
    found = split(EPISODES.assign(area=["b", "a", None, "a", "b"]))
    assert found["closed"].sum() == EPISODES["ended"].sum()
    assert found["area"].isna().sum() == 3


@pytest.mark.parametrize(
    "ended", [[1, 1, 1, 0, 0], [1.0, 1.0, 1.0, 0.0, 0.0], [True, True, True, False, False]]
)
@pytest.mark.parametrize("kind", [None, "object", "category"])
def test_closed_is_true_or_false_or_1_or_0(ended, kind):
    flags = pd.Series(ended, dtype=kind)
    pd.testing.assert_frame_equal(split(EPISODES.assign(ended=flags)), split())
    nullable = pd.Series([True, True, True, False, False], dtype="boolean")
    pd.testing.assert_frame_equal(split(EPISODES.assign(ended=nullable)), split())


@settings(max_examples=50, deadline=None)
@given(
    episodes=st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.floats(0, 2000, allow_subnormal=False) | st.sampled_from([0.0, 90.0, 180.0]),
            st.booleans(),
        ),
        min_size=1,
        max_size=30,
    ),
    cuts=st.sets(st.integers(1, 1500), min_size=1, max_size=5).map(sorted),
)
def test_events_and_time_add_up(episodes, cuts):
    table = pd.DataFrame(episodes, columns=["area", "days", "ended"])
    found = split(table, breaks=cuts)
    for column, total in (("closed", "ended"), ("time_at_risk", "days")):
        expected = table.groupby("area")[total].sum()
        sums = found.groupby("area")[column].sum().reindex(expected.index, fill_value=0)
        np.testing.assert_allclose(sums, expected.astype(float), rtol=1e-12, atol=1e-9)
    assert (found["time_at_risk"] >= 0).all()
    assert not found.duplicated(["area", "interval"]).any()


def test_the_order_of_episodes_does_not_matter():
    pd.testing.assert_frame_equal(split(EPISODES.iloc[::-1]), split())


@pytest.mark.parametrize("breaks", [[], [0, 90], [-1, 90], [90, 90], [180, 90], [90, np.inf]])
def test_breaks_increase_from_above_0(breaks):
    error = refused(breaks=breaks)
    assert error.what.startswith("breaks = [")
    assert "are not one or more times above 0, each after the last" in error.what


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        ([20, np.nan, 400, None, 200], "column days is missing in 2 rows: row 1, 3"),
        ([20, -1, 400, 91, 200], "column days is negative in 1 row: row 1"),
        ([20, np.inf, 400, 91, 200], "column days is infinite in 1 row: row 1"),
        (["20", "1", "2", "3", "4"], "column days holds str, not numbers"),
        (pd.to_timedelta([1, 2, 3, 4, 5], unit="D"), "column days holds timedelta64"),
    ],
)
def test_impossible_durations_are_refused(days, fault):
    error = refused(EPISODES.assign(days=days))
    assert error.what.startswith(f"episodes: {fault}")
    assert error.do


@pytest.mark.parametrize(
    ("ended", "fault"),
    [
        ([True, None, True, False, False], "column ended is missing in 1 row: row 1"),
        (["yes", "no", "yes", "no", "no"], "column ended is neither true nor false in 5 rows"),
        ([1, 2, 1, 0, 0], "column ended is neither true nor false in 1 row: row 1"),
    ],
)
def test_episodes_that_are_neither_closed_nor_open_are_refused(ended, fault):
    assert refused(EPISODES.assign(ended=ended)).what.startswith(f"episodes: {fault}")


def test_absent_and_repeated_columns_are_refused():
    assert "there is no column lsoa" in refused(by=["lsoa"]).what
    assert "there is no column day; did you mean days?" in refused(duration="day").what
    assert "more than one column called area" in refused(by=["area", "area"]).what
    assert "more than one column called area" in refused(time="area").what


def test_the_table_is_one_that_can_be_fitted():
    rng = np.random.default_rng(1)
    episodes = areas().loc[np.repeat(np.arange(12), 20)].drop(columns=["children", "referrals"])
    episodes = episodes.assign(days=rng.exponential(200, 240), ended=rng.random(240) < 0.8)
    table = bayesgrad.split_durations(
        episodes,
        by=["lsoa", "la", "la_name", "income"],
        duration="days",
        closed="ended",
        breaks=[90, 180, 365],
    )
    columns = SPEC.replace('"children"', '"time_at_risk"\nat_risk = "time"')
    spec = bayesgrad.ModelSpec.from_toml(
        columns.replace('"referrals"', '"closed"')
        + '[strata]\ncolumn = "interval"\nordered = true\ngradients = "common"\n'
        + '[likelihood]\nfamily = "poisson"\n'
    )
    analysis = prepare_table(spec, table)
    assert analysis.strata == ("0-90", "90-180", "180-365", "365+")
    assert analysis.rows["count"].sum() == episodes["ended"].sum()
    assert analysis.rows["exposure"].sum() == pytest.approx(episodes["days"].sum())
