"""Warnings of columns that are not what they seem; benchmarks/plausibility_columns.py has rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesgrad.data import prepare_table
from bayesgrad.spec import ModelSpec
from tests.packs import pack_content

from .plausible import TEXT, realistic

RIGHT = realistic(1)
PLANS = realistic(2, mean=2.0)
GONE = pd.Series(np.arange(len(RIGHT)) % 20 == 7)
NOISE = pd.Series(np.random.default_rng(3).normal(size=len(RIGHT)))


def warnings_of(table: pd.DataFrame, text: str = TEXT) -> tuple[str, ...]:
    return prepare_table(ModelSpec.from_toml(text), table).report.warnings


def by_authority(values: np.ndarray) -> pd.Series:
    return pd.Series(np.repeat(values, 50))


COVARIATE = TEXT + '[area]\ncovariates = ["z"]\n'
MODERATOR = TEXT + '[authority]\nmoderators = ["z"]\n'
OWN = TEXT + '[authority]\ndeprivation = "z"\n'
MEAN = RIGHT.groupby("authority")["income"].mean().round(4).to_numpy()


@pytest.mark.parametrize(
    ("table", "text", "words"),
    [
        (
            RIGHT.assign(events=(RIGHT["events"] / 5).round().astype(int) * 5),
            TEXT,
            "column events: all 1,4",
        ),
        (
            RIGHT.assign(
                events=RIGHT["events"].mask(RIGHT["events"] > 9, RIGHT["events"] // 10 * 10)
            ),
            TEXT,
            "counts of 10 or more are multiples of 10",
        ),
        (
            PLANS.assign(events=PLANS["events"].mask(PLANS["events"] < 6, 0)),
            TEXT,
            "column events: no count of 1 to 5, beside 1,",
        ),
        (
            PLANS.assign(events=PLANS["events"].mask(PLANS["events"].between(1, 5), 3)),
            TEXT,
            "column events: no count of 1 to 5 but 3",
        ),
        (
            RIGHT.assign(children=RIGHT["children"] // 100 * 100 + 100),
            TEXT,
            "1,500 exposures of 1,500 are multiples of 100",
        ),
        (RIGHT.assign(children=RIGHT["children"] / 1000), TEXT, "events is above it in 1,4"),
        (PLANS.assign(children=PLANS["children"] / 100), TEXT, "people divided by 100"),
        (
            RIGHT.assign(children=1000 * RIGHT["events"] / RIGHT["children"]),
            TEXT,
            "follows events as a rate of it would",
        ),
        (RIGHT.assign(children=RIGHT["events"]), TEXT, "column children: it equals events"),
        (
            RIGHT.assign(again=RIGHT["events"]),
            TEXT + '[[outcomes]]\ncolumn = "again"\n',
            "columns events and again have the same counts in all 1,500 rows",
        ),
        (RIGHT.assign(children=400), TEXT, "column children: it is 400 in all 1,500 rows"),
        (
            RIGHT.assign(children=by_authority(np.arange(30) + 9000)),
            TEXT,
            "one value in all rows of each of 30 authorities",
        ),
        (RIGHT.assign(income=1 - RIGHT["income"]), TEXT, "people who are not in deprivation"),
        (RIGHT.assign(income=RIGHT["income"].rank(pct=True)), TEXT, "these look like percentiles"),
        (
            RIGHT.assign(income=np.ceil(RIGHT["income"].rank(pct=True) * 10) / 10),
            TEXT,
            "column income: all values are multiples of 0.05",
        ),
        (RIGHT.assign(income=RIGHT["income"] / 100), TEXT, "a tenth or a hundredth"),
        (RIGHT.assign(z=by_authority(MEAN / 10)), OWN, "column z: its mean is"),
        (RIGHT.assign(z=by_authority(0.3 - MEAN)), OWN, "column z: it falls where"),
        (RIGHT.assign(z=by_authority((4.5 * MEAN).clip(0, 0.9))), OWN, "column z: "),
        (
            RIGHT.assign(income=RIGHT["income"].mask(GONE, 0)),
            TEXT,
            "column income: 0 stands in 75 of 1,500 areas",
        ),
        (RIGHT.assign(income=RIGHT["income"].mask(GONE, 1)), TEXT, "column income: 1 stands in 75"),
        (RIGHT.assign(children=RIGHT["children"].mask(GONE, 1)), TEXT, "column children: 1 stands"),
        (
            RIGHT.assign(children=RIGHT["children"].mask(GONE, 99999)),
            TEXT,
            "column children: 99999 stands in 75 of 1,500 rows",
        ),
        (RIGHT.assign(events=RIGHT["events"].mask(GONE, 9999)), TEXT, "column events: 9999 stands"),
        (RIGHT.assign(z=NOISE.mask(GONE, -9999)), COVARIATE, "column z: -9999 stands in 75"),
        (RIGHT.assign(z=((NOISE > 0) * 1).mask(GONE, 9)), COVARIATE, "column z: 9 stands in 75"),
        (RIGHT.assign(z=NOISE.mask(GONE, 0)), COVARIATE, "column z: 0 stands in 75"),
        (
            RIGHT.assign(z=by_authority(np.r_[[-99] * 3, 400 + np.arange(27) ** 2])),
            MODERATOR,
            "column z: -99 stands in 3 of 30 authorities",
        ),
    ],
)
def test_a_planted_fault_is_named(table, text, words):
    # What is seen first is the fault; the counts that it spoils may be told of too.
    assert words in warnings_of(table, text)[0]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (RIGHT, TEXT),
        (PLANS, TEXT),
        (realistic(3, mean=0.1), TEXT),
        (RIGHT.assign(z=by_authority(MEAN)), OWN),
        # Shares of people that begin at 0, groups, and whole numbers.
        (RIGHT.assign(z=(0.1 * NOISE).clip(0).round(3)), COVARIATE),
        (RIGHT.assign(z=(5 * NOISE.clip(0)).round()), COVARIATE),
        (RIGHT.assign(z=(NOISE > 0) * 1), COVARIATE),
        # Populations of 2,000 rounded to 10 are near enough.
        (RIGHT.assign(children=RIGHT["children"] * 6 // 10 * 10), TEXT),
        (
            RIGHT.assign(events=RIGHT["events"].astype(object).mask(RIGHT["events"] < 6, "c")),
            TEXT + '[likelihood]\nsuppressed = { symbol = "c", lower = 0, upper = 5 }\n',
        ),
    ],
)
def test_right_tables_are_told_nothing(table, text):
    assert warnings_of(table, text) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"children": 0.001}, "an average authority of the prior pack 0.0498"),
        ({"income": 0.1}, "it is on another scale than income (IoD2019) of the pack"),
        ({}, ""),
    ],
    ids=["thousands", "tenth", "right"],
)
def test_an_authority_of_another_order_than_its_pack_is_named(change, words):
    spec = ModelSpec.from_toml(TEXT).model_dump() | {
        "prior_pack": pack_content(outcomes=("events",))
    }
    one = realistic(4, authorities=1, areas=80)
    for column, factor in change.items():
        one[column] = one[column] * factor
    found = prepare_table(ModelSpec.model_validate(spec), one).report.warnings
    assert any(words in one for one in found) if words else found == ()


def test_releases_of_deprivation_are_compared_with_the_table():
    assert "says IoD2025, and [columns] vintage = 'IoD2019'" in "".join(
        warnings_of(RIGHT.assign(vintage="IoD2025"))
    )
    assert warnings_of(RIGHT.assign(vintage="IoD 2019")) == ()
    assert warnings_of(RIGHT.assign(vintage="mid-2021 population")) == ()
    spec = ModelSpec.from_toml(TEXT.replace('area = "area"', 'area = "lsoa21_code"'))
    notes = prepare_table(spec, RIGHT.rename(columns={"area": "lsoa21_code"})).report.notes
    assert any("those of 2021, and IoD2019 is published for those of 2011" in one for one in notes)


def test_a_report_says_that_warnings_end_nothing():
    report = prepare_table(ModelSpec.from_toml(TEXT), RIGHT.assign(children=400)).report
    warning, note = str(report).splitlines()[-2:]
    assert warning.startswith("warning: column children: it is 400")
    assert note.startswith("note: a warning ends nothing")
