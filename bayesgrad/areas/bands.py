"""Bands of deprivation over the whole table, none of which tells of a few areas."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayesgrad.areas.ranks import relative_rank
from bayesgrad.design.design import Design, Integers

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

    A suppressed count stands for the lowest that it can be.
    """
    bands = np.empty(len(design.rows.cell), dtype=np.int64)
    kept = np.zeros(len(design.outcomes), dtype=np.bool_)
    strata = len(design.strata)
    known = np.where(design.rows.suppressed, design.bounds[0], design.rows.count)
    for outcome in range(len(design.outcomes)):
        rows = design.row_outcome == outcome
        rank = relative_rank(design.rows.deprivation[rows], design.rows.exposure[rows])
        twentieth = np.minimum((rank * BANDS).astype(np.int64), BANDS - 1)
        cell = twentieth * strata + design.rows.cell[rows] % strata
        # An area has a row in each of its strata, and one at most in any of them.
        areas = np.bincount(cell, minlength=BANDS * strata).reshape(BANDS, strata)
        events = np.bincount(twentieth, known[rows], minlength=BANDS)
        joined = _joined(areas, events)
        kept[outcome] = joined is not None
        bands[rows] = 0 if joined is None else joined[twentieth]
    return Bands(bands, kept)


def _joined(areas: Integers, events: NDArray[np.float64]) -> Integers | None:
    """First of the twentieths that each is joined with; None where all together are too few.

    Parameters
    ----------
    areas : ndarray of int64, shape (twentieths, strata)
        Areas by stratum, of which the largest number is the areas there are at least.
    events : ndarray, shape (twentieths,)
    """
    starts = []
    first = 0
    for end in range(1, len(events) + 1):
        own = slice(first, end)
        if areas[own].sum(axis=0).max() >= FEWEST_AREAS and events[own].sum() >= FEWEST_EVENTS:
            starts.append(first)
            first = end
    if not starts:
        return None
    # What is left at the end goes to the last.
    place = np.searchsorted(starts, np.arange(len(events)), side="right") - 1
    return np.array(starts, dtype=np.int64)[place]
