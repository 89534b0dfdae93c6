"""Bands of deprivation over the whole table, none of which tells of a few areas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayesgrad.areas.ranks import relative_rank
from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats

BANDS = 20
"""Bands of deprivation that hold equal shares of the population (vigintiles)."""

FEWEST_AREAS = 10
"""Areas in anything that a fit keeps of a group of areas, at least."""

FEWEST_EVENTS = 10
"""Events in it, at least."""


class Bands(NamedTuple):
    """Bands of the rows of a design, each outcome by itself.

    Attributes
    ----------
    of_rows : ndarray of int64, shape (rows,)
        Band of each row among those of its outcome, 0 the least deprived. Twentieths that are too
        small are joined to the next, with the number of the first; the other numbers are empty.
    kept : ndarray of bool, shape (outcomes,)
        Whether the outcome has enough areas and events for a band at all; where not, all rows are
        in one band, of which nothing is to be kept.
    """

    of_rows: Integers
    kept: NDArray[np.bool_]


def deprivation_bands(design: Design) -> Bands:
    """Twentieths of the population by deprivation, joined to ten areas and ten events or more.

    A suppressed count stands for the lowest that it can be. Outcomes that are stages of one another
    have the same bands: the cases of one are the events of another, and bands that end at different
    places would tell the events between them, of an area perhaps.
    """
    bands = np.zeros(len(design.rows.cell), dtype=np.int64)
    kept = np.zeros(len(design.outcomes), dtype=np.bool_)
    for stages in _stages(design):
        cuts = _cuts(design, stages[0])
        enough = [
            outcome for outcome in stages if _sizes(design, outcome, cuts).enough(slice(None))
        ]
        starts = _starts([_sizes(design, outcome, cuts) for outcome in enough])
        for outcome in enough:
            rows = design.row_outcome == outcome
            first = np.searchsorted(starts, _twentieth(design, outcome, cuts), side="right") - 1
            bands[rows] = starts[first]
            kept[outcome] = True
    return Bands(bands, kept)


class _Sizes(NamedTuple):
    """Areas by twentieth and stratum, and events by twentieth, of an outcome."""

    areas: Integers
    events: NDArray[np.float64]

    def enough(self, own: slice) -> bool:
        """Whether some twentieths have so many of both; the largest stratum counts the areas."""
        areas = self.areas[own].sum(axis=0).max()
        return bool(areas >= FEWEST_AREAS and self.events[own].sum() >= FEWEST_EVENTS)


def _stages(design: Design) -> list[list[int]]:
    """Outcomes whose cases are one another's events, the first stage first."""
    chains: dict[str, list[int]] = {}
    first: dict[str, str] = {}
    for place, form in enumerate(design.forms):
        first[form.column] = first.get(form.out_of, form.column)
        chains.setdefault(first[form.column], []).append(place)
    return list(chains.values())


def _cuts(design: Design, outcome: int) -> Floats:
    """Lowest deprivation of each twentieth of an outcome's population but the first."""
    rows = design.row_outcome == outcome
    deprivation = design.rows.deprivation[rows]
    rank = relative_rank(deprivation, design.rows.exposure[rows])
    twentieth = np.minimum((rank * BANDS).astype(np.int64), BANDS - 1)
    return np.array(
        [deprivation[twentieth >= band].min(initial=np.inf) for band in range(1, BANDS)]
    )


def _twentieth(design: Design, outcome: int, cuts: Floats) -> Integers:
    """Twentieth of each row of an outcome."""
    own = design.rows.deprivation[design.row_outcome == outcome]
    return np.asarray(np.searchsorted(cuts, own, side="right"), dtype=np.int64)


def _sizes(design: Design, outcome: int, cuts: Floats) -> _Sizes:
    rows, strata = design.row_outcome == outcome, len(design.strata)
    twentieth = _twentieth(design, outcome, cuts)
    known = np.where(design.rows.suppressed, design.bounds[0], design.rows.count)
    # An area has a row in each of its strata, and one at most in any of them.
    cell = twentieth * strata + design.rows.cell[rows] % strata
    areas = np.bincount(cell, minlength=BANDS * strata).reshape(BANDS, strata)
    return _Sizes(areas, np.bincount(twentieth, known[rows], minlength=BANDS))


def _starts(sizes: Sequence[_Sizes]) -> Integers:
    """First twentieth of each band, in which every outcome has enough; the first of all is 0.

    What is left at the end goes to the last.
    """
    starts, first = [], 0
    for end in range(1, BANDS + 1):
        if all(one.enough(slice(first, end)) for one in sizes):
            starts.append(first)
            first = end
    return np.array(starts or [0], dtype=np.int64)
