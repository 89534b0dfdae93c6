"""Intercepts or slopes of cells from those of authorities and of strata, and the way back."""

from __future__ import annotations

import numpy as np

from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.compiling import compiled


@compiled
def of_cells(groups: Floats, strata: Floats, cells: int) -> Floats:
    """Sum of two effects in every cell, (cells,).

    Parameters
    ----------
    groups : ndarray, shape (authorities x outcomes,) or (cells,)
        In the order of cells.
    strata : ndarray, shape (outcomes, strata)
    """
    outcomes, count = strata.shape
    shared = cells // len(groups)
    values = np.empty(cells)
    for c in range(cells):
        values[c] = groups[c // shared] + strata[(c // count) % outcomes, c % count]
    return values


@compiled
def of_groups(cells: Floats, groups: int) -> Floats:
    """Sums over the cells of each group, (groups,)."""
    shared = len(cells) // groups
    totals = np.zeros(groups)
    for c in range(len(cells)):
        totals[c // shared] += cells[c]
    return totals


@compiled
def of_strata(cells: Floats, outcomes: int, count: int) -> Floats:
    """Sums over the authorities of each outcome and stratum, (outcomes, count)."""
    totals = np.zeros((outcomes, count))
    for c in range(len(cells)):
        totals[(c // count) % outcomes, c % count] += cells[c]
    return totals
