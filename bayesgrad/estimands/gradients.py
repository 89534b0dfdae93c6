"""The social gradient of each authority, and how much its own data say about it."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group, sample_dims, slope_contributions
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    exponential,
    mean,
    probability,
    sd,
    with_interval,
)

COLUMNS = (
    "authority",
    "name",
    "outcome",
    "stratum",
    "gradient",
    "lower",
    "upper",
    "log_mean",
    "log_sd",
    "prob_above_national",
    "reliability",
    "events",
    "areas",
)


def gradient(log_gradient: xr.DataArray) -> xr.DataArray:
    """Rate ratio per unit of deprivation: exp(b), draw by draw."""
    return exponential(log_gradient)


def slope_residual(posterior: xr.Dataset, authorities: xr.Dataset) -> xr.DataArray:
    """Part of an authority's log gradient that its moderators do not explain.

    u1_j = b_j - (slope + interaction . W_j + authority_moderator_gradient . M_j), per draw.
    """
    expected = posterior["slope"]
    for contribution in slope_contributions(posterior, authorities).values():
        expected = expected + contribution
    return posterior["authority_slope"] - expected


def reliability(residual: xr.DataArray, sd_slope: xr.DataArray) -> xr.DataArray:
    """Share of the spread between authorities that an authority's own data resolve.

    reliability_j = 1 - Var(u1_j | data) / E(sd_slope^2 | data), not below 0. Near 1 the estimate
    rests on the authority's own areas; near 0 it is the national pattern.

    Parameters
    ----------
    residual : DataArray
        u1_j, dimensions chain, draw, authority, ...
    sd_slope : DataArray
        Standard deviation of the slopes between authorities, dimensions chain, draw, ...

    References
    ----------
    Goldstein and Spiegelhalter (1996), Journal of the Royal Statistical Society A 159, 385-443.
    """
    within = residual.var(sample_dims(residual), ddof=1)
    return (1 - within / mean(sd_slope**2)).clip(min=0)


def gradients_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Gradient of each authority, by outcome and stratum.

    `gradient` is the posterior median of exp(b_j), a rate ratio per unit of deprivation (with a
    common curve: at the mean authority deprivation, where the curve is flat), with an equal-tailed
    interval; `log_mean` and `log_sd` describe b_j. `prob_above_national` is P(b_j > slope), where
    slope is that of an authority of mean deprivation. Rows are in order of outcome, stratum and
    authority code.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    slopes = posterior["authority_slope"]
    quantities = {
        "name": authorities["name"],
        **with_interval(gradient(slopes), point="gradient", level=level),
        "log_mean": mean(slopes),
        "log_sd": sd(slopes),
        "prob_above_national": probability(slopes > posterior["slope"]),
        "reliability": reliability(slope_residual(posterior, authorities), posterior["sd_slope"]),
        "events": authorities["events"],
        "areas": authorities["areas"],
    }
    return to_frame(quantities, by=("outcome", "stratum", "authority"), columns=COLUMNS)
