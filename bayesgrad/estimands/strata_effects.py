"""Effects in each stratum, one outcome and stratum at a time.

Draws by authority by stratum are many: of 152 authorities in 18 strata, 6,000 draws take 130 MB
for each effect. So what is made of them is summarised before the next stratum is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.areas.effects import Effect, whole_effect
from bayesgrad.errors import FitError
from bayesgrad.estimands.layout import group, outcome_names, sample_dims

MEAN_OVER_STRATA = "mean over strata"
"""What to call the effects of no stratum in particular."""


class Population(NamedTuple):
    """Slopes of the authorities that are compared with one another, in order of code."""

    outcome: str
    stratum: str
    codes: list[str]
    slopes: NDArray[np.float64]
    """Shape (authority, draw), chains one after the other."""


def strata_names(authorities: xr.Dataset) -> list[str]:
    """Names of the strata in their order; one empty name where there are none."""
    return [str(stratum) for stratum in authorities["stratum"].values.tolist()]


def has_strata(authorities: xr.Dataset) -> bool:
    """Whether the fit has strata."""
    return strata_names(authorities) != [""]


def refuse_without_strata(authorities: xr.Dataset) -> None:
    """Refuse a question of strata to a fit that has none. Raises FitError."""
    if not has_strata(authorities):
        raise FitError(
            "this fit has no strata",
            "Name a column of strata with [strata] column in the spec, and fit again.",
        )


def refuse_common_gradients(posterior: xr.Dataset) -> None:
    """Refuse a comparison of strata to a fit that gives them one gradient. Raises FitError."""
    if "stratum_slope" not in posterior:
        raise FitError(
            "all strata of this fit share one gradient: there is nothing to contrast",
            'Fit with [strata] gradients = "pooled", which gives each stratum its own.',
        )


def national_effect(posterior: xr.Dataset, authorities: xr.Dataset, effect: Effect) -> xr.DataArray:
    """Intercept or slope of each stratum at mean authority deprivation: mean plus deviation.

    Returns
    -------
    DataArray
        Dimensions chain, draw, outcome, stratum; equal in all strata where they share it.
    """
    own = posterior.get(f"stratum_{effect}")
    if own is not None:
        return posterior[effect] + own
    strata = strata_names(authorities)
    return posterior[effect].expand_dims(stratum=strata, axis=-1)


def over_cells(
    posterior: xr.Dataset,
    authorities: xr.Dataset,
    summarise: Callable[[int, int], xr.Dataset],
) -> xr.Dataset:
    """Put together what is made of each outcome and stratum.

    Parameters
    ----------
    summarise : callable
        From the positions of an outcome and a stratum to summaries without draws.

    Returns
    -------
    Dataset
        The summaries, with the dimensions outcome and stratum before theirs.
    """
    outcomes, strata = outcome_names(posterior), strata_names(authorities)
    by_outcome = [
        xr.concat([summarise(s, k) for k in range(len(strata))], dim="stratum")
        for s in range(len(outcomes))
    ]
    return xr.concat(by_outcome, dim="outcome").assign_coords(outcome=outcomes, stratum=strata)


def populations(draws: xr.DataTree) -> Iterator[Population]:
    """Go through the sets of slopes to compare, in the order of outcomes and strata.

    Where the strata of all authorities deviate by the same amounts, differences between
    authorities are the same in all strata: an outcome then comes once, with an empty stratum.
    """
    posterior = group(draws, "posterior")
    codes = sorted(str(code) for code in posterior["authority"].values.tolist())
    deviate = "authority_stratum_slope" in posterior
    strata = strata_names(group(draws, "authorities")) if deviate else [""]
    for s, outcome in enumerate(outcome_names(posterior)):
        for k, stratum in enumerate(strata):
            if deviate:
                slopes = whole_effect(posterior, "slope", outcome=s, stratum=k)
            else:
                slopes = posterior["authority_slope"].isel(outcome=s)
            slopes = slopes.sortby("authority")
            ordered = slopes.transpose("authority", *sample_dims(slopes)).values
            block = np.ascontiguousarray(ordered.reshape(len(codes), -1))
            yield Population(outcome, stratum, codes, block)


def mean_over_strata(draws: xr.DataTree) -> xr.DataTree:
    """Give the draws as of a fit without strata, whose effects are the means over strata.

    Events and exposure are those of all strata together; the areas, those of the stratum that
    has the most.
    """
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    of_strata = ("stratum", "stratum_component")
    narrowed = posterior.drop_dims(of_strata, errors="ignore")
    deviations = ("sd_authority_stratum_intercept", "sd_authority_stratum_slope")
    narrowed = narrowed.drop_vars(deviations, errors="ignore")
    summed = [name for name in ("events", "exposure", "suppressed") if name in authorities]
    totals = authorities[summed].sum("stratum", skipna=False)
    totals["areas"] = authorities["areas"].max("stratum")
    whole = authorities.drop_dims("stratum").assign(totals.expand_dims(stratum=[""], axis=-1))
    reference = group(draws, "reference").drop_dims(of_strata, errors="ignore")
    content = {str(name): node.to_dataset() for name, node in draws.children.items()}
    changed = {"posterior": narrowed, "authorities": whole, "reference": reference}
    return xr.DataTree.from_dict(content | changed)
