"""The nation's course over the years of a panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.gradients import gradient
from bayesgrad.estimands.layout import group, national_events
from bayesgrad.estimands.strata import stratum_rates
from bayesgrad.estimands.strata_effects import national_effect, strata_names
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level, probability, with_interval

COLUMNS = (
    "outcome",
    "year",
    "gradient",
    "lower",
    "upper",
    "prob_steeper_than_previous",
    "rate_per_10000",
    "rate_lower",
    "rate_upper",
    "events",
    "areas",
)


def has_years(draws: xr.DataTree) -> bool:
    """Whether the strata of a fit are the years of a panel."""
    return bool(group(draws, "reference").attrs.get("years", 0))


def years_of(draws: xr.DataTree) -> list[int]:
    """Years of a panel, in order.

    Raises
    ------
    FitError
        If the fit is not of a panel.
    """
    if not has_years(draws):
        raise FitError(
            "this fit has no years",
            "Name the column of the year with [years] column in the spec, and fit again.",
        )
    return [int(year) for year in strata_names(group(draws, "authorities"))]


def steeper_than_previous(slopes: xr.DataArray) -> xr.DataArray:
    """P(the gradient is steeper than in the year before, of those observed); NaN of the first.

    Parameters
    ----------
    slopes : DataArray
        Log gradients, dimensions chain, draw, ..., stratum.

    Returns
    -------
    DataArray
        Dimensions ..., stratum.
    """
    rises = probability(slopes > slopes.shift(stratum=1))
    return rises.where(xr.DataArray(np.arange(rises.sizes["stratum"]) > 0, dims="stratum"))


def years_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Gradient and rate of the nation in each year, by outcome.

    `gradient` is the posterior median of exp(slope + g_t), a ratio per unit of deprivation in an
    authority of mean deprivation, with an equal-tailed interval; `prob_steeper_than_previous` the
    probability that it is above that of the year before among those observed. `rate_per_10000` is
    the rate in the average neighbourhood of an authority of mean deprivation. `events` and `areas`
    are those of the year.

    Raises
    ------
    FitError
        If the fit has no years, or `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    years = years_of(draws)
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    slopes = national_effect(posterior, authorities, "slope")
    rates = stratum_rates(posterior, authorities, group(draws, "reference"))
    quantities = {
        **with_interval(gradient(slopes), point="gradient", level=level),
        "prob_steeper_than_previous": steeper_than_previous(slopes),
        **with_interval(rates, point="rate_per_10000", prefix="rate_", level=level),
        "events": national_events(authorities),
        "areas": authorities["areas"].sum("authority"),
    }
    by_year = {
        name: values.assign_coords(stratum=years).rename(stratum="year")
        for name, values in quantities.items()
    }
    return to_frame(by_year, by=("outcome", "year"), columns=COLUMNS)
