"""What a summary says of strata, neighbourhoods and neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesgrad.fitting.summary.intervals import interval
from bayesgrad.fitting.summary.years import years_in_words

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit

BEYOND = 0.95
"""Probability from which a contrast of strata is surely beyond the region of equivalence."""


def strata(fit: GradientFit) -> list[str]:
    """The largest contrast of each outcome, and how many are beyond the region; or the years."""
    if fit.spec.years is not None:
        return years_in_words(fit)
    if "stratum_slope" not in fit.draws["posterior"]:
        return []
    contrasts = fit.contrasts()
    lines = []
    for outcome in fit.spec.outcomes:
        rows = contrasts[contrasts["outcome"] == outcome.column]
        row = rows.loc[np.log(rows["ratio"]).abs().idxmax()]
        beyond = int((rows["prob_beyond"] >= BEYOND).sum())
        of_outcome = f" ({outcome.title})" if len(fit.spec.outcomes) > 1 else ""
        region = f"{row['region_lower']:.2f} to {row['region_upper']:.2f}"
        lines.append(
            f"strata{of_outcome}: largest contrast {_steeper_over_other(row)}; "
            f"{beyond} of {len(rows)} pairs surely beyond {region}"
        )
    return lines


def _steeper_over_other(row: pd.Series) -> str:
    """Words for a contrast, the steeper stratum first."""
    names, ratios = (row["stratum_a"], row["stratum_b"]), (row["ratio"], row["lower"], row["upper"])
    if ratios[0] < 1:
        names, ratios = names[::-1], (1 / ratios[0], 1 / ratios[2], 1 / ratios[1])
    ratio, lower, upper = ratios
    return f"{names[0]} over {names[1]} {ratio:.2f} ({lower:.2f} to {upper:.2f})"


def neighbourhoods(fit: GradientFit) -> list[str]:
    """How much the neighbourhoods of an authority differ."""
    column = fit.spec.columns.neighbourhood
    if column is None:
        return []
    several = len(fit.spec.outcomes) > 1
    lines = []
    for _, row in fit.heterogeneity().iterrows():
        of_outcome = f" in {row['outcome']}" if several else ""
        ratio = interval(row, "neighbourhood_rate_ratio")
        lines.append(
            f"neighbourhoods ({column}) of an authority{of_outcome}: median rate ratio "
            f"{row['neighbourhood_rate_ratio']:.2f} ({ratio}), "
            f"{row['neighbourhood_vpc']:.0%} of the variance of counts"
        )
    return lines


def neighbours(fit: GradientFit) -> list[str]:
    """How much of the spread of authorities their neighbours share, by outcome."""
    if fit.spec.spatial is None:
        return []
    rows = fit.parameters().set_index("parameter")
    lines = []
    for outcome in fit.spec.outcomes:
        several = len(fit.spec.outcomes) > 1
        suffix, of_outcome = (
            (f"[{outcome.column}]", f" of {outcome.title}") if several else ("", "")
        )
        shares = [
            f"of {what} {row['mean']:.2f} ({interval(row)})"
            for kind, what in (("slope", "gradients"), ("intercept", "levels"))
            for row in [rows.loc[[f"phi_{kind}{suffix}"]].iloc[0]]
        ]
        lines.append(
            f"share of the variance that neighbours share{of_outcome}: {', '.join(shares)}"
        )
    return lines
