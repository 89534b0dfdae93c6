"""Columns that repeat one another, deprivation or an outcome are refused; like ones are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesgrad.data import prepare_table
from bayesgrad.errors import DataError
from bayesgrad.spec import ModelSpec

from .plausible import TEXT, realistic

TABLE = realistic(1)


def refused(text: str, table: pd.DataFrame) -> DataError:
    with pytest.raises(DataError) as caught:
        prepare_table(ModelSpec.from_toml(TEXT + text), table, source="areas.csv")
    return caught.value


def by_authority(values: pd.Series) -> pd.Series:
    return values.groupby(TABLE["authority"]).transform("mean")


NOISE = pd.Series(np.random.default_rng(5).normal(size=len(TABLE)))
D = by_authority(TABLE["income"])


@pytest.mark.parametrize(
    ("text", "columns", "what"),
    [
        (
            '[area]\ncovariates = ["z"]',
            {"z": 100 * TABLE["income"]},
            "column z exactly repeats income",
        ),
        (
            '[area]\nmoderators = ["z"]',
            {"z": TABLE["income"] + 0.005 * NOISE},
            "column z repeats income (their correlation is 0.99",
        ),
        (
            '[area]\ncovariates = ["r"]\nmoderators = ["z"]',
            {"r": (NOISE > 1) * 1, "z": (NOISE <= 1) * 1},
            "column z exactly repeats r (their correlation is -1.000)",
        ),
        (
            '[authority]\nmoderators = ["m", "z"]',
            {"m": by_authority(NOISE).round(6), "z": 2 * by_authority(NOISE).round(6)},
            "column z exactly repeats m",
        ),
        (
            '[area]\ncovariates = ["p", "q", "r"]',
            {"p": (NOISE > 1) * 1, "q": (NOISE < -1) * 1, "r": (NOISE.abs() <= 1) * 1},
            "column r is a weighted sum of p, q",
        ),
        ('[area]\ncovariates = ["z"]', {"z": TABLE["events"]}, "column z is outcome events"),
        (
            '[area]\ncovariates = ["z"]',
            {"z": 1000 * TABLE["events"] / TABLE["children"]},
            "column z is the rate of outcome events",
        ),
    ],
)
def test_what_repeats_is_named_with_what_to_take_out(text, columns, what):
    error = refused(text, TABLE.assign(**columns))
    assert f"areas.csv: {what}" in error.what
    assert f"Take {list(columns)[-1]} out of [" in error.do


@pytest.mark.parametrize(
    ("text", "z"),
    [
        ('[authority]\nmoderators = ["z"]', 1 - D.round(9)),
        ('[area]\ncovariates = ["z"]', 10 * D.round(9)),
    ],
    ids=["moderator", "covariate"],
)
def test_near_repeats_of_authority_deprivation_are_told_and_where_forms_compete_refused(text, z):
    spec, table = ModelSpec.from_toml(TEXT + text), TABLE.assign(z=z)
    [warning] = prepare_table(spec, table, source="areas.csv").report.warnings
    assert "areas.csv: column z nearly repeats the deprivation of authorities" in warning
    assert "Take z out of [" in warning
    with pytest.raises(DataError, match="column z repeats the deprivation of authorities"):
        prepare_table(spec, table, indistinct=True)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ('[area]\ncovariates = ["z"]', {"z": np.log(TABLE["income"])}),
        ('[area]\ncovariates = ["p", "q"]', {"p": (NOISE > 1) * 1, "q": (NOISE < -1) * 1}),
        # Without moderation, a column may bring authority deprivation in.
        ('[authority]\nmoderation = "none"\nmoderators = ["z"]', {"z": D.round(9)}),
    ],
    ids=["logarithm", "groups but one", "no moderation"],
)
def test_what_is_only_like_stays(text, columns):
    spec = ModelSpec.from_toml(TEXT + text)
    assert prepare_table(spec, TABLE.assign(**columns)).report.warnings == ()


def test_two_authorities_tell_no_correlation():
    two = TABLE[TABLE["authority"].isin(TABLE["authority"].unique()[:2])]
    spec = ModelSpec.from_toml(TEXT + '[authority]\nmoderators = ["z"]')
    prepare_table(spec, two.assign(z=by_authority(NOISE).round(6)))


def test_places_are_no_authorities_neighbourhoods_or_strata():
    table = TABLE.assign(copy=TABLE["area"], town="Town " + TABLE["authority"])
    spec = TEXT.replace('authority = "authority"', 'authority = "copy"')
    with pytest.raises(DataError, match="column copy holds the codes of areas"):
        prepare_table(ModelSpec.from_toml(spec), table)
    with pytest.raises(DataError, match="column town: each stratum lies in one authority"):
        prepare_table(ModelSpec.from_toml(TEXT + '[strata]\ncolumn = "town"'), table)
    spec = TEXT.replace("[[out", 'neighbourhood = "town"\n[[out')
    with pytest.raises(DataError, match="column town has one neighbourhood in every authority"):
        prepare_table(ModelSpec.from_toml(spec), table)
