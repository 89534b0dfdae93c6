"""Fitted rates of areas, one authority at a time, so that no array of areas x draws is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesgrad.areas.effects import EFFECTS, whole_effect
from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats

LARGEST_SAMPLE = 1000
"""Joint draws used for summaries over areas; a larger posterior is thinned evenly."""


ROW_DRAWS = 40_000_000
"""Rows times joint draws in a summary over areas, beyond which it takes fewer draws."""

FEWEST_DRAWS = 200


@dataclass(frozen=True, eq=False)
class CellRates:
    """Fitted rates of the rows of one cell.

    Attributes
    ----------
    authority, outcome, stratum : int
    rows : slice
        Rows of the design.
    log_rate : ndarray, shape (sample, rows)
        Log of events per unit of exposure.
    """

    authority: int
    outcome: int
    stratum: int
    rows: slice
    log_rate: Floats


def affordable(size: int, *, rows: int, fewest: int = FEWEST_DRAWS) -> int:
    """Number of draws for a summary over so many rows that would like `size` of them."""
    return min(size, max(fewest, ROW_DRAWS // rows))


def thinned(posterior: xr.Dataset, *, size: int = LARGEST_SAMPLE) -> xr.Dataset:
    """Return evenly spaced joint draws along one dimension ``sample``, `size` at most.

    Draws that are not kept are not copied, so memory does not grow with their number.
    """
    places = evenly(posterior.sizes["chain"], posterior.sizes["draw"], size=size)
    place = {
        dim: xr.DataArray(index, dims="sample")
        for dim, index in zip(("chain", "draw"), places, strict=True)
    }
    joint = posterior.isel(place).drop_vars(["chain", "draw"], errors="ignore")
    return joint.transpose("sample", ...)


def evenly(chains: int, draws: int, *, size: int) -> tuple[Integers, Integers]:
    """Chains and draws of evenly spaced joint draws, `size` at most."""
    total = chains * draws
    kept: Integers = np.unique(np.linspace(0, total - 1, min(total, size)).round().astype(np.int64))
    return kept // draws, kept % draws


def cell_effects(sample: xr.Dataset, *, outcome: int, stratum: int) -> tuple[Floats, Floats]:
    """Intercepts and slopes of authorities in one outcome and stratum, all deviations added.

    Parameters
    ----------
    sample : Dataset
        From `thinned`; see `bayesgrad.areas.effects.whole_effect` for the variables.
    outcome, stratum : int
        Positions.

    Returns
    -------
    intercepts, slopes : ndarray, shape (authorities, sample)
    """
    intercepts, slopes = (
        whole_effect(sample, effect, outcome=outcome, stratum=stratum)
        .transpose("authority", "sample")
        .values
        for effect in EFFECTS
    )
    return intercepts, slopes


def cell_rates(design: Design, sample: xr.Dataset) -> Iterator[CellRates]:
    """Yield the fitted rates of every cell that has rows, in the design's order.

    Rates are by the link of the outcome: exp of the linear predictor, or for a logit link
    expit of it, the expected share of cases.

    Parameters
    ----------
    design : Design
    sample : Dataset
        From `thinned`: what `cell_effects` reads, and the coefficients of rows and the effects of
        neighbourhoods where the model has them.
    """
    starts = design.cell_starts()
    _, outcomes, strata = design.cells
    effects = {
        (outcome, stratum): cell_effects(sample, outcome=outcome, stratum=stratum)
        for outcome, stratum in np.ndindex(outcomes, strata)
    }
    coefficients = {
        name: (sample[name].transpose("sample", "outcome", ...).values, columns)
        for name, columns in row_columns(design).items()
        if name in sample
    }
    neighbourhoods = neighbourhood_effects(sample)
    for cell, (authority, outcome, stratum) in enumerate(np.ndindex(*design.cells)):
        rows = slice(int(starts[cell]), int(starts[cell + 1]))
        if rows.start == rows.stop:
            continue
        intercept, slope = (effect[authority] for effect in effects[outcome, stratum])
        predictor = intercept[:, None] + slope[:, None] * design.rows.x[rows]
        if neighbourhoods is not None:
            predictor += neighbourhoods[:, outcome][:, design.rows.neighbourhood[rows]]
        for values, columns in coefficients.values():
            predictor += values[:, outcome] @ columns[rows].T
        if design.forms[outcome].link == "logit":
            predictor = -np.logaddexp(0.0, -predictor)
        yield CellRates(authority, outcome, stratum, rows, predictor)


def neighbourhood_effects(sample: xr.Dataset) -> Floats | None:
    """Effects of neighbourhoods, (sample, outcomes, neighbourhoods), where the model has them."""
    if "neighbourhood_effect" not in sample:
        return None
    return sample["neighbourhood_effect"].transpose("sample", "outcome", "neighbourhood").values


def row_columns(design: Design) -> dict[str, Floats]:
    """Columns of the rows, each (rows, columns), by the name of their coefficients."""
    return {
        "covariate": design.rows.covariates.values,
        "gradient_moderator": design.rows.gradient_moderators,
        "curvature": design.rows.curve,
    }
