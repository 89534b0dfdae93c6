"""Like-for-like rates: what each authority does in equally deprived neighbourhoods."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, exponential, with_interval

COLUMNS = (
    "authority",
    "name",
    "outcome",
    "stratum",
    "deprivation",
    "rate_per_10000",
    "lower",
    "upper",
)


def like_for_like_rate(
    posterior: xr.Dataset, authorities: xr.Dataset, reference: xr.Dataset, *, level: str
) -> xr.DataArray:
    """Rate per 10,000 in a neighbourhood of deprivation d* in each authority.

    10000 exp(a_j + b_j (d* - c_j) / unit + curve(d*)), covariates and area moderators at zero.
    Unlike the authority's intercept, it compares authorities at the same deprivation.

    Parameters
    ----------
    level : str
        Which reference neighbourhood: p10, mean or p90 of the areas' deprivation.

    Returns
    -------
    DataArray
        Dimensions chain, draw, authority, outcome, stratum.
    """
    here = reference.sel(level=level, drop=True)
    x = (here["level_deprivation"] - authorities["centre"]) / reference["unit"]
    log_rate = posterior["authority_intercept"] + posterior["authority_slope"] * x
    if "curvature" in posterior:
        log_rate = log_rate + xr.dot(
            posterior["curvature"], here["level_curve"], dim="curvature_term"
        )
    return 10_000 * exponential(log_rate)


def levels_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Like-for-like rate of each authority at three reference neighbourhoods.

    `deprivation` is the neighbourhood's deprivation d* (10th percentile, exposure-weighted mean
    and 90th percentile of areas); the rate is a posterior median with an equal-tailed interval.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    reference = group(draws, "reference")
    # One reference at a time: all of them at once would triple the memory.
    summaries = [
        xr.Dataset(
            with_interval(
                like_for_like_rate(posterior, authorities, reference, level=name),
                point="rate_per_10000",
                level=level,
            )
        )
        for name in reference["level"].values.tolist()
    ]
    rates = xr.concat(summaries, dim="level")
    quantities = {
        "name": authorities["name"],
        "deprivation": reference["level_deprivation"].drop_vars("level"),
        **{str(name): rates[name] for name in rates.data_vars},
    }
    return to_frame(quantities, by=("outcome", "stratum", "authority", "level"), columns=COLUMNS)
