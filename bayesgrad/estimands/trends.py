r"""Linear trends of log gradients and log rates over the years of a panel, draw by draw.

The trend of a course :math:`v_t` is its least-squares slope on the years,
:math:`\sum_t (t - \bar t) v_t / \sum_t (t - \bar t)^2`, all years weighing alike. What does not
change with the year does not enter it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.areas.effects import Effect
from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    checked_level,
    exponential,
    probability,
    with_interval,
)
from bayesgrad.estimands.years import years_of

COLUMNS = (
    "outcome",
    "authority",
    "name",
    "annual_ratio",
    "lower",
    "upper",
    "prob_rising",
    "annual_rate_ratio",
    "rate_lower",
    "rate_upper",
)
NATION = ""
"""Code of the nation's row."""


def trend_weights(years: Sequence[int]) -> xr.DataArray:
    """Weights of years in a least-squares slope: dimension stratum."""
    from_mean = np.array(years, dtype=np.float64) - np.mean(years)
    return xr.DataArray(from_mean / (from_mean @ from_mean), dims="stratum")


def national_trend(posterior: xr.Dataset, effect: Effect, *, years: Sequence[int]) -> xr.DataArray:
    """Change a year of the nation's log gradient or level: chain, draw, outcome."""
    course = posterior[f"stratum_{effect}"].drop_vars("stratum", errors="ignore")
    trend: xr.DataArray = xr.dot(course, trend_weights(years), dim="stratum")
    return trend


def authority_trend(posterior: xr.Dataset, effect: Effect, *, years: Sequence[int]) -> xr.DataArray:
    """The same of every authority, the nation's included: chain, draw, authority, outcome."""
    own = posterior[f"authority_stratum_{effect}"].drop_vars("stratum", errors="ignore")
    departure = xr.dot(own, trend_weights(years), dim="stratum")
    trend: xr.DataArray = national_trend(posterior, effect, years=years) + departure
    return trend


def trends_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Change a year of the gradient and of the rate: of the nation, then of each authority.

    `annual_ratio` is the posterior median of exp(trend) of the log gradient, by which the gradient
    is multiplied each year, with an equal-tailed interval; `prob_rising` the probability that it is
    above 1. `annual_rate_ratio` is the same of the level: of the rate (or of the odds, where the
    link is logit) in the average neighbourhood. The nation's row has an empty authority.

    Raises
    ------
    FitError
        If the fit has no years, or `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    years = years_of(draws)
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    trends = {
        effect: with_nation(
            national_trend(posterior, effect, years=years),
            authority_trend(posterior, effect, years=years),
        )
        for effect in ("intercept", "slope")
    }
    ratios = {effect: exponential(values) for effect, values in trends.items()}
    names = authorities["name"].drop_vars("authority")
    nation = xr.DataArray([NATION], dims="authority")
    quantities = {
        "name": xr.concat([nation, names], dim="authority").assign_coords(
            authority=ratios["slope"]["authority"]
        ),
        **with_interval(ratios["slope"], point="annual_ratio", level=level),
        "prob_rising": probability(trends["slope"] > 0),
        **with_interval(
            ratios["intercept"], point="annual_rate_ratio", prefix="rate_", level=level
        ),
    }
    return to_frame(quantities, by=("outcome", "authority"), columns=COLUMNS)


def with_nation(national: xr.DataArray, of_authorities: xr.DataArray) -> xr.DataArray:
    """Put the nation before the authorities, under an empty code."""
    first = national.expand_dims(authority=[NATION])
    return xr.concat([first, of_authorities], dim="authority")
