r"""Bounds of unknown counts, given sums of them: the arithmetic of an attack.

The unknowns are counts :math:`y_i` with :math:`l_i \le y_i \le u_i`; a constraint says
:math:`L \le \sum_{i \in S} y_i \le U`. The lowest and the highest value of each count are two
linear programs. Most are never solved: constraints of one count are bounds; counts that no sum ties
together fall into independent blocks; a block of a single sum has its bounds in closed form; and
one solution of a program over many counts shows of each that it can be at its end. Bounds are of
real numbers, rounded inwards to whole ones: whole numbers alone could be narrower only where sums
are not of the nested or two-way kind that tables have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack
from scipy.sparse.csgraph import connected_components

from bayesgrad.export.counts import Floats

TOLERANCE = 1e-6

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Constraint:
    """What a released number says of a sum of counts.

    Attributes
    ----------
    cells : tuple of int
        Positions of the counts in the sum.
    low, high : float
        Between which the sum lies.
    source : str
        File, and where in it.
    """

    cells: tuple[int, ...]
    low: float
    high: float
    source: str

    def holds(self, counts: Floats) -> bool:
        """Whether exact counts satisfy it; unknown ones do."""
        total = float(np.sum(counts[list(self.cells)]))
        return bool(np.isnan(total) or self.low - TOLERANCE <= total <= self.high + TOLERANCE)


def narrowed(low: Floats, high: Floats, constraints: Sequence[Constraint]) -> tuple[Floats, Floats]:
    """Lowest and highest whole number that each count can be.

    Parameters
    ----------
    low, high : ndarray, shape (counts,)
        What is known without the constraints; `high` may be infinite.
    constraints : sequence of Constraint
        That some counts satisfy together.

    Returns
    -------
    low, high : ndarray, shape (counts,)

    Examples
    --------
    >>> total = Constraint((0, 1), 12.0, 12.0, "total")
    >>> low, high = narrowed(np.array([0.0, 8.0]), np.array([9.0, np.inf]), [total])
    >>> low.tolist(), high.tolist()
    ([0.0, 8.0], [4.0, 12.0])
    """
    low, high = low.astype(float).copy(), high.astype(float).copy()
    sums = []
    for one in constraints:
        if len(one.cells) == 1:
            low[one.cells[0]] = max(low[one.cells[0]], np.ceil(one.low - TOLERANCE))
            high[one.cells[0]] = min(high[one.cells[0]], np.floor(one.high + TOLERANCE))
        elif len(one.cells) > 1:
            sums.append(one)
    for places, own in _blocks(len(low), sums):
        inner = _system(places, own)
        before = low[places], high[places]
        low[places], high[places] = _block(*before, *inner)
    return low, high


def _blocks(size: int, sums: Sequence[Constraint]) -> list[tuple[Positions, list[Constraint]]]:
    """Counts that sums tie together, with these sums; counts of no sum are in none."""
    if not sums:
        return []
    first = np.concatenate([np.full(len(one.cells), one.cells[0]) for one in sums])
    second = np.concatenate([np.array(one.cells) for one in sums])
    links = coo_array((np.ones(len(first)), (first, second)), shape=(size, size))
    _, member = connected_components(links, directed=False)
    by_block: dict[int, list[Constraint]] = {}
    for one in sums:
        by_block.setdefault(int(member[one.cells[0]]), []).append(one)
    return [
        (np.flatnonzero(member == block).astype(np.intp), own) for block, own in by_block.items()
    ]


def _system(places: Positions, sums: Sequence[Constraint]) -> tuple[csr_array, Floats, Floats]:
    """Sums as rows of a matrix over the counts of a block, with their ends."""
    position = {int(place): k for k, place in enumerate(places)}
    rows = np.concatenate([np.full(len(one.cells), k) for k, one in enumerate(sums)])
    columns = np.array([position[cell] for one in sums for cell in one.cells])
    matrix = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(sums), len(places)))
    return matrix, np.array([one.low for one in sums]), np.array([one.high for one in sums])


def _block(
    low: Floats, high: Floats, matrix: csr_array, least: Floats, most: Floats
) -> tuple[Floats, Floats]:
    low, high = _propagated(low, high, matrix, least, most)
    if matrix.shape[0] > 1:
        low, high = _Programs(low, high, matrix, least, most).bounds()
    return low, high


def _propagated(
    low: Floats, high: Floats, matrix: csr_array, least: Floats, most: Floats
) -> tuple[Floats, Floats]:
    """Bounds that each sum by itself gives, again and again until none moves; exact for one sum."""
    low, high = low.copy(), high.copy()
    for _ in range(100):
        before = low.copy(), high.copy()
        for row in range(matrix.shape[0]):
            own = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
            lows, highs = low[own].copy(), high[own].copy()
            infinite = np.isinf(highs)
            rest_high = highs[~infinite].sum() - np.where(infinite, 0.0, highs)
            rest_high = np.where(infinite.sum() - infinite > 0, np.inf, rest_high)
            rest_low = lows.sum() - lows
            high[own] = np.minimum(highs, np.floor(most[row] - rest_low + TOLERANCE))
            low[own] = np.maximum(lows, np.ceil(least[row] - rest_high - TOLERANCE) + 0.0)
        if np.array_equal(low, before[0]) and np.array_equal(high, before[1]):
            break
    return low, high


class _Programs:
    """Linear programs over one block, as few as show where each count can be."""

    def __init__(
        self, low: Floats, high: Floats, matrix: csr_array, least: Floats, most: Floats
    ) -> None:
        self._low, self._high = low, high
        bounded = np.isfinite(most), np.isfinite(least)
        self._matrix = vstack([matrix[bounded[0]], -matrix[bounded[1]]], format="csr")
        self._limit = np.concatenate([most[bounded[0]], -least[bounded[1]]])

    def bounds(self) -> tuple[Floats, Floats]:
        high, low = self._ends(1.0), self._ends(-1.0)
        return low, high

    def _ends(self, sign: float) -> Floats:
        """Highest (sign 1) or lowest (sign -1) values."""
        ends = (self._high if sign > 0 else self._low).copy()
        open_ = np.isfinite(ends) & (self._high - self._low > TOLERANCE)
        while open_.any():
            reached = self._reached(open_, sign)
            if not reached.any():
                place = int(np.flatnonzero(open_)[0])
                alone = np.zeros_like(open_)
                alone[place] = True
                found = self._solved(alone, sign)
                if found is not None:
                    rounder = np.floor if sign > 0 else np.ceil
                    ends[place] = rounder(found[place] + sign * TOLERANCE)
                    reached = open_ & (np.abs(found - ends) <= TOLERANCE)
                reached[place] = True
            open_ &= ~reached
        return ends

    def _reached(self, open_: np.ndarray, sign: float) -> np.ndarray:
        found = self._solved(open_, sign)
        ends = self._high if sign > 0 else self._low
        if found is None:
            return np.zeros_like(open_)
        return open_ & (np.abs(found - ends) <= TOLERANCE)

    def _solved(self, weight: np.ndarray, sign: float) -> Floats | None:
        result = linprog(
            -sign * weight.astype(float),
            A_ub=self._matrix,
            b_ub=self._limit,
            bounds=np.column_stack([self._low, self._high]),
            method="highs",
        )
        return None if result.x is None else np.asarray(result.x)
