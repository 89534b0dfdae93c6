"""How the intercepts and slopes of authorities go together, within and between outcomes."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.frame import typed
from bayesgrad.estimands.layout import group, outcome_names
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    checked_level,
    interval,
    mean,
    probability,
    sd,
)

PAIR = ("outcome_a", "effect_a", "outcome_b", "effect_b")

COLUMNS = (*PAIR, "mean", "sd", "lower", "upper", "prob_positive")


def effect_correlations(posterior: xr.Dataset) -> xr.DataArray:
    """Correlations of authority effects that the model estimates, per draw.

    All pairs of the effects of all outcomes; of one outcome, or where each outcome has a
    covariance of its own, the correlation of its intercept and its slope.

    Returns
    -------
    DataArray
        Dimensions chain, draw, effect_pair; coordinates outcome_a, effect_a, outcome_b, effect_b
        along effect_pair.

    Raises
    ------
    FitError
        If the model has no correlations.
    """
    if "effect_correlation" in posterior:
        return posterior["effect_correlation"]
    if "correlation" not in posterior:
        raise FitError(
            "authority effects are independent in this model: it has no correlations",
            'Fit with [authority] covariance = "full" (or low_rank, or by_outcome).',
        )
    outcomes = outcome_names(posterior)
    pair = {
        "outcome_a": outcomes,
        "effect_a": ["intercept"] * len(outcomes),
        "outcome_b": outcomes,
        "effect_b": ["slope"] * len(outcomes),
    }
    own = posterior["correlation"].rename(outcome="effect_pair").drop_vars("effect_pair")
    return own.assign_coords({name: ("effect_pair", labels) for name, labels in pair.items()})


def correlations_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Posterior of the correlation of every two effects of authorities.

    Of what their moderators leave unexplained: effects are intercepts (the level in the average
    neighbourhood of the authority under authority centring) and slopes (log gradients), in the mean
    over strata. `prob_positive` is P(correlation > 0); intervals are equal-tailed.

    Raises
    ------
    FitError
        If the model has no correlations, or `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    values = effect_correlations(group(draws, "posterior"))
    bounds = interval(values, level=level)
    table = pd.DataFrame(
        {
            **{name: values[name].values for name in PAIR},
            "mean": mean(values).values,
            "sd": sd(values).values,
            "lower": bounds.sel(bound="lower").values,
            "upper": bounds.sel(bound="upper").values,
            "prob_positive": probability(values > 0).values,
        }
    )
    return typed(table[list(COLUMNS)])
