"""Faults planted in clean tables are named before anything is fitted, and clean tables pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesgrad.data import prepare_table
from bayesgrad.data.analysis_table import DataReport
from bayesgrad.design import build_design
from bayesgrad.spec import ModelSpec

SPEC = """
title = "Referrals"
[columns]
area = "lsoa"
authority = "la"
exposure = "children"
deprivation = "income"
vintage = "IoD2019"
[[outcomes]]
column = "referrals"
"""
AGES = '[strata]\ncolumn = "age"\n'
SUPPRESSED = '[likelihood]\nsuppressed = { symbol = "c", lower = 1, upper = 5 }\n'
BINOMIAL = '[likelihood]\nfamily = "binomial"\n'


def clean(*, seed: int = 1, mean: float = 18.0, alpha: float = 8.0) -> pd.DataFrame:
    """Sixty authorities of fifty areas with a gradient of 1.62, and `mean` events an area."""
    rng = np.random.default_rng(seed)
    authority = np.repeat(np.arange(60), 50)
    level = rng.uniform(0.07, 0.25, 60)[authority]
    income = (level * np.exp(rng.normal(0, 0.45, 3000))).clip(0.01, 0.6).round(3)
    children = rng.integers(150, 601, 3000)
    effects = rng.normal(0, 0.3, 60)[authority] + (income - 0.15) / 0.1 * 0.48
    rate = children * np.exp(effects + rng.normal(0, 0.08, 60)[authority] * (income - level) / 0.1)
    mu = rate * mean / rate.mean()
    return pd.DataFrame(
        {
            "lsoa": [f"E01{n + 1:06d}" for n in range(3000)],
            "la": [f"E09{n + 1:06d}" for n in authority],
            "children": children,
            "income": income,
            "referrals": rng.negative_binomial(alpha, alpha / (alpha + mu)),
        }
    )


def warned(table: pd.DataFrame, text: str = "") -> tuple[str, ...]:
    spec = ModelSpec.from_toml(SPEC + text)
    return prepare_table(spec, table.reset_index(drop=True)).report.warnings


def by_age(table: pd.DataFrame, *ages: str) -> pd.DataFrame:
    """The table with children and counts dealt out among strata."""
    rng, share = np.random.default_rng(2), np.full(len(ages), 1 / len(ages))
    counts = rng.multinomial(table["referrals"], share)
    children = rng.multinomial(table["children"], share)
    parts = [
        table.assign(age=age, referrals=counts[:, at], children=children[:, at])
        for at, age in enumerate(ages)
    ]
    return pd.concat(parts, ignore_index=True)


def first(table: pd.DataFrame, number: int) -> pd.Series:
    """Rows of the first few authorities."""
    return table["la"].isin(sorted(table["la"].unique())[:number])


def altered(table: pd.DataFrame, column: str, rows: pd.Series, values: object) -> pd.DataFrame:
    table = table.copy()
    table.loc[rows, column] = values
    return table


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (clean(), ""),
        (clean(mean=1.5, alpha=1.0), ""),
        (clean(mean=0.1), ""),
        (by_age(clean(), "0 to 4", "5 to 9", "10 to 15"), AGES),
        (
            clean(mean=4.0).assign(
                referrals=lambda t: (
                    t["referrals"].astype("str").mask(t["referrals"].between(1, 5), "c")
                )
            ),
            SUPPRESSED,
        ),
        # Out of cases, each of which is as likely as not, there are few zeros, and rightly so.
        (
            clean().assign(
                children=lambda t: np.resize([10, 12, 14], len(t)),
                referrals=lambda t: np.random.default_rng(4).binomial(t["children"], 0.45),
            ),
            BINOMIAL,
        ),
        # Authorities of districts and of counties together are one level, and so are LSOAs.
        (clean().assign(la=lambda t: t["la"].str.replace("E0900000", "E1000000")), ""),
    ],
    ids=["plain", "wild", "rare", "strata", "suppressed", "cases", "counties"],
)
def test_clean_tables_pass(table, text):
    assert warned(table, text) == ()


def without_zeros(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["referrals"] > 0]


def with_blanks(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(referrals=table["referrals"].where(table["referrals"] > 0))


@pytest.mark.parametrize("mean", [0.1, 0.5, 2.0])
def test_zeros_that_are_left_out_are_missed(mean):
    table = without_zeros(clean(mean=mean))
    warning = warned(table, '[rows]\nsmall_authorities = "keep"\n')[0]
    assert warning.startswith("referrals: no row has a count of 0, where the small counts make")
    assert "Give every area a row, with a count of 0 and its exposure" in warning


def test_the_number_of_zeros_that_is_called_certain_is_not_above_the_truth():
    table = clean(mean=2.0)
    (warning,) = warned(without_zeros(table))
    certain = int(warning.split("make at least ")[1].split(" certain")[0].replace(",", ""))
    zeros = int((table["referrals"] == 0).sum())
    assert zeros / 3 < certain <= zeros


def test_missing_counts_in_place_of_zeros_are_counted():
    table = clean(mean=2.0)
    (warning,) = warned(with_blanks(table))
    missing = int((table["referrals"] == 0).sum())
    assert f"{missing:,} counts are missing, which [rows] missing_counts leaves out" in warning


def test_zeros_are_missed_where_small_counts_are_suppressed():
    table = clean(mean=4.0)
    hidden = table["referrals"].between(1, 5)
    table = without_zeros(table).assign(referrals=lambda t: t["referrals"].astype("str"))
    table.loc[hidden[table.index], "referrals"] = "c"
    assert any("no row has a count of 0" in warning for warning in warned(table, SUPPRESSED))


def test_zeros_that_some_authorities_leave_out_are_missed_there():
    table = clean(mean=1.2)
    out = first(table, 12) & (table["referrals"] == 0)
    (warning,) = warned(table[~out])
    named = warning.split("(")[1].split(")")[0]
    assert warning.startswith("in ")
    assert "E09000060" not in named


def test_absent_combinations_of_strata_are_told():
    table = by_age(clean(mean=1.0), "0 to 4", "5 to 9", "10 to 15")
    kept = table[(table["referrals"] > 0) | (table["age"] != "5 to 9")]
    report = prepare_table(ModelSpec.from_toml(SPEC + AGES), kept).report
    absent = len(table) - len(kept)
    assert f"note: {absent:,} of 9,000 combinations of area and stratum are not in" in str(report)
    whole = prepare_table(ModelSpec.from_toml(SPEC + AGES), table).report
    assert "combinations" not in str(whole)


@pytest.mark.parametrize(
    ("parts", "name"),
    [(("0 to 4", "5 to 9", "10 to 15"), "0 to 15"), (("0 to 4", "5 to 9"), "0 to 9")],
)
def test_a_stratum_that_is_the_sum_of_others_is_named(parts, name):
    table = by_age(clean(), "0 to 4", "5 to 9", "10 to 15")
    keys = ["lsoa", "la", "income"]
    own = table[table["age"].isin(parts)].groupby(keys, as_index=False)
    total = own[["children", "referrals"]].sum().assign(age=name)
    (warning,) = warned(pd.concat([table, total]), AGES)
    assert warning.startswith(f"stratum {name} of age is the sum of ")
    assert all(part in warning for part in parts)


def test_a_stratum_with_the_name_of_a_total_is_named_beside_one_other():
    table = by_age(clean(), "boys", "girls")
    total = table[table["age"] == "boys"].assign(age="All")
    (warning,) = warned(pd.concat([table[table["age"] == "boys"], total]), AGES)
    assert "stratum All of age has the name of a total, beside boys" in warning


def of_authorities(table: pd.DataFrame, number: int) -> pd.DataFrame:
    """Rows that are the sums of the first few authorities."""
    return (
        table[first(table, number)]
        .groupby("la", as_index=False)
        .agg(
            children=("children", "sum"), referrals=("referrals", "sum"), income=("income", "mean")
        )
    )


def test_totals_of_authorities_among_areas_are_told():
    table = clean()
    total = of_authorities(table, 3).assign(lsoa=[f"total {n}" for n in range(3)])
    (warning,) = warned(pd.concat([table, total]))
    assert "3 areas have the exposure of all other areas of their authority together" in warning
    assert "(in authorities E09000001, E09000002, E09000003)" in warning


def test_a_total_with_the_code_of_its_authority_is_of_another_level():
    table = clean()
    total = of_authorities(table, 1).assign(lsoa="E09000001")
    _, level, code = warned(pd.concat([table, total]))
    assert "3,000 of level LSOA or data zone, 1 of level authority" in level
    assert "lsoa has 1 code of authorities (E09000001)" in code


def test_a_total_of_the_nation_is_told():
    table = clean()
    row = {"lsoa": "England", "la": "E09000001", "income": 0.15}
    row |= table[["children", "referrals"]].sum().to_dict()
    (warning,) = warned(pd.concat([table, pd.DataFrame([row])]))
    assert "1 area has the exposure of all other areas of all authorities together" in warning


@pytest.mark.parametrize(
    ("column", "old", "new", "told"),
    [
        ("lsoa", "E010000", "E020000", "99 of level MSOA or intermediate zone"),
        ("la", "E0900000", "E1200000", "9 of level region"),
        ("lsoa", "E010000", "W010000", "areas lie in England and Wales"),
    ],
)
def test_codes_of_several_kinds_are_told(column, old, new, told):
    table = clean()
    (warning,) = warned(table.assign(**{column: table[column].str.replace(old, new)}))
    assert told in warning


def test_areas_that_are_in_the_table_twice_are_counted():
    table = clean()
    twice = table.assign(lsoa="new " + table["lsoa"])
    (warning,) = warned(pd.concat([table, twice]).sample(frac=1, random_state=1))
    assert warning.startswith("6,000 areas have the same exposures, deprivation and counts")
    copied = table[first(table, 1)].assign(lsoa=lambda t: "new " + t["lsoa"], la="E06000001")
    (warning,) = warned(pd.concat([table, copied]))
    assert warning.startswith("100 areas have")
    assert "(E06000001, E09000001)" in warning


def test_areas_that_are_alike_by_construction_are_not_called_twins():
    table = clean(mean=1.0).assign(children=300)
    grid = np.tile(np.linspace(0.05, 0.30, 50).round(2), 60)
    assert not any("twice" in warning for warning in warned(table.assign(income=grid)))


def test_exposures_of_another_order_are_told_with_the_authorities():
    table = clean()
    rows = first(table, 20)
    (warning,) = warned(altered(table, "children", rows, table["children"][rows] * 10))
    assert warning.startswith("referrals: crude rates of 20 authorities (E09000001, E09000002")
    assert "below those of the rest, and their exposures an area some 10 times above" in warning


def test_reversed_deprivation_is_told_with_the_authorities():
    table = clean()
    for code in sorted(table["la"].unique())[:3]:
        own = table["la"] == code
        values = table["income"][own]
        table = altered(table, "income", own, values.max() + values.min() - values)
    (warning,) = warned(table)
    assert "within 3 authorities (E09000001, E09000002, E09000003) the rate falls" in warning


def test_one_minus_deprivation_is_told_with_the_authorities():
    table = clean()
    rows = first(table, 3)
    warning = warned(altered(table, "income", rows, 1 - table["income"][rows]))[0]
    assert "above 0.5 in 3 authorities (E09000001, E09000002, E09000003)" in warning
    assert "as 1 - d" in warning


def test_scrambled_counts_are_told_with_the_authority():
    table = clean().assign(la=lambda t: t["la"].replace("E09000002", "E09000001"))
    rows = table["la"] == "E09000001"
    order = np.random.default_rng(3).permutation(table["referrals"][rows])
    warnings = warned(altered(table, "referrals", rows, order))
    assert any(
        "counts in 1 authority (E09000001) have nothing to do with" in one for one in warnings
    )


def test_deprivation_of_authorities_in_place_of_areas_is_told():
    table = clean()
    mean = table.groupby("la")["income"].transform("mean")
    assert "income does not vary within any authority" in warned(table.assign(income=mean))[0]
    half = first(table, 40)
    warning = warned(altered(table, "income", half, mean[half]))[0]
    assert "income does not vary within 40 of 60 authorities" in warning


@pytest.mark.parametrize(("count", "times"), [(2_000, "100 times"), (50_000, "2,000 times")])
def test_an_absurd_count_is_told_with_its_authority_alone(count, times):
    table = clean()
    (warning,) = warned(altered(table, "referrals", table.index == 77, count))
    assert "1 area has a count far above" in warning
    assert f"more than {times}" in warning
    assert "in 1 authority, most in E09000002" in warning
    assert "E01" not in warning
    assert f"{count:,}" not in warning


def test_counts_that_are_tenfold_in_a_few_areas_are_counted():
    table = clean()
    (warning,) = warned(
        altered(table, "referrals", table.index % 100 == 50, table["referrals"] * 10)
    )
    number = int(warning.split("referrals: ")[1].split(" ")[0])
    assert 10 <= number <= 30


def test_warnings_end_nothing_and_are_kept():
    report = prepare_table(ModelSpec.from_toml(SPEC), without_zeros(clean(mean=2.0))).report
    assert "\nwarning: referrals: no row has a count of 0" in str(report)
    assert str(report).endswith("look at what it names before you rely on a fit")
    assert DataReport.from_dict(report.to_dict()) == report


OUTCOMES = '[[outcomes]]\ncolumn = "plans"\n'


@pytest.mark.parametrize("text", ["", OUTCOMES, '[gradient]\ncentre = "national"\n'])
def test_deprivation_of_authorities_does_not_move_when_counts_are_missing(text):
    table = clean().assign(plans=1)
    spec = ModelSpec.from_toml(SPEC + text)
    whole = build_design(spec, prepare_table(spec, table)).authorities.deprivation
    gaps = table.assign(referrals=table["referrals"].where(table["income"] < 0.15))
    found = build_design(spec, prepare_table(spec, gaps)).authorities
    present = np.isin(sorted(table["la"].unique()), found.codes)
    np.testing.assert_array_equal(found.deprivation, whole[present])
    weighted = (table["income"] * table["children"]).groupby(table["la"]).sum()
    expected = weighted / table["children"].groupby(table["la"]).sum()
    np.testing.assert_allclose(found.deprivation, expected.to_numpy()[present], rtol=1e-12)
