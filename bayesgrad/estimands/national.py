"""The gradient of affluent, average and deprived authorities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.areas.effects import whole_effect
from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group, is_moderated
from bayesgrad.estimands.strata_effects import national_effect
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, exponential, with_interval

COLUMNS = (
    "outcome",
    "stratum",
    "deprivation_shift",
    "gradient",
    "lower",
    "upper",
    "extrapolated",
    "average_gradient",
    "average_lower",
    "average_upper",
)


def national_gradient(
    posterior: xr.Dataset, authorities: xr.Dataset, reference: xr.Dataset
) -> xr.DataArray:
    """Gradient at authority deprivation Dbar + shift: exp(slope + interaction . W(Dbar + shift)).

    The slope is that of the stratum: the mean over strata, plus the stratum's deviation.

    Authority-level moderators other than deprivation are at their mean. Without moderation it is
    exp(slope) at every shift. It is NaN where W is not defined (log moderation at or below zero
    deprivation).

    Returns
    -------
    DataArray
        Ratio per unit of deprivation, dimensions chain, draw, outcome, stratum, shift.
    """
    slope = national_effect(posterior, authorities, "slope")
    slope = slope.expand_dims(shift=reference["shift"].values)
    if not is_moderated(posterior):
        return exponential(slope)
    change = xr.dot(posterior["interaction"], reference["shift_basis"], dim="moderation_term")
    return exponential(slope + change)


def is_extrapolated(
    posterior: xr.Dataset, observed: xr.DataArray, reference: xr.Dataset
) -> xr.DataArray:
    """Whether Dbar + shift lies outside the range of authority deprivations, or of W."""
    deprivation = reference["mean_authority_deprivation"] + reference["shift"]
    outside = (deprivation < observed.min()) | (deprivation > observed.max())
    if not is_moderated(posterior):
        return outside
    return outside | reference["shift_basis"].isnull().any("moderation_term")


def average_gradient(posterior: xr.Dataset, authorities: xr.Dataset) -> xr.DataArray:
    """Gradient of the average authority: exp of the unweighted mean over authorities of b_j.

    It differs from the gradient at mean deprivation where the moderation is not linear, or the
    authorities' own deviations do not average zero. Of a single authority it is NaN.

    Returns
    -------
    DataArray
        Ratio per unit of deprivation, dimensions chain, draw, outcome, stratum.
    """
    national = national_effect(posterior, authorities, "slope")
    if posterior.sizes["authority"] == 1:
        return xr.full_like(national, np.nan)
    by_stratum = []
    for s in range(posterior.sizes["outcome"]):
        cells = [
            whole_effect(posterior, "slope", outcome=s, stratum=k).mean("authority")
            for k in range(national.sizes["stratum"])
        ]
        by_stratum.append(xr.concat(cells, "stratum"))
    average = xr.concat(by_stratum, "outcome").transpose(*national.dims)
    return exponential(average.drop_vars(("outcome", "stratum"), errors="ignore")).assign_coords(
        outcome=national["outcome"], stratum=national["stratum"]
    )


def national_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Gradient at mean authority deprivation, and at 0.10 less and more than it, by stratum.

    The mean is over authorities, each counting the same. Posterior median and equal-tailed
    interval; `extrapolated` marks an authority deprivation that no authority of the fit has.
    `average_gradient` is that of the average authority, exp of the mean of b over authorities, and
    the same on all rows of an outcome and stratum. Of a fit with a prior pack the nation is that of
    the pack, whose parameters the authorities of the fit hardly change; `extrapolated` is then by
    the pack's distribution of authority deprivation, and the average is missing.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    reference = group(draws, "reference")
    gradients = national_gradient(posterior, authorities, reference)
    of_pack = "nation" in draws.children
    places = group(draws, "nation") if of_pack else authorities
    average = average_gradient(posterior, authorities).expand_dims(shift=reference["shift"].values)
    if of_pack:
        average = xr.full_like(average, np.nan)
    quantities = {
        **with_interval(gradients, point="gradient", level=level),
        "extrapolated": is_extrapolated(posterior, places["deprivation"], reference),
        **with_interval(average, point="average_gradient", prefix="average_", level=level),
    }
    renamed = {name: part.rename(shift="deprivation_shift") for name, part in quantities.items()}
    return to_frame(renamed, by=("outcome", "stratum", "deprivation_shift"), columns=COLUMNS)
