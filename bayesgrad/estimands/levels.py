"""Like-for-like rates: what each authority does in equally deprived neighbourhoods."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bayesgrad.areas.effects import EFFECTS, whole_effect
from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group, links, mean_rate, outcome_names
from bayesgrad.estimands.strata_effects import over_cells
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, with_interval

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
    posterior: xr.Dataset,
    authorities: xr.Dataset,
    reference: xr.Dataset,
    *,
    outcome: int,
    stratum: int,
    level: str,
) -> xr.DataArray:
    """Rate per 10,000 in a neighbourhood of deprivation d* in each authority.

    10000 exp(a_j + b_j (d* - c_j) / unit + curve(d*)), covariates and area moderators at zero; for
    a logit link expit takes the place of exp, and the rate is per 10,000 cases. Unlike the
    authority's intercept, it compares authorities at the same deprivation. It is the mean over
    larger neighbourhoods, where the model has any.

    Parameters
    ----------
    outcome, stratum : int
        Positions.
    level : str
        Which reference neighbourhood: p10, mean or p90 of the areas' deprivation.

    Returns
    -------
    DataArray
        Dimensions chain, draw, authority.
    """
    here = reference.sel(level=level, drop=True)
    x = (here["level_deprivation"] - authorities["centre"]) / reference["unit"]
    intercept, slope = (
        whole_effect(posterior, effect, outcome=outcome, stratum=stratum) for effect in EFFECTS
    )
    predictor = intercept + slope * x
    if "curvature" in posterior:
        curvature = posterior["curvature"].isel(outcome=outcome, drop=True)
        predictor = predictor + xr.dot(curvature, here["level_curve"], dim="curvature_term")
    link = links(reference, outcome_names(posterior))[outcome]
    return 10_000 * mean_rate(predictor, posterior, outcome=outcome, link=link)


def levels_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Like-for-like rate of each authority at three reference neighbourhoods, by stratum.

    `deprivation` is the neighbourhood's deprivation d* (10th percentile, exposure-weighted mean
    and 90th percentile of areas); the rate, per 10,000 of exposure, is a posterior median with an
    equal-tailed interval.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    reference = group(draws, "reference")

    def of_cell(outcome: int, stratum: int) -> xr.Dataset:
        # One reference at a time: all of them at once would triple the memory.
        summaries = []
        for name in reference["level"].values.tolist():
            rate = like_for_like_rate(
                posterior, authorities, reference, outcome=outcome, stratum=stratum, level=name
            )
            summaries.append(xr.Dataset(with_interval(rate, point="rate_per_10000", level=level)))
        return xr.concat(summaries, dim="level")

    rates = over_cells(posterior, authorities, of_cell)
    quantities = {
        "name": authorities["name"],
        "deprivation": reference["level_deprivation"].drop_vars("level"),
        **{str(name): rates[name] for name in rates.data_vars},
    }
    return to_frame(quantities, by=("outcome", "stratum", "authority", "level"), columns=COLUMNS)
