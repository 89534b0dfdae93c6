"""The linear predictor of rows under thinned draws, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.areas.rates import row_columns
from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels import LARGEST_ALPHA

BLOCK_ROWS = 128
"""Rows at a time: few enough for an array of theirs by draws to stay in a processor's cache."""


class Block(NamedTuple):
    """Some rows of one cell, with the log of their expected counts, (rows, sample)."""

    authority: int
    outcome: int
    rows: slice
    log_mean: Floats


def blocks(design: Design, sample: xr.Dataset, *, size: int = BLOCK_ROWS) -> Iterator[Block]:
    """Go through all rows in the order of the design, none of them in two cells' block.

    Parameters
    ----------
    design : Design
    sample : Dataset
        From `bayesgrad.areas.rates.thinned`.
    size : int
        Rows of a block, at most.
    """
    starts = design.cell_starts()
    intercept = sample["authority_intercept"].transpose("authority", ..., "sample").values
    slope = sample["authority_slope"].transpose("authority", ..., "sample").values
    for cell, place in enumerate(np.ndindex(*design.cells)):
        for first in range(starts[cell], starts[cell + 1], size):
            rows = slice(first, min(first + size, int(starts[cell + 1])))
            log_mean = (
                np.log(design.rows.exposure[rows])[:, None]
                + intercept[place]
                + design.rows.x[rows, None] * slope[place]
            )
            effects = row_effects(design, sample, outcome=place[1], rows=rows)
            if effects is not None:
                log_mean += effects.T
            yield Block(place[0], place[1], rows, log_mean)


def row_effects(
    design: Design,
    sample: xr.Dataset,
    *,
    outcome: int,
    rows: slice,
    draws: slice = slice(None),
) -> Floats | None:
    """Effects of the columns of rows of one outcome, (draws, rows); None if there are none."""
    total: Floats | None = None
    for name, columns in row_columns(design).items():
        if name in sample:
            coefficients = sample[name].transpose("sample", "outcome", ...).values
            effect: Floats = coefficients[draws, outcome] @ columns[rows].T
            total = effect if total is None else total + effect
    return total


def inverse_size(sample: xr.Dataset) -> Floats:
    """1 / alpha of each draw and outcome, (sample, outcomes): 0 for the Poisson."""
    if "alpha" not in sample:
        return np.zeros((sample.sizes["sample"], sample.sizes["outcome"]))
    alpha = sample["alpha"].transpose("sample", "outcome").values
    found: Floats = 1.0 / np.minimum(alpha, LARGEST_ALPHA)
    return found
