"""Fabricated nations: counts and tables that no sampler made, for tests of what may leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.export.counts import Counts
from bayesgrad.export.source import Population, Source, _compared

HOSTILE = ("=cmd|' /C calc'!A0", 'a "quoted", name', "\u202egnirb", "Ŵyŵ Ŷnys", "+" + "ŷ" * 199)
"""Names that are formulas, have quotes, turn the direction of writing, are Welsh, or long."""


def counts_of(
    rng: np.random.Generator,
    *,
    authorities: int = 20,
    outcomes: Sequence[str] = ("referrals",),
    strata: Sequence[str] = ("",),
    typical: float = 40.0,
    names: Sequence[str] = (),
) -> Counts:
    """Counts of which some are zero, some below any threshold and most above.

    Sizes of authorities and strata differ as much as they do in England.
    """
    codes = [f"E0600{k:04d}" for k in range(authorities)]
    given = [*names, *(f"Authority {k}" for k in range(len(names), authorities))]
    shape = (len(outcomes), len(strata), authorities)
    size = rng.lognormal(0.0, 1.0, authorities) * rng.lognormal(0.0, 0.7, (len(strata), 1))
    events = rng.poisson(typical * size * rng.lognormal(0.0, 0.4, (len(outcomes), 1, 1)))
    areas = np.broadcast_to(rng.integers(6, 300, authorities), shape)
    grid = pd.MultiIndex.from_product(
        [outcomes, strata, codes], names=["outcome", "stratum", "authority"]
    ).to_frame(index=False)
    return Counts(
        pd.DataFrame(
            {
                "authority": grid["authority"],
                "name": grid["authority"].map(dict(zip(codes, given, strict=True))),
                "outcome": grid["outcome"],
                "stratum": grid["stratum"],
                "events": events.ravel().astype(float),
                "areas": areas.ravel().astype(float),
                "suppressed": np.zeros(grid.shape[0]),
            }
        )
    )


def source_of(counts: Counts, *, seed: int = 1, years: bool = False) -> Source:
    """Tables around counts, as a fit would give them: exact counts, six digits, all authorities."""
    rng = np.random.default_rng([seed, 2])
    cells, totals = counts.cells, counts.totals
    outcomes = list(dict.fromkeys(cells["outcome"]))
    tables = {
        "gradients": _gradients(rng, cells),
        "national": _estimates(rng, totals[["outcome"]].drop_duplicates(), ("gradient",)),
        "levels": _levels(rng, cells),
        "inequality": _inequality(rng, totals),
        "scores": _scores(rng, totals),
        "predictive": _predictive(rng, outcomes),
        "diagnostics": _diagnostics(),
    }
    if counts.strata != [""]:
        nation = cells.groupby(["outcome", "stratum"], sort=False)[["events", "areas"]].sum()
        tables["strata"] = _strata(rng, nation.reset_index())
    if years:
        tables["trends"] = _trends(rng, totals)
    if len(outcomes) > 1:
        tables["transitions"] = _transitions(rng, totals, outcomes)
    draws = _draws(rng, counts, outcomes)

    def compare(codes: Mapping[Population, Sequence[str]]) -> dict[str, pd.DataFrame]:
        return _compared(draws, ["ranks", "pairs"], codes, level=0.95, sure=0.95)

    return Source(
        tables=tables,
        counts=counts,
        populations=[(outcome, "") for outcome in outcomes],
        compare=compare,
        coefficients=dict.fromkeys(outcomes, 2),
        about={
            "title": "Fabricated",
            "vintage": "IoD2019",
            "outcomes": [{"column": outcome, "label": outcome} for outcome in outcomes],
            "authorities": [
                {"code": code, "name": name}
                for code, name in cells[["authority", "name"]].drop_duplicates().to_numpy().tolist()
            ],
        },
    )


def _estimates(
    rng: np.random.Generator, frame: pd.DataFrame, points: Sequence[str], size: float = 1.5
) -> pd.DataFrame:
    values = {}
    for point in points:
        prefix = "" if point in ("gradient", "rate_per_10000") else f"{point}_"
        middle = size * rng.lognormal(0.0, 0.1, len(frame))
        values |= {point: middle, f"{prefix}lower": middle * 0.9, f"{prefix}upper": middle * 1.1}
    return frame.reset_index(drop=True).assign(**values)


def _gradients(rng: np.random.Generator, cells: pd.DataFrame) -> pd.DataFrame:
    frame = _estimates(rng, cells[["authority", "name", "outcome", "stratum"]], ("gradient",))
    return frame.assign(
        prob_above_national=rng.uniform(0, 1, len(frame)),
        reliability=rng.uniform(0, 1, len(frame)),
        events=cells["events"].to_numpy(),
        areas=cells["areas"].to_numpy(),
    )


def _levels(rng: np.random.Generator, cells: pd.DataFrame) -> pd.DataFrame:
    """Rates that are the exact events over children that everyone knows."""
    frame = cells[["authority", "name", "outcome", "stratum"]].reset_index(drop=True)
    rate = cells["events"].to_numpy() / 2.0
    return frame.assign(deprivation=0.1, rate_per_10000=rate, lower=rate * 0.8, upper=rate * 1.2)


def _strata(rng: np.random.Generator, nation: pd.DataFrame) -> pd.DataFrame:
    frame = _estimates(rng, nation[["outcome", "stratum"]], ("gradient",))
    rate = nation["events"].to_numpy() / 30.0
    return frame.assign(
        rate_per_10000=rate,
        rate_lower=rate * 0.9,
        rate_upper=rate * 1.1,
        events=nation["events"].to_numpy(),
        areas=nation["areas"].to_numpy(),
    )


def _inequality(rng: np.random.Generator, totals: pd.DataFrame) -> pd.DataFrame:
    own = totals[["outcome", "authority", "events"]]
    nation = own.groupby("outcome", sort=False)["events"].sum().reset_index().assign(authority="")
    both = pd.concat([nation, own], ignore_index=True)[["outcome", "authority", "events"]]
    frame = _estimates(rng, both, ("rii",), 4.0)
    share = rng.uniform(0.2, 0.7, len(frame))
    sii = both["events"].to_numpy() * 0.7
    shares = {"paf": share, "paf_lower": share * 0.9, "paf_upper": share * 1.1}
    return frame.assign(
        sii_per_10000=sii,
        sii_per_10000_lower=sii * 0.9,
        sii_per_10000_upper=sii * 1.1,
        **shares,
        **{
            f"excess_events{name.removeprefix('paf')}": values * both["events"].to_numpy()
            for name, values in shares.items()
        },
    ).drop(columns="events")


def _scores(rng: np.random.Generator, totals: pd.DataFrame) -> pd.DataFrame:
    codes = ["", *dict.fromkeys(totals["authority"])]
    return pd.DataFrame(
        {
            "score": "leave_one_authority_out",
            "outcome": "",
            "authority": codes,
            "elpd": rng.normal(-800.0, 10.0, len(codes)),
            "terms": [len(codes) - 1, *([1] * (len(codes) - 1))],
        }
    )


def _predictive(rng: np.random.Generator, outcomes: Sequence[str]) -> pd.DataFrame:
    rows = [
        {"outcome": outcome, "check": check, "observed": 0.412345, "where": "E06000001"}
        for outcome in outcomes
        for check in ("share_of_zeros", "areas_beyond")
    ]
    frame = pd.DataFrame(rows).assign(
        expected=0.4, lower=0.3, upper=0.5, prob=rng.uniform(0, 1, len(rows)), misfit=False
    )
    return frame


def _diagnostics() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "check": ["divergences", "max_r_hat"],
            "value": [0.0, 1.0034],
            "threshold": [0.0, 1.01],
            "passed": [True, True],
            "quantity": ["", "authority_slope[authority=E06000001, outcome=referrals]"],
        }
    )


def _trends(rng: np.random.Generator, totals: pd.DataFrame) -> pd.DataFrame:
    own = totals[["outcome", "authority", "name"]]
    nation = own[["outcome"]].drop_duplicates().assign(authority="", name="")
    frame = pd.concat([nation, own], ignore_index=True)
    ratio = rng.lognormal(0.0, 0.1, len(frame))
    return frame.assign(
        annual_ratio=ratio, annual_rate_ratio=ratio, rate_lower=ratio * 0.9, rate_upper=ratio * 1.1
    )


def _transitions(
    rng: np.random.Generator, totals: pd.DataFrame, outcomes: Sequence[str]
) -> pd.DataFrame:
    own = totals.loc[totals["outcome"] == outcomes[0], ["authority", "name"]]
    frame = own.reset_index(drop=True).assign(from_outcome=outcomes[0], to_outcome=outcomes[1])
    return frame.assign(transition=rng.lognormal(0.0, 0.1, len(frame)))


def _draws(rng: np.random.Generator, counts: Counts, outcomes: Sequence[str]) -> xr.DataTree:
    codes = counts.codes
    names = counts.cells.drop_duplicates("authority").set_index("authority")["name"]
    shape = (1, 20, len(codes), len(outcomes))
    slopes = rng.normal(size=(1, 1, *shape[2:])) + 0.5 * rng.normal(size=shape)
    posterior = xr.Dataset(
        {"authority_slope": (("chain", "draw", "authority", "outcome"), 0.1 * slopes)},
        coords={"authority": codes, "outcome": list(outcomes)},
    )
    known = xr.Dataset(
        {"name": ("authority", names.reindex(codes).to_list())},
        coords={"authority": codes, "stratum": [""]},
    )
    checks = xr.Dataset({"passed": ("check", [True])}, coords={"check": ["divergences"]})
    groups = {"posterior": posterior, "authorities": known, "diagnostics": checks}
    return xr.DataTree.from_dict(groups)
