"""Checks of columns before sampling: how often they warn of right tables, and find planted faults.

    python benchmarks/plausibility_columns.py                  # some ten minutes
    python benchmarks/plausibility_columns.py --tables 40 --national 2 --planted 5

Right tables are drawn in several shapes, with covariates of many kinds; each warning of one of them
is a false alarm, and so is a refusal. Each fault is then planted in tables of 60 authorities and
3,000 areas, and has to be told by a warning or a refusal that names the column.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.random import Generator

from bayesgrad.data import prepare_table
from bayesgrad.data.checked import check_values
from bayesgrad.data.dropping import without_outcomes
from bayesgrad.data.plausibility import CHECKS
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.data.selection import select
from bayesgrad.errors import DataError
from bayesgrad.spec import ModelSpec

COLUMNS = """
title = "Synthetic"
[columns]
area = "area"
authority = "authority"
exposure = "children"
deprivation = "income"
vintage = "IoD2019"
[[outcomes]]
column = "events"
"""
COVARIATES = """
[area]
covariates = ["density", "rural", "minority", "change"]
moderators = ["standardised"]
[authority]
deprivation = "la_income"
moderators = ["spending", "turnover"]
"""
SUPPRESSED = '[likelihood]\nsuppressed = { symbol = "c", lower = 1, upper = 5 }\n'


@dataclass(frozen=True)
class Shape:
    """Size of a table, what it counts, and what its spec has beside `COLUMNS`."""

    authorities: int
    areas: int
    mean: float
    alpha: float = 3.0
    text: str = COVARIATES
    groups: tuple[str, ...] = ("",)
    suppressed: bool = False
    decimals: int = 3


SHAPES = {
    "small": Shape(20, 25, 20.0),
    "realistic": Shape(60, 50, 20.0, alpha=5.0),
    "rare": Shape(30, 50, 0.1),
    "plans": Shape(30, 50, 2.0),
    "very overdispersed": Shape(30, 50, 5.0, alpha=0.3),
    "strata": Shape(
        20, 25, 10.0, text='[strata]\ncolumn = "group"\n', groups=tuple(map(str, range(6)))
    ),
    "years": Shape(
        20, 25, 6.0, text='[years]\ncolumn = "group"\n', groups=("2019", "2020", "2021", "2022")
    ),
    "suppressed": Shape(30, 50, 8.0, text=SUPPRESSED, suppressed=True),
    "large areas": Shape(30, 15, 120.0, alpha=10.0, decimals=2),
    "national": Shape(150, 219, 20.0),
}


def draw(shape: Shape, rng: Generator) -> pd.DataFrame:
    """One right table: counts are negative binomial at rates that rise with deprivation."""
    number = shape.authorities * shape.areas
    authority = np.repeat(np.arange(shape.authorities), shape.areas)
    own = rng.uniform(0.06, 0.25, shape.authorities)
    spread = np.exp(rng.normal(0, 0.55, number) - 0.15)
    income = (own[authority] * spread).clip(0.005, 0.75).round(shape.decimals)
    size = np.exp(rng.normal(5.8, 0.35, number))
    table = pd.DataFrame(
        {
            "area": [f"E01{at:06d}" for at in range(number)],
            "authority": [f"E09{at:06d}" for at in authority],
            "income": income,
            "density": np.exp(rng.normal(3, 1.2, number)).round(1),
            "rural": (rng.random(number) < 0.2).astype(int),
            "minority": (np.maximum(rng.normal(0.05, 0.1, number), 0) ** 1.3).round(4),
            "change": rng.integers(-30, 60, number),
            "standardised": rng.normal(size=number),
            "la_income": own.round(4)[authority],
            "spending": rng.normal(900, 150, shape.authorities).round()[authority],
            "turnover": rng.beta(3, 15, shape.authorities).round(3)[authority],
        }
    )
    level = rng.normal(0, 0.3, shape.authorities)[authority]
    slope = rng.normal(0.48, 0.08, shape.authorities)[authority]
    log_rate = level + slope * (income - 0.15) / 0.1
    scale = shape.mean / np.mean(size * np.exp(log_rate))
    parts = []
    for group in shape.groups:
        children = np.maximum(np.round(size / len(shape.groups) * rng.uniform(0.8, 1.2, number)), 1)
        rate = scale * len(shape.groups) * np.exp(log_rate)
        frailty = rng.gamma(shape.alpha, 1 / shape.alpha, number)
        events = np.minimum(rng.poisson(rate * children * frailty), children * 2)
        parts.append(
            table.assign(group=group, children=children.astype(int), events=events.astype(int))
        )
    whole = pd.concat(parts, ignore_index=True)
    if shape.suppressed:
        hidden = whole["events"].between(1, 5)
        whole["events"] = whole["events"].astype(object).mask(hidden, "c")
    return whole


Fault = tuple[str, Callable[[pd.DataFrame, Generator], pd.DataFrame], str, str]
"""Name, how it is planted, the column that has to be named, and the shape of the table."""


def _filled(column: str, value: float, share: float = 0.05) -> Fault:
    def plant(table: pd.DataFrame, rng: Generator) -> pd.DataFrame:
        gone = rng.random(len(table)) < share
        return table.assign(**{column: table[column].mask(gone, value)})

    return (f"{column} = {value:g} in {share:.0%} of rows", plant, column, "realistic")


def _changed(
    name: str,
    column: str,
    change: Callable[[pd.DataFrame], pd.Series],
    shape: str = "realistic",
) -> Fault:
    return (name, lambda table, _: table.assign(**{column: change(table)}), column, shape)


def _three_groups(table: pd.DataFrame, _: Generator) -> pd.DataFrame:
    other = (table["change"] > 10).astype(int) * (1 - table["rural"])
    return table.assign(change=other, minority=1 - table["rural"] - other)


FAULTS: tuple[Fault, ...] = (
    _changed("counts rounded to 5", "events", lambda t: (t["events"] / 5).round().astype(int) * 5),
    _changed(
        "counts rounded to 10", "events", lambda t: (t["events"] / 10).round().astype(int) * 10
    ),
    _changed(
        "counts of 10 or more rounded to 5",
        "events",
        lambda t: t["events"].mask(t["events"] >= 10, (t["events"] / 5).round().astype(int) * 5),
    ),
    *(
        _changed(
            f"counts of 1 to 5 as {value}, {shape}",
            "events",
            lambda t, value=value: t["events"].mask(t["events"].between(1, 5), value),
            shape,
        )
        for value in (0, 3)
        for shape in ("realistic", "plans")
    ),
    _changed(
        "counts of 1 to 4 as 0", "events", lambda t: t["events"].mask(t["events"] < 5, 0), "plans"
    ),
    _changed(
        "exposure rounded to 100", "children", lambda t: (t["children"] / 100).round() * 100 + 100
    ),
    _changed(
        "exposure rounded to 50", "children", lambda t: (t["children"] / 50).round() * 50 + 50
    ),
    _changed("exposure in thousands", "children", lambda t: t["children"] / 1000),
    _changed("exposure in thousands, rare", "children", lambda t: t["children"] / 1000, "rare"),
    _changed("exposure in hundreds, plans", "children", lambda t: t["children"] / 100, "plans"),
    _changed("a rate as exposure", "children", lambda t: 1000 * t["events"] / t["children"]),
    _changed(
        "a rate as exposure, plans",
        "children",
        lambda t: 1000 * t["events"] / t["children"],
        "plans",
    ),
    _changed("the counts as exposure", "children", lambda t: t["events"]),
    _changed(
        "the authority's total as exposure",
        "children",
        lambda t: t.groupby("authority")["children"].transform("sum"),
    ),
    _changed("1 - deprivation", "income", lambda t: 1 - t["income"]),
    _changed("percentiles of deprivation", "income", lambda t: t["income"].rank(pct=True)),
    _changed(
        "deciles of deprivation / 10",
        "income",
        lambda t: np.ceil(t["income"].rank(pct=True, method="first") * 10) / 10,
    ),
    _changed("deprivation / 100", "income", lambda t: t["income"] / 100),
    _changed("deprivation / 10", "income", lambda t: t["income"] / 10),
    _changed("authority deprivation / 100", "la_income", lambda t: t["la_income"] / 100),
    _changed("1 - authority deprivation", "la_income", lambda t: 1 - t["la_income"]),
    *(_filled("income", value) for value in (0, 1)),
    *(_filled("children", value) for value in (1, 99999)),
    *(_filled("density", value) for value in (-9999, -1, 999999)),
    *(_filled("rural", value) for value in (9, -9)),
    *(_filled("standardised", value) for value in (0, -99)),
    *(_filled("events", value, 0.01) for value in (99999,)),
    _filled("events", 0),
    *(
        (
            f"spending = {value} in 4 authorities",
            lambda t, _, value=value: t.assign(
                spending=t["spending"].mask(t["authority"].isin(t["authority"].unique()[:4]), value)
            ),
            "spending",
            "realistic",
        )
        for value in (-9999, 0)
    ),
    _changed("a covariate that is deprivation", "density", lambda t: 100 * t["income"]),
    _changed(
        "a covariate that is nearly deprivation",
        "density",
        lambda t: t["income"] + 0.0004 * t["change"],
    ),
    _changed("two groups that are all", "change", lambda t: 1 - t["rural"]),
    ("three groups that are all", _three_groups, "minority", "realistic"),
    _changed("a multiple of a moderator", "turnover", lambda t: 3 * t["spending"] + 1),
    _changed(
        "a moderator that is authority deprivation", "turnover", lambda t: 100 * t["la_income"]
    ),
    _changed("the outcome as a covariate", "density", lambda t: t["events"]),
    _changed("the rate as a covariate", "density", lambda t: t["events"] / t["children"]),
)


def told(spec: ModelSpec, table: pd.DataFrame) -> list[str]:
    """Warnings of a table, or why it is refused."""
    try:
        return list(prepare_table(spec, table).report.warnings)
    except DataError as error:
        return [f"refused: {error.what}"]


def false_alarms(tables: int, national: int, seed: int) -> None:
    """Draw right tables of every shape and count what is told of them."""
    print("| shape | tables | with a warning | refused | which |\n|---|---|---|---|---|")
    for at, (name, shape) in enumerate(SHAPES.items()):
        number = national if name == "national" else tables
        spec = ModelSpec.from_toml(COLUMNS + shape.text)
        found = [
            told(spec, draw(shape, np.random.default_rng([seed, at, k]))) for k in range(number)
        ]
        refused = sum(any(words.startswith("refused") for words in one) for one in found)
        which = Counter(words[:60] for one in found for words in one)
        warned = sum(bool(one) for one in found) - refused
        shown = "; ".join(f"{words} ({times})" for words, times in which.most_common(4))
        print(f"| {name} | {number:,} | {warned} | {refused} | {shown} |", flush=True)


def power(planted: int, seed: int) -> None:
    """Plant every fault in several tables and count those in which it is told."""
    print("\n| fault | told |\n|---|---|")
    for at, (name, plant, column, shape) in enumerate(FAULTS):
        spec = ModelSpec.from_toml(COLUMNS + COVARIATES)
        hits = 0
        for k in range(planted):
            rng = np.random.default_rng([seed, 1000 + at, k])
            size = replace(SHAPES[shape], authorities=60, areas=50)
            words = told(spec, plant(draw(size, rng), rng))
            hits += any(column in one for one in words)
        print(f"| {name} | {hits} of {planted} |", flush=True)


def cost(seed: int) -> None:
    """Time of the checks on a national table, beside all of reading it into an analysis table."""
    shape = SHAPES["national"]
    spec = ModelSpec.from_toml(COLUMNS + shape.text)
    table = draw(shape, np.random.default_rng(seed))
    start = time.perf_counter()
    prepare_table(spec, table)
    whole = time.perf_counter() - start
    given = check_values(spec, select(spec, table, source="table"))
    evidence = Evidence(spec, given, without_outcomes(spec, given)[0])
    start = time.perf_counter()
    for check in CHECKS:
        check(evidence)
    own = time.perf_counter() - start
    print(f"\nchecks of {len(table):,} areas: {own:.2f} s of {whole:.2f} s that preparing takes")


def main() -> None:
    """Print all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=400, help="right tables of each shape")
    parser.add_argument("--national", type=int, default=20, help="of these, of the whole nation")
    parser.add_argument("--planted", type=int, default=20, help="tables for each fault")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    false_alarms(options.tables, options.national, options.seed)
    power(options.planted, options.seed)
    cost(options.seed)


if __name__ == "__main__":
    main()
