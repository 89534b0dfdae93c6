"""What the kernels read and fill: plain records of arrays."""

from __future__ import annotations

from typing import NamedTuple

from bayesgrad.kernels.shapes import Cube, Indices, Matrix, Vector

SUPPRESSED = -1.0
"""Stands for a suppressed count, which is known only to lie within bounds."""


class CountRows(NamedTuple):
    """Rows sorted by cell, as the kernels read them; every array C-contiguous.

    The suppressed rows of each cell come last.

    Attributes
    ----------
    events, x, offset : ndarray, shape (rows,)
        Events are `SUPPRESSED` where they are. The offset is the log of the exposure, and 0 for
        events out of cases.
    cases : ndarray, shape (rows,) or (0,)
        Cases that events are out of; empty where no outcome has any.
    terms : ndarray, shape (row terms, rows)
        Columns whose coefficients all cells of an outcome share.
    start : ndarray of int32, shape (cells + 1,)
        First row of each cell, and the number of rows.
    suppressed_start : ndarray of int32, shape (cells,)
        First suppressed row of each cell; where it has none, the first row of the next.
    bounds : ndarray of int32, shape (2,)
        Smallest and largest count that is suppressed.
    outcome : ndarray of int32, shape (cells,)
    family : ndarray of int32, shape (outcomes,)
        Of `FAMILIES`.
    exceedance : ndarray, shape (outcomes, at most `SMALL_COUNTS`)
        Number of rows with a total above k = 0, 1, ...: a count of the negative binomial, or the
        cases of the beta-binomial. Other families have none, nor have suppressed rows.
    large_count : ndarray, shape (large,)
        Distinct totals above `SMALL_COUNTS`.
    large_frequency : ndarray, shape (outcomes, large)
        Number of rows with each.
    neighbourhood : ndarray of int32, shape (rows,) or (0,)
        Larger neighbourhood of each row; empty where there are none.
    """

    events: Vector
    x: Vector
    offset: Vector
    cases: Vector
    terms: Matrix
    start: Indices
    suppressed_start: Indices
    bounds: Indices
    outcome: Indices
    family: Indices
    exceedance: Matrix
    large_count: Vector
    large_frequency: Matrix
    neighbourhood: Indices


class Parameters(NamedTuple):
    """Parameters of the likelihood, or its derivatives in them.

    Attributes
    ----------
    intercept, slope : ndarray, shape (cells,)
    coefficient : ndarray, shape (outcomes, row terms)
    alpha : ndarray, shape (outcomes,)
        Size of the negative binomial or the beta-binomial; others ignore it, and its derivative
        is 0.
    neighbourhood : ndarray, shape (outcomes, neighbourhoods)
        Effects that the rows of a neighbourhood share.
    """

    intercept: Vector
    slope: Vector
    coefficient: Matrix
    alpha: Vector
    neighbourhood: Matrix


class Curvature(NamedTuple):
    """Blocks of the negative Hessian in cells' effects and coefficients; empty if not wanted.

    Attributes
    ----------
    cell : ndarray, shape (cells, 2, 2)
        Of intercept and slope.
    border : ndarray, shape (cells, 2, row terms)
        Between these and the coefficients of the cell's outcome.
    coefficient : ndarray, shape (outcomes, row terms, row terms)
    """

    cell: Cube
    border: Cube
    coefficient: Cube
