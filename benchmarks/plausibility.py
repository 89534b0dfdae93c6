"""False alarms of the checks of plausibility on clean tables, and their power on planted faults.

python benchmarks/plausibility.py                          # all parts; some ten minutes
python benchmarks/plausibility.py --part clean --tables 400
python benchmarks/plausibility.py --part faults --tables 20
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from common import machine

from bayesgrad.data import prepare_table
from bayesgrad.data.checked import check_values
from bayesgrad.data.dropping import without_outcomes, without_small
from bayesgrad.data.plausibility import CHECKS
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.data.selection import select
from bayesgrad.simulate import EnglandSettings, simulate_england
from bayesgrad.spec import ModelSpec

SPEC = """\
title = "Plausibility"
[columns]
area = "area"
authority = "authority"
exposure = "children"
deprivation = "income_score"
vintage = "IoD2019"
[[outcomes]]
column = "referrals"
[rows]
small_authorities = "keep"
"""
STRATA = '[strata]\ncolumn = "age"\n'
YEARS = '[years]\ncolumn = "year"\n'
SUPPRESSED = '[likelihood]\nsuppressed = { symbol = "c", lower = 1, upper = 5 }\n'


@dataclass(frozen=True)
class Shape:
    """A kind of clean table: England's referrals but for what is named."""

    settings: EnglandSettings
    spec: str = SPEC
    strata: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    suppressed: bool = False
    share: float = 1.0
    """Of the tables that are drawn."""


REALISTIC = EnglandSettings(authorities=60, areas=3_000)
SMALL = EnglandSettings(authorities=20, areas=500, size_spread=0.0)
WILD = {"sd_intercept": 0.5, "alpha": 1.0}
SHAPES = {
    "small": Shape(SMALL),
    "small, wild": Shape(replace(SMALL, **WILD)),
    "small, 0.1 event an area": Shape(replace(SMALL, rate=0.1 / 364, **WILD)),
    "realistic": Shape(REALISTIC),
    "realistic, wild": Shape(replace(REALISTIC, **WILD)),
    "realistic, 2 events an area": Shape(replace(REALISTIC, rate=2 / 364)),
    "realistic, 0.1 event an area": Shape(replace(REALISTIC, rate=0.1 / 364, **WILD)),
    "realistic, Poisson": Shape(replace(REALISTIC, family="poisson")),
    "realistic, linear moderation": Shape(replace(REALISTIC, moderation="linear", sd_slope=0.15)),
    "strata": Shape(
        replace(REALISTIC, sd_intercept=0.5),
        SPEC + STRATA,
        strata=("0 to 4", "5 to 9", "10 to 15", "16 and 17"),
    ),
    "years": Shape(replace(REALISTIC, sd_intercept=0.5), SPEC + YEARS, years=(2018, 2019, 2020)),
    "suppressed": Shape(
        replace(REALISTIC, rate=4 / 364, sd_intercept=0.5), SPEC + SUPPRESSED, suppressed=True
    ),
    "national": Shape(EnglandSettings(), share=0.1),
    "national, wild": Shape(EnglandSettings(**WILD), share=0.1),
}


def clean_table(shape: Shape, seed: int) -> pd.DataFrame:
    """A table without a fault, of a shape."""
    rng = np.random.default_rng([seed, 7])
    areas = simulate_england(shape.settings, seed=seed).areas
    table = areas[["area", "authority", "children", "income_score", "referrals"]]
    labels = shape.strata or shape.years
    if labels:
        table = _split(table, labels, rng, column="age" if shape.strata else "year")
    if shape.suppressed:
        count = table["referrals"]
        table = table.assign(referrals=count.astype("str").mask(count.between(1, 5), "c"))
    return table


def _split(
    table: pd.DataFrame, labels: tuple[object, ...], rng: np.random.Generator, *, column: str
) -> pd.DataFrame:
    """Rows of strata or years: counts dealt out at random, children too where they are ages."""
    part = np.full(len(labels), 1 / len(labels))
    counts = rng.multinomial(table["referrals"], part)
    children = (
        rng.multinomial(table["children"], part)
        if column == "age"
        else np.repeat(table["children"].to_numpy()[:, None], len(labels), axis=1)
    )
    return pd.concat(
        [
            table.assign(**{column: label, "referrals": counts[:, at], "children": children[:, at]})
            for at, label in enumerate(labels)
        ],
        ignore_index=True,
    ).query("children > 0 or referrals == 0")


@dataclass(frozen=True)
class Fault:
    """A fault to plant in a clean table of a realistic size, and words that must name it."""

    plant: Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]
    words: str
    shape: str = "realistic"
    spec: str = field(default=SPEC)


def _authorities(
    table: pd.DataFrame, rng: np.random.Generator, number: int, *, areas: int = 30
) -> list[str]:
    sizes = table["authority"].value_counts()
    return list(rng.choice(np.sort(sizes.index[sizes >= areas]), number, replace=False))


def _set(table: pd.DataFrame, column: str, rows: pd.Series, values: object) -> pd.DataFrame:
    changed = table.copy()
    changed.loc[rows, column] = values
    return changed


