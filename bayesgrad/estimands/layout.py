"""Where things are in a fit's draws, and the parts of the predictor that estimands share.

Draws are an `xarray.DataTree`. Its groups `posterior`, `authorities` and `reference` hold the
parameters (dimensions chain, draw, ...), what is known of each authority, and the values at which
national quantities are evaluated. Coefficients are on the log-rate scale per `unit` of
deprivation. The moderation basis W(D) is zero at the mean authority deprivation Dbar, so `slope`
is the log gradient of an authority of mean deprivation; the common curve has value and slope zero
at Dbar.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.errors import FitError

SAMPLE_DIMS = ("chain", "draw", "sample")
"""Dimensions that count posterior draws."""


class Population(NamedTuple):
    """Slopes of the authorities that are compared with one another, in order of code."""

    outcome: str
    stratum: str
    codes: list[str]
    slopes: NDArray[np.float64]
    """Shape (authority, draw), chains one after the other."""


def group(draws: xr.DataTree, name: str) -> xr.Dataset:
    """Dataset of one group of the draws.

    Raises
    ------
    FitError
        If the draws have no such group.
    """
    if name not in draws.children:
        found = ", ".join(sorted(draws.children)) or "none"
        raise FitError(
            f"the draws have no group {name!r} (groups found: {found})",
            "Use the draws of a fit made or loaded by bayesgrad.",
        )
    return draws[name].to_dataset()


def sample_dims(values: xr.DataArray) -> tuple[str, ...]:
    """Dimensions of `values` that count posterior draws: chain and draw, or sample.

    Raises
    ------
    FitError
        If there is none.
    """
    found = tuple(dim for dim in SAMPLE_DIMS if dim in values.dims)
    if not found:
        raise FitError(
            f"{values.name or 'the quantity'} has dimensions {values.dims}, none of which counts "
            "posterior draws",
            f"Give an array with the dimensions chain and draw (any of {', '.join(SAMPLE_DIMS)}).",
        )
    return found


def outcome_title(draws: xr.DataTree, outcome: str) -> str:
    """Label of an outcome for readers: that of the spec, or else the name of its column."""
    reference = group(draws, "reference")
    if "outcome_label" not in reference:
        return outcome
    return str(reference["outcome_label"].sel(outcome=outcome).item())


def is_moderated(posterior: xr.Dataset) -> bool:
    """Whether authority deprivation changes levels and gradients in this model."""
    return "interaction" in posterior


def slope_contributions(posterior: xr.Dataset, authorities: xr.Dataset) -> dict[str, xr.DataArray]:
    """Give what each authority-level moderator adds to the log gradient of each authority.

    `deprivation` adds interaction . W_j (all terms of its basis); a further moderator adds
    authority_moderator_gradient M_j.

    Returns
    -------
    dict of str to DataArray
        By moderator, dimensions chain, draw, outcome, authority; empty without moderators.
    """
    parts: dict[str, xr.DataArray] = {}
    if is_moderated(posterior):
        parts["deprivation"] = xr.dot(
            posterior["interaction"], authorities["moderation_basis"], dim="moderation_term"
        )
    if "authority_moderator_gradient" in posterior:
        for name in posterior["authority_moderator"].values.tolist():
            chosen = {"authority_moderator": name}
            coefficient = posterior["authority_moderator_gradient"].sel(chosen, drop=True)
            parts[str(name)] = coefficient * authorities["moderator"].sel(chosen, drop=True)
    return parts


def reference_position(authorities: xr.Dataset, reference: xr.Dataset) -> float:
    """Deprivation x of an area as deprived as a mean authority, seen from such an authority.

    x = (Dbar - c) / unit: zero when areas are centred at their authority, otherwise the distance
    of Dbar from the constant c.
    """
    if bool(reference["centre_is_authority"]):
        return 0.0
    centre = float(authorities["centre"].isel(authority=0))
    mean = float(reference["mean_authority_deprivation"])
    return (mean - centre) / float(reference["unit"])


def populations(draws: xr.DataTree) -> Iterator[Population]:
    """Go through outcomes and strata in their order, authorities by code."""
    slopes = group(draws, "posterior")["authority_slope"].sortby("authority")
    codes = [str(code) for code in slopes["authority"].values.tolist()]
    ordered = slopes.transpose("outcome", "stratum", "authority", *sample_dims(slopes))
    for i, outcome in enumerate(slopes["outcome"].values.tolist()):
        for k, stratum in enumerate(slopes["stratum"].values.tolist()):
            block = ordered.values[i, k].reshape(len(codes), -1)
            yield Population(str(outcome), str(stratum), codes, np.ascontiguousarray(block))
