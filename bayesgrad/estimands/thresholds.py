"""Whether the gradient rises from each threshold of intervention to the next."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    checked_level,
    exponential,
    probability,
    with_interval,
)

COLUMNS = ("from_outcome", "to_outcome", "transition", "lower", "upper", "prob_rises")

EVERY_THRESHOLD = "prob_rises_at_every_threshold"


def transitions(slope: xr.DataArray) -> xr.DataArray:
    """Log ratio of the gradient of each outcome but the first to that before it, per draw.

    slope(s + 1) - slope(s), labelled by the later outcome.

    Parameters
    ----------
    slope : DataArray
        Dimensions chain, draw, outcome, the outcomes in the order of the thresholds.
    """
    return slope.diff("outcome", label="upper")


def thresholds_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Transition gradients between successive outcomes, and P(rises at every threshold).

    `transition` is the posterior median of exp(slope(s + 1) - slope(s)), the ratio of the
    gradients at mean authority deprivation, with an equal-tailed interval; `prob_rises` is the
    probability that it exceeds 1. The last row, named prob_rises_at_every_threshold, holds the
    probability that all do, in the same draw.

    Raises
    ------
    FitError
        If the fit has one outcome, or `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    slope = group(draws, "posterior")["slope"]
    outcomes = [str(outcome) for outcome in slope["outcome"].values.tolist()]
    if len(outcomes) < 2:
        raise FitError(
            f"this fit has one outcome ({outcomes[0]}): there are no thresholds to compare",
            "Name several outcomes in one spec, in the order of the thresholds, and fit them.",
        )
    steps = transitions(slope)
    summary = xr.Dataset(with_interval(exponential(steps), point="transition", level=level))
    rises = steps > 0
    summary["prob_rises"] = probability(rises)
    rows = [
        {
            "from_outcome": before,
            "to_outcome": after,
            **{str(name): float(summary[name].values[i]) for name in summary.data_vars},
        }
        for i, (before, after) in enumerate(pairwise(outcomes))
    ]
    every = float(probability(rises.all("outcome")))
    last = {"from_outcome": EVERY_THRESHOLD, "to_outcome": "", "prob_rises": every}
    return from_rows([*rows, last], columns=COLUMNS)
