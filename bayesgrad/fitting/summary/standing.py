"""Where authorities stand in the nation of a prior pack, in words."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bayesgrad.data.listing import counted
from bayesgrad.estimands import table
from bayesgrad.estimands.layout import group, outcome_title, ratio_of
from bayesgrad.estimands.standing import CONFLICT

SHOWN = 3
"""Authorities that are told of one by one."""


def standing_words(draws: xr.DataTree) -> list[str]:
    """Lines about the authorities of a fit with a prior pack."""
    nation = group(draws, "nation").attrs
    rows = table(draws, "standing")
    authorities = counted(int(nation["authorities"]), "authority", "authorities")
    lines = [f"prior: national pack of {authorities} ({nation['title']})"]
    if not nation["diagnostics_passed"]:
        lines.append("  THE FIT OF THE PACK FAILED ITS DIAGNOSTICS: do not rely on it")
    codes = rows["authority"].unique()
    shown = rows[rows["authority"].isin(codes[:SHOWN])]
    for row in shown.to_dict("records"):
        lines += _words(pd.Series(row), draws, outcomes=rows["outcome"].nunique())
    if len(codes) > SHOWN:
        lines.append(f"and {len(codes) - SHOWN} more: see the table standing")
    return lines


def _words(row: pd.Series, draws: xr.DataTree, *, outcomes: int) -> list[str]:
    own = row["name"] if row["name"] == row["authority"] else f"{row['name']} ({row['authority']})"
    title = f", {outcome_title(draws, row['outcome'])}" if outcomes > 1 else ""
    lines = [
        f"{own}{title}: {ratio_of(draws, row['outcome'])} {row['gradient']:.2f} "
        f"({row['lower']:.2f} to {row['upper']:.2f}); {row['prior_share']:.0%} of it rests on "
        f"the prior, reliability {row['reliability']:.2f}",
        f"  the prior alone: {row['prior_gradient']:.2f} "
        f"({row['prior_lower']:.2f} to {row['prior_upper']:.2f}) for an authority as deprived",
        f"  steeper than {_share(row, 'share_of_nation_below')} of the nation's authorities, and "
        f"than {_share(row, 'share_of_alike_below')} of those as deprived",
    ]
    return [*lines, *_conflict(row, outcomes=outcomes)]


def _conflict(row: pd.Series, *, outcomes: int) -> list[str]:
    """Say that the authority's own counts contradict the pack, and what to do."""
    chance = row["prior_conflict"]
    if not chance < CONFLICT / outcomes:
        return []
    return [
        "  ITS OWN COUNTS CONTRADICT THE PRIOR: an authority of the pack's nation differs so much "
        f"with probability {chance:.1g}, and the gradient is drawn towards them; check its table, "
        "and compare with a fit without prior_pack"
    ]


def _share(row: pd.Series, name: str) -> str:
    return f"{row[name]:.0%} ({row[f'{name}_lower']:.0%} to {row[f'{name}_upper']:.0%})"
