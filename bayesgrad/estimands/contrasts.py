"""Strata two at a time: whose gradient is steeper, and whether by more than hardly anything."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.frame import typed
from bayesgrad.estimands.layout import group, outcome_names, sample_dims
from bayesgrad.estimands.pairs import compared
from bayesgrad.estimands.strata_effects import refuse_without_strata, strata_names
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level, tails

COLUMNS = (
    "outcome",
    "stratum_a",
    "stratum_b",
    "ratio",
    "lower",
    "upper",
    "prob_a_steeper",
    "region_lower",
    "region_upper",
    "prob_beyond",
)


def contrasts_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Compare the gradients of every two strata, by outcome.

    `ratio` is the posterior median of exp(g_a - g_b), the ratio of the national gradients of the
    two, with an equal-tailed interval; `prob_a_steeper` is P(g_a > g_b), a tie counting one half.
    Between `region_lower` and `region_upper` (1 / equivalence and equivalence, of the spec) the two
    are practically the same: `prob_beyond` is the probability that the ratio lies outside. Strata
    are in their order, a before b; nothing is adjusted for the number of pairs looked at.

    Raises
    ------
    FitError
        If the fit has no strata, all strata share one gradient, or `level` is not strictly between
        0 and 1.
    """
    checked_level(level)
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    refuse_without_strata(authorities)
    _refuse_common(posterior)
    equivalence = float(group(draws, "reference").attrs["equivalence"])
    strata = np.asarray(strata_names(authorities), dtype=object)
    first, second = np.triu_indices(len(strata), k=1)
    deviations = posterior["stratum_slope"]
    ordered = deviations.transpose("outcome", "stratum", *sample_dims(deviations)).values
    tables = []
    for outcome, values in zip(outcome_names(posterior), ordered, strict=True):
        slopes = values.reshape(len(strata), -1)
        prob, ratio, lower, upper = compared(slopes, first, second, (0.5, *tails(level)))
        tables.append(
            pd.DataFrame(
                {
                    "outcome": outcome,
                    "stratum_a": strata[first],
                    "stratum_b": strata[second],
                    "ratio": ratio,
                    "lower": lower,
                    "upper": upper,
                    "prob_a_steeper": prob,
                    "region_lower": 1 / equivalence,
                    "region_upper": equivalence,
                    "prob_beyond": [
                        (np.abs(slopes[a] - slopes[b]) > np.log(equivalence)).mean()
                        for a, b in zip(first, second, strict=True)
                    ],
                }
            )
        )
    return typed(pd.concat(tables, ignore_index=True)[list(COLUMNS)])


def _refuse_common(posterior: xr.Dataset) -> None:
    if "stratum_slope" not in posterior:
        raise FitError(
            "all strata of this fit share one gradient: there is nothing to contrast",
            'Fit with [strata] gradients = "pooled", which gives each stratum its own.',
        )
