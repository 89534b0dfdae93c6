"""What a fit implies for suppressed counts: totals of draws from within their bounds.

In each joint draw a suppressed count is drawn from its distribution given that it lies within the
bounds. Sums are kept by cell and by band of deprivation, and no value of an area.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.areas.bands import BANDS, deprivation_bands
from bayesgrad.areas.rates import LARGEST_SAMPLE, affordable, thinned
from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.scores.suppressed import draw_within
from bayesgrad.predictive.predictor import BLOCK_ROWS, blocks, row_bounds, sizes

STREAM = 2
"""Tells the random numbers from those of the sampler and of the checks with the same seed."""


class Implied(NamedTuple):
    """What a fit implies for suppressed counts.

    Attributes
    ----------
    totals : Dataset
        ``total`` (sample, cell), of the cells that have suppressed rows, whose ``authority``,
        ``outcome`` and ``stratum`` stand along them; ``rows`` (cell), how many they have; and the
        attributes lower and upper, the bounds.
    by_band : ndarray, shape (outcomes, bands)
        Posterior means of totals by band of deprivation (`bayesgrad.areas.bands`).
    """

    totals: xr.Dataset
    by_band: Floats


def implied_counts(
    design: Design,
    posterior: xr.Dataset,
    *,
    seed: int,
    block_rows: int = BLOCK_ROWS,
) -> Implied:
    """Totals of suppressed counts under the joint posterior.

    Parameters
    ----------
    design : Design
        With at least one suppressed row.
    posterior : Dataset
        Dimensions chain, draw and those of the model.
    seed : int
        That of the fit.
    block_rows : int
        Rows at a time.
    """
    hidden = np.flatnonzero(design.rows.suppressed)
    sample = thinned(posterior, size=affordable(LARGEST_SAMPLE, rows=len(hidden)))
    number = design.cell_sum(design.rows.suppressed).ravel().astype(np.int64)
    kept = np.flatnonzero(number)
    place = np.full(len(number), -1)
    place[kept] = np.arange(len(kept))
    alpha, bounds, bands = sizes(design, sample), row_bounds(design), deprivation_bands(design)
    total = np.zeros((sample.sizes["sample"], len(kept)), dtype=np.int64)
    by_band = np.zeros((len(design.outcomes), BANDS))
    sequence = np.random.SeedSequence(seed, spawn_key=(STREAM,))
    uniform = np.random.Generator(np.random.SFC64(sequence))
    for block in blocks(design, sample, size=block_rows, only=design.rows.suppressed):
        count = np.empty(block.predictor.shape, dtype=np.int64)
        of_draws = np.ascontiguousarray(alpha[:, block.outcome])
        draw_within(block.predictor, of_draws, bounds, uniform.random(count.shape), count)
        total[:, place[design.rows.cell[block.rows][0]]] += count.sum(axis=0)
        np.add.at(by_band[block.outcome], bands.of_rows[block.rows], count.mean(axis=1))
    return Implied(_totals(design, kept, number[kept], total), by_band * bands.kept[:, None])


def _totals(design: Design, cells: Integers, number: Integers, total: Integers) -> xr.Dataset:
    authority, outcome, stratum = np.unravel_index(cells, design.cells)
    return xr.Dataset(
        {
            "total": (("sample", "cell"), total),
            "rows": ("cell", number),
        },
        coords={
            "authority": ("cell", np.array(design.authorities.codes, dtype=str)[authority]),
            "outcome": ("cell", np.array(design.outcomes, dtype=str)[outcome]),
            "stratum": ("cell", np.array(design.strata, dtype=str)[stratum]),
        },
        attrs={"lower": design.bounds[0], "upper": design.bounds[1]},
    )
