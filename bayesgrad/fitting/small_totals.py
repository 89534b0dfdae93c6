"""Totals of fewer than ten areas are not written to a fit file, nor what would give them away.

An authority of one area, or a stratum that one area has, has the counts of that area as its total.
What is known of the nation would give a single total that is left out away, so with it go the next
smallest, until those that are left out have ten areas together. A total that is left out of one
outcome is left out of all: the exposure of a stage is the events of the stage before it.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.areas.bands import FEWEST_AREAS
from bayesgrad.estimands.layout import NATIONAL_EVENTS, OUTCOME_EVENTS, national_events

Hidden = NDArray[np.bool_]

TOTALS = ("events", "exposure")
"""Variables of the group ``authorities``, by authority, outcome and stratum."""

BY_AUTHORITY = ("observed_by_authority", "redrawn_by_authority")
"""Variables of the group ``predictive``; what is left out of them is 0 in both."""


SCORES = ("authority_elpd", "authority_p_loo")
"""Variables of the group ``scores``."""


def without_small_totals(draws: xr.DataTree) -> xr.DataTree:
    """Draws of a fit as they are written to a file.

    `events` and `exposure` of an authority, outcome and stratum that are left out are NaN. Where
    any are, the totals of the nation are added to the group ``authorities``: by outcome and
    stratum, and by outcome; they are NaN where they are of too few areas themselves. What is left
    out of one outcome is left out of all. Each such authority has the mean of their scores: that of
    a single area tells its count.

    Parameters
    ----------
    draws : DataTree
        Not changed. Without the group ``authorities`` it is returned as it is.
    """
    if "authorities" not in draws.children or "areas" not in draws["authorities"]:
        return draws
    known = draws["authorities"].to_dataset()
    cells = ("outcome", "authority", "stratum")
    areas = known["areas"].transpose(*cells)
    cell, stratum = np.zeros(areas.shape, bool), np.zeros(areas.isel(authority=0).shape, bool)
    for place, own in enumerate(areas.values):
        cell[place], stratum[place] = _small(own)
    if not cell.any():
        return draws
    cell = cell.any(axis=0) & (areas.values > 0)
    hidden = xr.DataArray(cell, dims=cells, coords={"authority": known["authority"]})
    national = national_events(known)
    enough = known["areas"].max("stratum").sum("authority") >= FEWEST_AREAS
    totals = {
        NATIONAL_EVENTS: national.where(~xr.DataArray(stratum, dims=("outcome", "stratum"))),
        OUTCOME_EVENTS: known.get(OUTCOME_EVENTS, national.sum("stratum")).where(enough),
    }
    kept = {name: known[name].where(~hidden) for name in TOTALS if name in known}
    groups = {str(name): node.to_dataset() for name, node in draws.children.items()}
    groups["authorities"] = known.assign(kept | totals)
    if "scores" in groups:
        groups["scores"] = _with_mean_scores(groups["scores"], hidden.any(("outcome", "stratum")))
    if "predictive" in groups:
        checks = groups["predictive"]
        shown = ~hidden.any("stratum").sel(authority=checks["authority"])
        groups["predictive"] = checks.assign(
            {name: checks[name] * shown for name in BY_AUTHORITY if name in checks}
        )
    written = xr.DataTree.from_dict(groups)
    written.attrs = draws.attrs
    return written


def _with_mean_scores(scores: xr.Dataset, hidden: xr.DataArray) -> xr.Dataset:
    return scores.assign(
        {
            name: scores[name].where(~hidden, scores[name].where(hidden).mean())
            for name in SCORES
            if name in scores
        }
    )


def _small(areas: NDArray[np.int64]) -> tuple[Hidden, Hidden]:
    """What is left out of one outcome: totals of cells, and of the nation in each stratum.

    Parameters
    ----------
    areas : ndarray, shape (authorities, strata)
    """
    of_nation = _with_more(areas.sum(axis=0))
    cells = np.stack([_with_more(own) for own in areas.T], axis=1)
    return cells | (of_nation & (areas > 0)), of_nation


def _with_more(areas: NDArray[np.int64]) -> Hidden:
    """Which totals are of too few areas, with the next smallest until all have ten together."""
    hidden = (areas > 0) & (areas < FEWEST_AREAS)
    for place in np.argsort(areas, kind="stable"):
        if not hidden.any() or areas[hidden].sum() >= FEWEST_AREAS:
            break
        hidden[place] |= areas[place] > 0
    return hidden
