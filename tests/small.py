"""Small tables and specs with numbers that can be followed by hand, for tests of the design on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from bayesgrad.data.analysis_table import AnalysisTable, DataReport
from bayesgrad.design import Design, build_design
from bayesgrad.spec import ModelSpec

SPEC = """
title = "Referrals"
[columns]
area = "lsoa"
authority = "la"
exposure = "children"
deprivation = "income"
vintage = "IoD2019"
"""


def spec_of(text: str = "", *, outcomes: Sequence[str] = ("referrals",)) -> ModelSpec:
    """A spec of the outcomes, with more TOML after it."""
    entries = "".join(f'[[outcomes]]\ncolumn = "{outcome}"\n' for outcome in outcomes)
    return ModelSpec.from_toml(SPEC + entries + text)


def table_of(
    *,
    authority: Sequence[str],
    deprivation: Sequence[float],
    exposure: Sequence[float],
    count: Sequence[int],
    suppressed: Sequence[bool] | bool = False,
    outcome: Sequence[str] | str = "referrals",
    stratum: Sequence[str] | str = "",
    strata: tuple[str, ...] = ("",),
    strata_levels: tuple[tuple[str, ...], ...] = (),
    covariates: Mapping[str, Sequence[float]] | None = None,
    authority_deprivation: Sequence[float] | None = None,
    moderators: Mapping[str, Sequence[float]] | None = None,
    staged: Collection[str] = (),
) -> AnalysisTable:
    """An analysis table of rows that are given in its order.

    Exposures of the outcomes `staged` are counts, and weigh no deprivation.
    """
    size = len(authority)
    codes = sorted(set(authority))
    rows = pd.DataFrame(
        {
            "area": [f"area {k}" for k in range(size)],
            "authority": authority,
            "outcome": outcome,
            "stratum": stratum,
            "count": np.asarray(count, dtype=np.int64),
            "exposure": np.asarray(exposure, dtype=np.float64),
            "deprivation": np.asarray(deprivation, dtype=np.float64),
            "suppressed": suppressed,
        }
    )
    names = pd.DataFrame({"name": [f"Name of {code}" for code in codes]}, index=codes)
    if authority_deprivation is not None:
        names["deprivation"] = authority_deprivation
    weight = rows["exposure"].where(~rows["outcome"].isin(list(staged)), 0.0)
    sums = (weight * rows["deprivation"]).groupby(rows["authority"]).sum()
    names["mean_deprivation"] = sums / weight.groupby(rows["authority"]).sum()
    report = DataReport(size, size, areas=size, authorities=len(codes))
    return AnalysisTable(
        rows,
        pd.DataFrame(covariates or {}, index=rows.index, dtype=np.float64),
        names,
        pd.DataFrame(moderators or {}, index=codes, dtype=np.float64),
        report,
        report.without_areas(rows["area"]),
        strata,
        strata_levels if strata_levels or strata == ("",) else (strata,),
    )


def drawn_table(
    *,
    seed: int = 1,
    authorities: int = 5,
    areas: int = 6,
    outcomes: Sequence[str] = ("referrals",),
    strata: tuple[str, ...] = ("",),
    strata_levels: tuple[tuple[str, ...], ...] = (),
    covariates: Sequence[str] = (),
    moderators: Sequence[str] = (),
    largest: int = 40,
    out_of: Mapping[str, str] | None = None,
) -> AnalysisTable:
    """An analysis table of made-up numbers: every area in every outcome and stratum.

    Events of outcomes in `out_of` are out of those of the outcome that it names for each; rows
    without any are left out.
    """
    rng = np.random.default_rng(seed)
    cells = list(product([f"A{j:02d}" for j in range(authorities)], outcomes, strata))
    keys = [cell for cell in cells for _ in range(areas)]
    size = len(keys)
    authority, outcome, stratum = (list(column) for column in zip(*keys, strict=True))
    level = rng.permutation(np.linspace(0.05, 0.25, authorities))
    at = np.unique(authority, return_inverse=True)[1]
    deprivation = np.clip(level[at] + rng.uniform(-0.045, 0.2, size), 0, 1)
    exposure, count = rng.integers(50, 900, size), rng.integers(0, largest, size)
    of_areas = {name: rng.normal(3.0, 2.0, size) for name in covariates}
    of_authorities = {name: rng.normal(10.0, 4.0, authorities) for name in moderators}
    for stage, earlier in (out_of or {}).items():
        own, before = np.array(outcome) == stage, np.array(outcome) == earlier
        exposure[own], deprivation[own] = count[before], deprivation[before]
        count[own] = rng.binomial(count[before], 0.4)
    kept = exposure > 0
    return table_of(
        authority=np.array(authority)[kept],
        outcome=np.array(outcome)[kept],
        stratum=np.array(stratum)[kept],
        strata=strata,
        strata_levels=strata_levels,
        deprivation=deprivation[kept],
        exposure=exposure[kept],
        count=count[kept],
        covariates={name: values[kept] for name, values in of_areas.items()},
        moderators=of_authorities,
        staged=out_of or {},
    )


YEARS = ("2018", "2019", "2022")
AGES, SEXES = ("0 to 4", "5 to 9", "10 to 15"), ("boys", "girls")


def drawn_design(spec: ModelSpec, **settings: object) -> Design:
    """The design of a spec on a table of made-up numbers with all the columns that it names."""
    columns: dict[str, object] = {
        "outcomes": tuple(outcome.column for outcome in spec.outcomes),
        "out_of": {one.column: one.out_of for one in spec.outcomes if one.out_of},
        "covariates": (*spec.area.covariates, *spec.area.moderators),
        "moderators": spec.authority.moderators,
    }
    if spec.years is not None:
        columns["strata"], columns["strata_levels"] = YEARS, (YEARS,)
    elif spec.strata is not None:
        levels = (AGES, SEXES) if spec.strata.crossed_with else (AGES,)
        columns["strata"] = tuple(" x ".join(labels) for labels in product(*levels))
        columns["strata_levels"] = levels
    design = build_design(spec, drawn_table(**{**columns, **settings}))  # type: ignore[arg-type]
    return in_neighbourhoods(design) if spec.columns.neighbourhood else design


def in_neighbourhoods(design: Design, *, each: int = 2) -> Design:
    """The design with its rows in so many larger neighbourhoods of each authority."""
    authority = design.cell_authority[design.rows.cell]
    place = np.arange(len(authority)) * 7 // 3 % each
    count = len(design.authorities.codes) * each
    return replace(
        design,
        rows=replace(design.rows, neighbourhood=authority * each + place),
        neighbourhoods=tuple(f"M{m:02d}" for m in range(count)),
    )
