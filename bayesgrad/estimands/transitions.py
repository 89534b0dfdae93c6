"""How much steeper each authority's gradient is at one threshold than at the one before."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import typed
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    checked_level,
    exponential,
    probability,
    with_interval,
)
from bayesgrad.estimands.thresholds import checked_thresholds, whole_slope

COLUMNS = (
    "authority",
    "name",
    "from_outcome",
    "to_outcome",
    "transition",
    "lower",
    "upper",
    "prob_rises",
)


def transitions_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Transition gradients of each authority between successive outcomes.

    `transition` is the posterior median of exp(b_j(s + 1) - b_j(s)), the ratio of the authority's
    own gradients in the mean over strata, with an equal-tailed interval; `prob_rises` is the
    probability that it exceeds 1. The slope of an outcome out of another is taken along the whole
    chain (`bayesgrad.estimands.thresholds.whole_slope`), so that outcomes fitted side by side and
    one out of another give the same quantities. Rows are in order of thresholds, then of codes.

    Raises
    ------
    FitError
        If the fit has one outcome, the gradients of outcomes are not ratios of one kind, or
        `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    posterior = group(draws, "posterior")
    outcomes = checked_thresholds(posterior)
    authorities = group(draws, "authorities").sortby("authority")
    slopes = posterior["authority_slope"].sortby("authority")
    tables = []
    for before, after in pairwise(outcomes):
        wholes = whole_slope(slopes, group(draws, "reference"), of=(before, after))
        steps = wholes.isel(outcome=1) - wholes.isel(outcome=0)
        summary = xr.Dataset(with_interval(exponential(steps), point="transition", level=level))
        table = summary.assign(prob_rises=probability(steps > 0)).to_dataframe()
        tables.append(
            table.assign(
                authority=authorities["authority"].values,
                name=authorities["name"].values,
                from_outcome=before,
                to_outcome=after,
            )
        )
    return typed(pd.concat(tables, ignore_index=True)[list(COLUMNS)])
