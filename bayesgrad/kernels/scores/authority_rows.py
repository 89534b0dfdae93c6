"""Rows of one authority as the integrals over its effects read them, compiled."""

from __future__ import annotations

from typing import NamedTuple

from bayesgrad.kernels.kernel import serial_inlined
from bayesgrad.kernels.scores.neighbourhood_integral import Segments, cell_derivatives
from bayesgrad.kernels.shapes import Integers, Matrix, Vector


class AuthorityRows(NamedTuple):
    """Rows of one authority by cell.

    Attributes
    ----------
    events, cases, x : ndarray, shape (rows,)
    start : ndarray of int64, shape (cells + 1,)
        First row of each cell, and the number of rows.
    outcome : ndarray of int64, shape (cells,)
    family : ndarray of int64, shape (outcomes,)
    segments : Segments
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count that is suppressed.
    load : ndarray, shape (cells, factors)
        Of each cell on the factors that both effects of its outcome have.
    """

    events: Vector
    cases: Vector
    x: Vector
    start: Integers
    outcome: Integers
    family: Integers
    segments: Segments
    bounds: Integers
    load: Matrix


class Quadratic(NamedTuple):
    """Quadratic of the log likelihood in the effects of each cell.

    Attributes
    ----------
    target : ndarray, shape (cells, 2)
        g + H e, gradient and negative Hessian at the effects e.
    curvature : ndarray, shape (cells, 3)
        H: 00, 01, 11.
    """

    target: Matrix
    curvature: Matrix


@serial_inlined
def derivatives(
    rows: AuthorityRows,
    cell: int,
    offset: Vector,
    alpha: float,
    sd: float,
    intercept: float,
    slope: float,
    work: Matrix,
) -> tuple[float, float, float, float, float, float]:
    """Log likelihood of a cell and its derivatives, as of `cell_derivatives`."""
    return cell_derivatives(
        rows.family[rows.outcome[cell]],
        offset,
        rows.events,
        rows.cases,
        rows.x,
        cell,
        rows.start[cell],
        rows.start[cell + 1],
        alpha,
        sd,
        intercept,
        slope,
        rows.segments,
        rows.bounds,
        work,
    )
