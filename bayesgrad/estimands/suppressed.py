"""Suppressed counts: how many there are, what they could be at least and most, and what a fit says.

Events in other tables are those published.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.layout import group, outcome_names
from bayesgrad.estimands.strata_effects import strata_names
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level, tails

COLUMNS = (
    "authority",
    "name",
    "outcome",
    "stratum",
    "cells",
    "least",
    "most",
    "implied",
    "lower",
    "upper",
)

GROUP = "suppressed"


def has_suppressed(draws: xr.DataTree) -> bool:
    """Whether the fit has suppressed counts."""
    return GROUP in draws.children


def suppressed_beside(authorities: xr.Dataset) -> dict[str, xr.DataArray]:
    """Number of suppressed counts by cell, where there are any: a column to stand beside events."""
    hidden = authorities.get(GROUP)
    return {} if hidden is None or not hidden.any() else {GROUP: hidden}


def suppressed_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Suppressed counts of every authority, outcome and stratum that has any.

    `cells` is their number; `least` and `most` what they would add up to if all were at their lower
    or upper bound; `implied` the posterior median of their sum, with an equal-tailed interval. In
    each joint draw every one is drawn given its mean there and that it is within its bounds, so the
    interval holds what chance does to the sum as well as what the fit does not know. A national row
    for each outcome, with an empty authority and stratum, comes first.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1, or the fit has no suppressed counts.
    """
    hidden, authorities = group(draws, GROUP), group(draws, "authorities")
    names = authorities["name"].to_series()
    places = hidden[["authority", "outcome", "stratum"]].to_dataframe()
    place = {outcome: i for i, outcome in enumerate(outcome_names(group(draws, "posterior")))}
    strata = {stratum: k for k, stratum in enumerate(strata_names(authorities))}
    order = sorted(
        range(len(places)),
        key=lambda c: (
            place[places["outcome"].iloc[c]],
            strata[places["stratum"].iloc[c]],
            places["authority"].iloc[c],
        ),
    )
    rows = []
    for outcome in place:
        own = np.flatnonzero((places["outcome"] == outcome).to_numpy())
        if len(own):
            national = {"authority": "", "name": "", "outcome": outcome, "stratum": ""}
            rows.append({**national, **_summary(hidden, own, level=level)})
    for c in order:
        code = str(places["authority"].iloc[c])
        here = {"authority": code, "name": names[code], **places.iloc[c][["outcome", "stratum"]]}
        rows.append({**here, **_summary(hidden, np.array([c]), level=level)})
    return from_rows(rows, columns=COLUMNS)


def _summary(hidden: xr.Dataset, cells: Any, *, level: float) -> dict[str, Any]:
    checked_level(level)
    number = int(hidden["rows"].values[cells].sum())
    total = hidden["total"].transpose("sample", "cell").values[:, cells].sum(axis=1)
    low, high = tails(level)
    implied, lower, upper = np.quantile(total, [0.5, low, high])
    return {
        "cells": number,
        "least": number * int(hidden.attrs["lower"]),
        "most": number * int(hidden.attrs["upper"]),
        "implied": implied,
        "lower": lower,
        "upper": upper,
    }
