"""Within, between and contextual effects of deprivation, and where the last one vanishes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group, is_moderated, reference_position
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    interval,
    mean,
    with_interval,
)

EFFECTS = ("within", "between", "contextual")

COLUMNS = (
    "outcome",
    *(f"{effect}_{part}" for effect in EFFECTS for part in ("mean", "lower", "upper")),
    "prob_contextual_negative",
    "crossover",
    "crossover_lower",
    "crossover_upper",
)


def contextual_effects(
    posterior: xr.Dataset, authorities: xr.Dataset, reference: xr.Dataset
) -> xr.Dataset:
    """Effects of deprivation on the log rate per unit, for an area like a mean authority.

    Where the link of an outcome is logit, read log odds for log rate.

    In an authority of deprivation D, an area of deprivation d* has the log rate

        intercept + between . W(D) + (slope + interaction . W(D)) (d* - c(D)) / unit + curve(d*)

    with c(D) = D under authority centring, else a constant. At d* = D = Dbar, where W = 0 and the
    curve is flat, and with dW = unit W'(Dbar) and x = (Dbar - c) / unit, its derivatives per unit
    are

    - within (in d*): slope;
    - contextual (in D, at fixed d*): between . dW + interaction . dW x - slope under authority
      centring (there x = 0), and the same without the last term under a constant;
    - between (in both at once): within + contextual.

    crossover is the d* at which the derivative in D is zero at D = Dbar:
    Dbar - unit contextual / (interaction . dW) under either centring. With a constant centre and
    a single term of W all D share this d*; otherwise it holds near Dbar only. Other
    authority-level moderators are at their mean.

    Returns
    -------
    Dataset
        within, between, contextual (log rate ratio per unit) and crossover (a deprivation), with
        dimensions chain, draw, outcome. Without moderation all but `within` are NaN.

    References
    ----------
    Raudenbush and Bryk (2002), Hierarchical Linear Models, 2nd edition, chapter 5.
    """
    within = posterior["slope"]
    if not is_moderated(posterior):
        unknown = xr.full_like(within, np.nan)
        return xr.Dataset(
            {"within": within, "between": unknown, "contextual": unknown, "crossover": unknown}
        )
    rise = reference["moderation_derivative"]
    level_change = xr.dot(posterior["between"], rise, dim="moderation_term")
    gradient_change = xr.dot(posterior["interaction"], rise, dim="moderation_term")
    contextual = level_change + gradient_change * reference_position(authorities, reference)
    if bool(reference["centre_is_authority"]):
        contextual = contextual - within
    crossover = (
        reference["mean_authority_deprivation"] - reference["unit"] * contextual / gradient_change
    )
    return xr.Dataset(
        {
            "within": within,
            "between": within + contextual,
            "contextual": contextual,
            "crossover": crossover,
        }
    )


def contextual_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Within, between and contextual effects of each outcome, and the crossover.

    They are means over strata where there are strata. Effects are posterior means on the scale of
    the link (log, or log odds) per unit of deprivation, with equal-tailed
    intervals. The contextual effect is negative where, in equally deprived neighbourhoods, more
    affluent authorities intervene more. The crossover is a ratio with heavy tails: when the
    posterior of the interaction reaches zero it has no mean and its draws run off to both sides,
    so it is summarised by its median and equal-tailed interval, and a wide interval, or one
    outside 0 to 1, says that the data place no crossover.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    effects = contextual_effects(
        group(draws, "posterior"), group(draws, "authorities"), group(draws, "reference")
    )
    quantities: dict[str, xr.DataArray] = {}
    for effect in EFFECTS:
        bounds = interval(effects[effect], level=level)
        quantities[f"{effect}_mean"] = mean(effects[effect])
        for bound in ("lower", "upper"):
            quantities[f"{effect}_{bound}"] = bounds.sel(bound=bound, drop=True)
    contextual = effects["contextual"]
    negative = (contextual < 0).where(contextual.notnull())
    quantities["prob_contextual_negative"] = mean(negative)
    quantities |= with_interval(
        effects["crossover"], point="crossover", prefix="crossover_", level=level
    )
    return to_frame(quantities, by=("outcome",), columns=COLUMNS)