def zeros_left_out(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return table[table["referrals"] > 0]


def zeros_missing(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A blank in place of every count of 0."""
    return table.assign(referrals=table["referrals"].astype(float).replace(0.0, np.nan))


def zeros_left_out_of_some(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Ten authorities give no rows without events."""
    some = table["authority"].isin(_authorities(table, rng, 10))
    return table[(table["referrals"] > 0) | ~some]


def hidden_without_zeros(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return table[table["referrals"] != "0"]


def total_stratum(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    keys = ["area", "authority", "income_score"]
    total = table.groupby(keys, as_index=False)[["children", "referrals"]].sum()
    return pd.concat([table, total.assign(age="0 to 17")], ignore_index=True)


def subtotal_stratum(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The sum of two of four strata beside them."""
    young = table[table["age"].isin(["0 to 4", "5 to 9"])]
    return pd.concat([table, total_stratum(young, rng).query("age == '0 to 17'")])


def total_area(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Of three authorities, a row that is the sum of their areas."""
    own = table[table["authority"].isin(_authorities(table, rng, 3))]
    total = own.groupby("authority", as_index=False).agg(
        children=("children", "sum"),
        referrals=("referrals", "sum"),
        income_score=("income_score", "mean"),
    )
    return pd.concat([table, total.assign(area="total of " + total["authority"])])


def national_area(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    sums = table[["children", "referrals"]].sum()
    row = {"area": "England", "authority": table["authority"].iloc[0], "income_score": 0.137}
    return pd.concat([table, pd.DataFrame([{**row, **sums}])])


def two_levels(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """LSOAs, and MSOAs of five of them each."""
    codes = {area: f"E01{at + 1:06d}" for at, area in enumerate(table["area"])}
    table = table.assign(area=table["area"].map(codes))
    at = table.groupby("authority").cumcount() // 5
    larger = table.groupby([table["authority"], at], as_index=False).agg(
        authority=("authority", "first"),
        children=("children", "sum"),
        referrals=("referrals", "sum"),
        income_score=("income_score", "mean"),
    )
    return pd.concat([table, larger.assign(area=[f"E02{n + 1:06d}" for n in range(len(larger))])])


def all_twice(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return pd.concat([table, table.assign(area="new " + table["area"])])


def one_authority_twice(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    own = table[table["authority"] == _authorities(table, rng, 1)[0]]
    return pd.concat([table, own.assign(area="new " + own["area"], authority="S-A999")])


def tenfold_exposure(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """In a third of the authorities."""
    some = table["authority"].isin(_authorities(table, rng, 20, areas=2))
    return _set(table, "children", some, table["children"][some] * 10)


def thousandth_exposure(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """In a quarter of the authorities, exposures in thousands."""
    some = table["authority"].isin(_authorities(table, rng, 15, areas=2))
    table = table.astype({"children": float})
    return _set(table, "children", some, table["children"][some] / 1000)


def reversed_deprivation(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """In three authorities, the most deprived area has the value of the least."""
    for code in _authorities(table, rng, 3):
        own = table["authority"] == code
        values = table["income_score"][own]
        table = _set(table, "income_score", own, values.max() + values.min() - values)
    return table


def one_minus_deprivation(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    own = table["authority"].isin(_authorities(table, rng, 3))
    return _set(table, "income_score", own, 1 - table["income_score"][own])


def scrambled_counts(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One authority's counts beside other areas' codes; it has 80 areas or more."""
    own = table["authority"] == _authorities(table, rng, 1, areas=80)[0]
    return _set(table, "referrals", own, rng.permutation(table["referrals"][own]))


def scrambled_in_a_small_one(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The same in an authority of 30 areas or more."""
    own = table["authority"] == _authorities(table, rng, 1)[0]
    return _set(table, "referrals", own, rng.permutation(table["referrals"][own]))


def no_variation(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    mean = table.groupby("authority")["income_score"].transform("mean")
    return table.assign(income_score=mean)


def one_count(number: int) -> Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]:
    def planted(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        return _set(table, "referrals", pd.Series([rng.choice(table.index)]), number)

    return planted


def one_per_cent_tenfold(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    some = pd.Series(rng.choice(table.index, len(table) // 100, replace=False))
    return _set(table, "referrals", some, table["referrals"][some].to_numpy() * 10)


FAULTS = {
    "areas without events left out (2 events an area)": Fault(
        zeros_left_out, "no row has a count of 0", "realistic, 2 events an area"
    ),
    "the same (0.1 event an area)": Fault(
        zeros_left_out, "no row has a count of 0", "realistic, 0.1 event an area"
    ),
    "zeros written as missing": Fault(
        zeros_missing, "counts are missing", "realistic, 2 events an area"
    ),
    "zeros left out of ten authorities": Fault(
        zeros_left_out_of_some, "no row has a count of 0", "realistic, 2 events an area"
    ),
    "zeros left out, 1 to 5 suppressed": Fault(
        hidden_without_zeros, "no row has a count of 0", "suppressed", SPEC + SUPPRESSED
    ),
    "a stratum that is the total": Fault(total_stratum, "is the sum of", "strata", SPEC + STRATA),
    "a stratum that is a sum of two others": Fault(
        subtotal_stratum, "is the sum of", "strata", SPEC + STRATA
    ),
    "totals of three authorities among areas": Fault(total_area, "of their authority"),
    "a total of the nation among areas": Fault(national_area, "of all authorities"),
    "MSOAs among LSOAs": Fault(two_levels, "several geographic levels"),
    "all areas twice under new codes": Fault(all_twice, "in the table twice"),
    "one authority twice under new codes": Fault(one_authority_twice, "in the table twice"),
    "exposure tenfold in a third of the authorities": Fault(tenfold_exposure, "crude rates"),
    "exposure in thousands in a quarter of them": Fault(thousandth_exposure, "crude rates"),
    "deprivation reversed in three authorities": Fault(
        reversed_deprivation, "falls with deprivation"
    ),
    "1 - d in three authorities": Fault(one_minus_deprivation, "the other way round"),
    "counts scrambled in an authority of 80 areas or more": Fault(
        scrambled_counts, "beside other areas' codes"
    ),
    "counts scrambled in an authority of 30 areas or more": Fault(
        scrambled_in_a_small_one, "beside other areas' codes"
    ),
    "no variation of deprivation within any authority": Fault(no_variation, "does not vary"),
    "one count of 50,000": Fault(one_count(50_000), "far above"),
    "one count of 2,000": Fault(one_count(2_000), "far above"),
    "counts of 1% of the areas tenfold": Fault(one_per_cent_tenfold, "far above"),
}


def evidence_of(spec: ModelSpec, table: pd.DataFrame) -> Evidence:
    """What `prepare_table` shows to the checks."""
    given = check_values(spec, select(spec, table, source="table"))
    kept = without_small(spec, without_outcomes(spec, given)[0])[0]
    return Evidence(spec, given, kept)


def report_clean(tables: int, shapes: list[str]) -> None:
    """False alarms by shape and by check."""
    print("| clean tables | drawn | with any warning | by check |")
    print("|---|---|---|---|")
    whole: Counter[str] = Counter()
    drawn = 0
    for name in shapes:
        shape = SHAPES[name]
        spec, number = ModelSpec.from_toml(shape.spec), max(int(tables * shape.share), 1)
        found: Counter[str] = Counter()
        for seed in range(number):
            evidence = evidence_of(spec, clean_table(shape, seed))
            warned = [check.__name__ for check in CHECKS if check(evidence)]
            found.update([*warned, *(["any"] if warned else [])])
        whole, drawn = whole + found, drawn + number
        print(f"| {name} | {number:,} | {found.pop('any', 0)} | {_by_check(found)} |", flush=True)
    print(f"| all | {drawn:,} | {whole.pop('any', 0)} | {_by_check(whole)} |")


def _by_check(found: Counter[str]) -> str:
    return ", ".join(f"`{name}` {number}" for name, number in sorted(found.items())) or "none"


def report_faults(tables: int) -> None:
    """In how many tables each fault is named."""
    print("| planted fault | named in | beside it, other warnings in |")
    print("|---|---|---|")
    for name, fault in FAULTS.items():
        spec, named, others = ModelSpec.from_toml(fault.spec), 0, 0
        for seed in range(tables):
            table = clean_table(SHAPES[fault.shape], 10_000 + seed)
            faulty = fault.plant(table, np.random.default_rng([seed, 3]))
            warnings = prepare_table(spec, faulty.reset_index(drop=True)).report.warnings
            own = [fault.words in warning for warning in warnings]
            named, others = named + any(own), others + (not all(own))
        print(f"| {name} | {named} of {tables} | {others} |", flush=True)


def report_time() -> None:
    """Seconds of the processor on England's areas."""
    spec = ModelSpec.from_toml(SPEC)
    table = clean_table(SHAPES["national"], 1)
    started = time.process_time()
    prepare_table(spec, table)
    prepared = time.process_time() - started
    evidence = evidence_of(spec, table)
    started = time.process_time()
    for check in CHECKS:
        check(evidence)
    checked = time.process_time() - started
    print(f"{len(table):,} areas: prepared in {prepared:.2f} s, of which checks {checked:.2f} s")


def main() -> None:
    """Print the parts that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=("all", "clean", "faults", "time"), default="all")
    parser.add_argument("--tables", type=int, default=400, help="of each shape or fault")
    parser.add_argument("--shapes", help="of clean tables, separated by semicolons")
    options = parser.parse_args()
    print(machine())
    if options.part in {"all", "time"}:
        report_time()
    if options.part in {"all", "faults"}:
        report_faults(min(options.tables, 40) if options.part == "all" else options.tables)
    if options.part in {"all", "clean"}:
        chosen = options.shapes.split(";") if options.shapes else list(SHAPES)
        report_clean(options.tables, chosen)


if __name__ == "__main__":
    main()
