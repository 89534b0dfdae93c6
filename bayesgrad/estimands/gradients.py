"""The social gradient of each authority, and how much its own data say about it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.areas.effects import whole_effect
from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group, sample_dims, slope_contributions
from bayesgrad.estimands.strata_effects import national_effect, over_cells
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    exponential,
    mean,
    monte_carlo_error,
    probability,
    sd,
    with_interval,
)
from bayesgrad.estimands.suppressed import suppressed_beside

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
    "prob_above_average",
    "reliability_error",
    "gradient_per_sd",
    "gradient_per_sd_lower",
    "gradient_per_sd_upper",
)


def gradient(log_gradient: xr.DataArray) -> xr.DataArray:
    """Ratio per unit of deprivation: exp(b), draw by draw."""
    return exponential(log_gradient)


def slope_residual(
    posterior: xr.Dataset, authorities: xr.Dataset, *, outcome: int, stratum: int
) -> xr.DataArray:
    """Part of an authority's log gradient that neither its moderators nor the stratum explain.

    u1_j = B_j - (slope + interaction . W_j + authority_moderator_gradient . M_j), per draw, plus
    the authority's own deviation in the stratum where the model has one.

    Returns
    -------
    DataArray
        Dimensions chain, draw, authority.
    """
    one = posterior.isel(outcome=outcome)
    residual = one["authority_slope"] - one["slope"]
    for contribution in slope_contributions(one, authorities).values():
        residual = residual - contribution
    if "authority_stratum_slope" in one:
        residual = residual + one["authority_stratum_slope"].isel(stratum=stratum, drop=True)
    return residual.reset_coords("outcome", drop=True)


def residual_variance(
    posterior: xr.Dataset, reference: xr.Dataset, *, outcome: int, stratum: int
) -> xr.DataArray:
    """Variance between authorities of what `slope_residual` gives, per draw: (chain, draw).

    Deviations of an authority's K strata sum to zero: exchangeable ones have 1 - 1/K of their
    variance, which a fit of an earlier version does not say; those of years, a random walk's.
    """
    variance = posterior["sd_slope"] ** 2
    if "sd_authority_stratum_slope" in posterior:
        share = 1.0 - 1.0 / posterior.sizes["stratum"]
        if "authority_stratum_variance" in reference:
            share = float(reference["authority_stratum_variance"][stratum])
        variance = variance + share * posterior["sd_authority_stratum_slope"] ** 2
    return variance.isel(outcome=outcome, drop=True)


def reliability(residual: xr.DataArray, variance: xr.DataArray) -> xr.DataArray:
    """Share of a spread that the data of each of those that differ resolve.

    reliability_j = 1 - Var(u_j | data) / E(variance_j | data), not below 0. Near 1 the estimate
    rests on the authority's own areas; near 0 it is the national pattern. The same of a stratum.

    Parameters
    ----------
    residual : DataArray
        u_j, dimensions chain, draw, authority, ...
    variance : DataArray
        Variance that the model gives u_j, dimensions chain, draw, ...

    References
    ----------
    Goldstein and Spiegelhalter (1996), Journal of the Royal Statistical Society A 159, 385-443.
    """
    within = residual.var(sample_dims(residual), ddof=1)
    return (1 - within / mean(variance)).clip(min=0)


def reliability_error(
    residual: xr.DataArray, variance: xr.DataArray, draws: xr.DataTree
) -> xr.DataArray:
    """Monte Carlo standard error of `reliability`, by authority.

    That of Var(u_j | data), over its share of the variance; the error of the variance that it is
    divided by is common to all authorities and much smaller.
    """
    dims = sample_dims(residual)
    squared = (residual - residual.mean(dims)) ** 2
    return monte_carlo_error(squared, draws) / mean(variance)


def gradients_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Gradient of each authority, by outcome and stratum.

    `gradient` is the posterior median of exp(b_j), a ratio per unit of deprivation: of rates, of
    odds where the link is logit, of hazards where exposure is time at risk. With a common curve it
    holds at the mean authority deprivation, where the curve is flat. Its interval is equal-tailed;
    `log_mean` and `log_sd` describe b_j. `prob_above_national` is P(b_j > slope), where slope is
    that of an authority whose deprivation is the unweighted mean over authorities, in the same
    stratum; `prob_above_average` is P(b_j > the unweighted mean of b over authorities), missing of
    a single authority. `gradient_per_sd` is exp(b_j sd_j / unit), with sd_j the
    exposure-weighted standard deviation of deprivation within the authority. `reliability_error`
    is the Monte Carlo standard error of `reliability`. `events` are those published; where any
    counts are suppressed, their number stands beside as `suppressed`. Rows are in order of outcome,
    stratum and authority code.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    reference = group(draws, "reference")
    national = national_effect(posterior, authorities, "slope")
    spread = authorities["deprivation_sd"] / float(reference["unit"])
    several = authorities.sizes["authority"] > 1

    def of_cell(outcome: int, stratum: int) -> xr.Dataset:
        slopes = whole_effect(posterior, "slope", outcome=outcome, stratum=stratum)
        middle = national.isel(outcome=outcome, stratum=stratum, drop=True)
        place = {"outcome": outcome, "stratum": stratum}
        residual = slope_residual(posterior, authorities, **place)
        variance = residual_variance(posterior, reference, **place)
        above = probability(slopes > slopes.mean("authority"))
        return xr.Dataset(
            {
                **with_interval(gradient(slopes), point="gradient", level=level),
                "log_mean": mean(slopes),
                "log_sd": sd(slopes),
                "prob_above_national": probability(slopes > middle),
                "reliability": reliability(residual, variance),
                "prob_above_average": above if several else xr.full_like(above, np.nan),
                "reliability_error": reliability_error(residual, variance, draws),
                **with_interval(
                    gradient(slopes * spread),
                    point="gradient_per_sd",
                    prefix="gradient_per_sd_",
                    level=level,
                ),
            }
        )

    summaries = over_cells(posterior, authorities, of_cell)
    hidden = suppressed_beside(authorities)
    quantities = {
        **{str(name): summaries[name] for name in summaries.data_vars},
        **{name: authorities[name] for name in ("name", "events", "areas")},
        **hidden,
    }
    after = COLUMNS.index("areas") + 1
    columns = (*COLUMNS[:after], *hidden, *COLUMNS[after:])
    return to_frame(quantities, by=("outcome", "stratum", "authority"), columns=columns)
