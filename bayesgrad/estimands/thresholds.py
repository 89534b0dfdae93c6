"""Whether the gradient rises from each threshold of intervention to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.layout import group, links, outcome_names
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    checked_level,
    exponential,
    probability,
    with_interval,
)

COLUMNS = ("from_outcome", "to_outcome", "transition", "lower", "upper", "prob_rises")

EVERY_THRESHOLD = "prob_rises_at_every_threshold"


def whole_slope(
    slope: xr.DataArray, reference: xr.Dataset, *, of: Sequence[str] | None = None
) -> xr.DataArray:
    """Log gradient of each outcome on its own, whatever it was fitted out of.

    The gradient of an outcome out of another's events is that of a transition between the two: on
    log links the outcome's own is the product along its chain, so its log the sum of slopes.
    Fits of thresholds side by side and one out of another so give the same quantities.

    Parameters
    ----------
    slope : DataArray
        The nation's or the authorities', with the dimension outcome.
    of : sequence of str, optional
        The outcomes to give; all if left out.

    Raises
    ------
    FitError
        If a link along a chain is logit, or links differ between outcomes: their gradients
        are not ratios of the same kind.
    """
    outcomes = [str(outcome) for outcome in slope["outcome"].values.tolist()]
    link = dict(zip(outcomes, links(reference, outcomes), strict=True))
    before = earlier_stages(reference, outcomes)
    _refuse_odds(link, before)
    wholes: list[xr.DataArray] = []
    for outcome in of or outcomes:
        own = slope.sel(outcome=outcome)
        stage = before[outcome]
        while stage:
            own = own + slope.sel(outcome=stage, drop=True)
            stage = before[stage]
        wholes.append(own)
    return xr.concat(wholes, dim="outcome")


def earlier_stages(reference: xr.Dataset, outcomes: Sequence[str]) -> dict[str, str]:
    """Outcome whose events are the cases of each; empty where there is none."""
    if "out_of" not in reference:
        return dict.fromkeys(outcomes, "")
    before = reference["out_of"].sel(outcome=list(outcomes)).values.tolist()
    return {outcome: str(stage) for outcome, stage in zip(outcomes, before, strict=True)}


def _refuse_odds(link: Mapping[str, str], before: Mapping[str, str]) -> None:
    staged = [outcome for outcome in link if before[outcome] and link[outcome] == "logit"]
    if staged:
        raise FitError(
            f"the gradient of {', '.join(staged)} out of an earlier outcome is an odds ratio, and "
            "odds ratios do not multiply along stages",
            'Fit it with link = "log" in its [[outcomes]] entry, so that gradients multiply.',
        )
    if len(set(link.values())) > 1:
        odds = [outcome for outcome in link if link[outcome] == "logit"]
        raise FitError(
            f"gradients of {', '.join(odds)} are odds ratios and those of other outcomes are not: "
            "they cannot be compared from threshold to threshold",
            'Give all outcomes of the spec the same link, such as "log".',
        )


def transitions(slope: xr.DataArray) -> xr.DataArray:
    """Log ratio of the gradient of each outcome but the first to that before it, per draw.

    slope(s + 1) - slope(s), labelled by the later outcome.

    Parameters
    ----------
    slope : DataArray
        Dimensions chain, draw, outcome, the outcomes in the order of the thresholds.
    """
    return slope.diff("outcome", label="upper")


def checked_thresholds(posterior: xr.Dataset) -> list[str]:
    """Names of the outcomes, of which there are several. Raises FitError."""
    outcomes = outcome_names(posterior)
    if len(outcomes) < 2:
        raise FitError(
            f"this fit has one outcome ({outcomes[0]}): there are no thresholds to compare",
            "Name several outcomes in one spec, in the order of the thresholds, and fit them.",
        )
    return outcomes


def thresholds_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Transition gradients between successive outcomes, and P(rises at every threshold).

    `transition` is the posterior median of exp(slope(s + 1) - slope(s)), the ratio of the
    gradients at mean authority deprivation in the mean over strata, with an equal-tailed interval;
    `prob_rises` is the probability that it exceeds 1. The slope of an outcome out of another is
    taken along the whole chain, see `whole_slope`. The last row, named
    prob_rises_at_every_threshold, holds the probability that all do, in the same draw.

    Raises
    ------
    FitError
        If the fit has one outcome, the gradients of outcomes are not ratios of one kind, or
        `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    posterior = group(draws, "posterior")
    outcomes = checked_thresholds(posterior)
    steps = transitions(whole_slope(posterior["slope"], group(draws, "reference")))
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
