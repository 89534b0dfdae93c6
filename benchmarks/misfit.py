"""How often checks of fit say that a right model is wrong, and how often they find a planted fault.

    python benchmarks/misfit.py [--clean 200] [--faulty 20] [--workers 2] [--seed 1]

Clean tables are drawn from the model that is fitted, of five forms in turn: plain (20 to 60
authorities of 20 to 60 areas), rare counts, two strata, three years as ordered strata, suppressed
counts, each with parameters of its own. Faulty ones are plain tables of 60 authorities and 3,000
areas with one fault. All are fitted by the nested Laplace approximation. Reported are, for each
check, the tables in which it says that the model is wrong, and those in which any check does.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
from common import machine

FORMS = ("plain", "rare", "strata", "years", "suppressed")
SPEC = """\
title = "Checks of fit"
[columns]
area = "area"
authority = "authority"
exposure = "children"
deprivation = "income_score"
vintage = "Synthetic"
[[outcomes]]
column = "events"
[sampling]
engine = "laplace"
draws = 400
"""
OF_FORM = {
    "strata": '[strata]\ncolumn = "group"\n',
    "years": '[strata]\ncolumn = "year"\nordered = true\n',
    "suppressed": '[likelihood]\nsuppressed = { symbol = "c", lower = 1, upper = 5 }\n',
}
ROWS = {"strata": ("group", ["f", "m"]), "years": ("year", [2017, 2018, 2019])}
MEANS = {"rare": 0.3, "suppressed": 6.0}


def clean_table(form: str, seed: int) -> pd.DataFrame:
    """Draw a table of a form from its own model, of a size and parameters that the seed decides."""
    rng = np.random.default_rng([1, seed])
    authorities = int(rng.integers(20, 61))
    table, effects = _areas(rng, authorities, areas=authorities * int(rng.integers(20, 61)))
    mean = MEANS.get(form, float(np.exp(rng.uniform(np.log(1.0), np.log(25.0)))))
    alpha = float(np.exp(rng.uniform(np.log(2.0), np.log(30.0))))
    if form not in ROWS:
        counts = _counts(rng, table, effects, mean=mean, alpha=alpha)
        hidden = (form == "suppressed") & (counts >= 1) & (counts <= 5)
        return table.assign(events=np.where(hidden, "c", counts.astype(str)))
    column, values = ROWS[form]
    parts = []
    for value in values:
        level, slope = rng.normal(0.0, 0.2), rng.normal(0.0, 0.08)
        own = (effects[0] + level, effects[1] + slope)
        counts = _counts(rng, table, own, mean=mean, alpha=alpha)
        parts.append(table.assign(**{column: value, "events": counts}))
    return pd.concat(parts, ignore_index=True)


def _areas(
    rng: np.random.Generator, authorities: int, *, areas: int
) -> tuple[pd.DataFrame, tuple[Any, Any]]:
    """Areas of a smaller England, and the levels and log gradients of its authorities."""
    from bayesgrad.simulate import EnglandSettings, draw_geography

    settings = EnglandSettings(authorities=authorities, areas=areas, size_spread=0.4)
    geography = draw_geography(settings, seed=int(rng.integers(2**31)))
    w = np.log(geography.deprivation / geography.deprivation.mean())
    normal = rng.normal(size=(2, authorities))
    level = 0.5 * w + 0.3 * normal[0]
    slope = 0.48 - 0.28 * w + 0.08 * (-0.3 * normal[0] + np.sqrt(0.91) * normal[1])
    at = geography.authority
    table = pd.DataFrame(
        {
            "area": [f"E{k:05d}" for k in range(len(at))],
            "authority": [f"A{j:03d}" for j in at],
            "children": geography.children,
            "income_score": geography.income_score,
            "x": (geography.income_score - geography.deprivation[at]) / 0.1,
            "at": at,
        }
    )
    return table, (level, slope)


def _counts(
    rng: np.random.Generator,
    table: pd.DataFrame,
    effects: tuple[Any, Any],
    *,
    mean: float,
    alpha: Any,
    more: Any = 0.0,
) -> Any:
    """Negative binomial counts, `more` being added to their log rates."""
    at = table["at"].to_numpy()
    log_rate = effects[0][at] + effects[1][at] * table["x"].to_numpy() + more
    rate = mean / table["children"].mean() * table["children"].to_numpy() * np.exp(log_rate)
    return rng.poisson(rate * rng.gamma(alpha, 1.0 / alpha, len(table)))


def _bent(rng: np.random.Generator, table: pd.DataFrame, effects: Any) -> pd.DataFrame:
    flat = (effects[0], effects[1] + 0.28 * np.log(_deprivation(table) / 0.137))
    curve = -2.0 * (table["income_score"].to_numpy() / 0.1 - 1.37) ** 2 / 20
    return table.assign(events=_counts(rng, table, flat, mean=15.0, alpha=8.0, more=curve))


def _deprivation(table: pd.DataFrame) -> Any:
    return table.groupby("at")["income_score"].mean().to_numpy()


def _lasting(rng: np.random.Generator, table: pd.DataFrame, effects: Any) -> pd.DataFrame:
    own = rng.normal(0.0, 0.25, len(table))
    parts = [
        table.assign(
            year=year, events=_counts(rng, table, effects, mean=15.0, alpha=12.0, more=own)
        )
        for year in (2017, 2018, 2019)
    ]
    return pd.concat(parts, ignore_index=True)


def _two_groups(rng: np.random.Generator, table: pd.DataFrame, effects: Any) -> pd.DataFrame:
    side = np.where(rng.permutation(len(effects[0])) % 2 == 0, 0.7, -0.7)
    apart = (effects[0] + side, effects[1])
    return table.assign(events=_counts(rng, table, apart, mean=15.0, alpha=8.0))


def _outlying_authority(
    rng: np.random.Generator, table: pd.DataFrame, effects: Any
) -> pd.DataFrame:
    level = effects[0].copy()
    level[rng.integers(len(level))] += 2.3
    return table.assign(events=_counts(rng, table, (level, effects[1]), mean=15.0, alpha=8.0))


def _scrambled(rng: np.random.Generator, table: pd.DataFrame, effects: Any) -> pd.DataFrame:
    counts = _counts(rng, table, effects, mean=15.0, alpha=8.0)
    own = _typical_authority(rng, table)
    counts[own] = rng.permutation(counts[own])
    return table.assign(events=counts)


def _typical_authority(rng: np.random.Generator, table: pd.DataFrame) -> Any:
    """Rows of an authority of 40 areas or more."""
    sizes = table["at"].value_counts()
    return np.flatnonzero(table["at"] == rng.choice(np.sort(sizes[sizes >= 40].index)))


def _no_events(rng: np.random.Generator, table: pd.DataFrame, effects: Any) -> pd.DataFrame:
    counts = _counts(rng, table, effects, mean=15.0, alpha=8.0)
    return table.assign(events=counts * (rng.random(len(table)) > 0.05))


def _dispersion(rng: np.random.Generator, table: pd.DataFrame, effects: Any) -> pd.DataFrame:
    alpha = np.where(table["income_score"] > table["income_score"].median(), 4.0, 20.0)
    return table.assign(events=_counts(rng, table, effects, mean=15.0, alpha=alpha))


def _tenfold(rng: np.random.Generator, table: pd.DataFrame, effects: Any) -> pd.DataFrame:
    counts = _counts(rng, table, effects, mean=15.0, alpha=8.0)
    wrong = rng.permutation(len(effects[0])) < len(effects[0]) // 3
    children = table["children"] * np.where(wrong[table["at"]], 10, 1)
    return table.assign(events=counts, children=children)


def _carried(rng: np.random.Generator, table: pd.DataFrame, effects: Any) -> pd.DataFrame:
    counts = _counts(rng, table, effects, mean=15.0, alpha=8.0)
    own = _typical_authority(rng, table)
    counts[own[np.argmax(table["income_score"].to_numpy()[own])]] *= 20
    return table.assign(events=counts)


def _reversed(rng: np.random.Generator, table: pd.DataFrame, effects: Any) -> pd.DataFrame:
    slope = effects[1].copy()
    slope[rng.choice(len(slope), 3, replace=False)] *= -1
    return table.assign(events=_counts(rng, table, (effects[0], slope), mean=15.0, alpha=8.0))


FAULTS: dict[str, Callable[..., pd.DataFrame]] = {
    "a bent curve": _bent,
    "lasting differences of areas": _lasting,
    "two groups of authorities": _two_groups,
    "an outlying authority": _outlying_authority,
    "one scrambled authority": _scrambled,
    "one area in 20 reports nothing": _no_events,
    "dispersion depends on deprivation": _dispersion,
    "exposure tenfold in a third": _tenfold,
    "an area that carries a gradient": _carried,
    "deprivation reversed in three": _reversed,
}
MEANT = {
    "a bent curve": ("deprivation_twentieths_outside",),
    "lasting differences of areas": ("rows_of_one_area",),
    "two groups of authorities": ("authority_levels",),
    "an outlying authority": ("authority_levels",),
    "one scrambled authority": ("authority_gradients", "dispersion_by_authority"),
    "one area in 20 reports nothing": ("share_of_zeros",),
    "dispersion depends on deprivation": ("dispersion_by_deprivation",),
    "exposure tenfold in a third": ("authority_levels",),
    "an area that carries a gradient": ("areas_beyond",),
    "deprivation reversed in three": ("authority_gradients",),
}
"""Checks that are there for the fault."""


def faulty_table(fault: str, seed: int) -> pd.DataFrame:
    """Draw a table of 60 authorities and 3,000 areas with a fault."""
    rng = np.random.default_rng([2, seed])
    table, effects = _areas(rng, 60, areas=3000)
    return FAULTS[fault](rng, table, effects)


def checked(kind: str, seed: int) -> pd.DataFrame:
    """Fit a table of a form or with a fault, and return its table of checks."""
    from threadpoolctl import threadpool_limits

    import bayesgrad as bg

    form = kind if kind in FORMS else ("years" if kind == "lasting differences of areas" else "")
    table = clean_table(kind, seed) if kind in FORMS else faulty_table(kind, seed)
    spec = bg.ModelSpec.from_toml(SPEC + OF_FORM.get(form, ""))
    spec = spec.model_copy(update={"sampling": replace_seed(spec, seed)})
    with threadpool_limits(limits=1):
        fit = bg.fit(spec, table.drop(columns=["x", "at"]), progress=False)
    return fit.predictive().assign(kind=kind, seed=seed, passed=fit.passed)


def replace_seed(spec: Any, seed: int) -> Any:
    """Sampling settings with another seed."""
    return spec.sampling.model_copy(update={"seed": seed})


def shares(found: pd.DataFrame) -> pd.DataFrame:
    """Of each kind of table, how many there are, and in how many each check, or any, alarms."""
    rows = []
    for kind, own in found.groupby("kind", sort=False):
        tables = own["seed"].nunique()
        alarms = own[own["misfit"]]
        by_check = Counter(alarms["check"])
        meant = alarms[alarms["check"].isin(MEANT.get(str(kind), ()))]
        told = ", ".join(f"`{check}` {n}" for check, n in by_check.most_common())
        rows.append(
            {
                "tables": kind,
                "number": tables,
                "any check": alarms["seed"].nunique(),
                "meant check": meant["seed"].nunique() if kind in MEANT else "",
                "by check": told,
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Fit all tables, and print the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--clean", type=int, default=200)
    parser.add_argument("--faulty", type=int, default=20)
    parser.add_argument("--faults", nargs="*", default=list(FAULTS), choices=list(FAULTS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="Write all checks of all tables to this CSV file.")
    asked = parser.parse_args()
    kinds = [(FORMS[k % len(FORMS)], asked.seed + k) for k in range(asked.clean)]
    kinds += [(fault, asked.seed + k) for k in range(asked.faulty) for fault in asked.faults]
    with ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool:
        parts = []
        for part in pool.map(checked, *zip(*kinds, strict=True)):
            parts.append(part)
            if asked.keep:
                part.to_csv(asked.keep, mode="a", header=len(parts) == 1, index=False)
    found = pd.concat(parts, ignore_index=True)
    print(machine())
    print(shares(found).to_string(index=False))


if __name__ == "__main__":
    main()
