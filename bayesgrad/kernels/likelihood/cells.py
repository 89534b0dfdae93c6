"""Intercepts or slopes of cells from those of authorities and of strata, and the way back."""

from __future__ import annotations

from bayesgrad.kernels.kernel import inlined
from bayesgrad.kernels.shapes import Matrix, Vector


@inlined
def fill_cells(groups: Vector, strata: Matrix, values: Vector) -> None:
    """Fill the sum of two effects in every cell, (cells,).

    Parameters
    ----------
    groups : ndarray, shape (authorities x outcomes,) or (cells,)
        In the order of cells.
    strata : ndarray, shape (outcomes, strata)
    """
    outcomes, count = strata.shape
    shared = len(values) // len(groups)
    for c in range(len(values)):
        values[c] = groups[c // shared] + strata[(c // count) % outcomes, c % count]


@inlined
def sum_cells(cells: Vector, groups: Vector, strata: Matrix) -> None:
    """Fill the sums over the cells of each group, and over the authorities of each stratum."""
    outcomes, count = strata.shape
    shared = len(cells) // len(groups)
    groups[:] = 0.0
    strata[:] = 0.0
    for c in range(len(cells)):
        groups[c // shared] += cells[c]
        strata[(c // count) % outcomes, c % count] += cells[c]
