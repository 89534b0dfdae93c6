"""Bands of deprivation over the whole table."""

from __future__ import annotations

import numpy as np

from bayesgrad.areas.ranks import relative_rank
from bayesgrad.design.design import Design, Integers

BANDS = 20
"""Bands of deprivation that hold equal shares of the population (vigintiles)."""


def deprivation_bands(design: Design) -> Integers:
    """Band of each row among the rows of its outcome, 0 the least deprived: shape (rows,)."""
    bands = np.empty(len(design.rows.cell), dtype=np.int64)
    for outcome in range(len(design.outcomes)):
        rows = design.row_outcome == outcome
        rank = relative_rank(design.rows.deprivation[rows], design.rows.exposure[rows])
        bands[rows] = np.minimum((rank * BANDS).astype(np.int64), BANDS - 1)
    return bands
