"""Log likelihood of rows as a function of their two effects, with derivatives, compiled."""

from __future__ import annotations

from bayesgrad.kernels.families.densities import LARGEST_LOG_SHARE
from bayesgrad.kernels.families.derivatives import (
    row_derivatives,
    suppressed_derivatives,
)
from bayesgrad.kernels.families.numbers import BETA_BINOMIAL_LOG, BINOMIAL_LOG
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.likelihood.rows import SUPPRESSED
from bayesgrad.kernels.shapes import Integers, Matrix, Vector

BLOCK = 256
"""Rows at a time, which stay in the processor's nearest cache."""
WORKSPACE = (4, BLOCK)
"""Shape of the work of a block: predictors, two derivatives, and what is beyond the possible."""


@kernel
def effects_derivatives(
    family: int,
    offset: Vector,
    count: Vector,
    cases: Vector,
    x: Vector,
    alpha: float,
    intercept: float,
    slope: float,
    bounds: Integers,
    work: Matrix,
) -> tuple[float, float, float, float, float, float]:
    """Log likelihood, its gradient (2) and its negative Hessian (3: 00, 01, 11).

    Terms that no effect changes are left out. Where the log link makes a probability impossible,
    the log likelihood of the row is continued by its quadratic from `LARGEST_LOG_SHARE`: a wall so
    steep that a search turns back.

    Parameters
    ----------
    family : int
        Of `bayesgrad.kernels.families.numbers.FAMILIES`.
    offset, count, cases, x : ndarray, shape (rows,)
        The count is `SUPPRESSED` where it is; a run of such rows is one block or more.
    alpha : float
    intercept, slope : float
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count that is suppressed.
    work : ndarray
        Of shape `WORKSPACE`; overwritten.
    """
    walled = family in (BINOMIAL_LOG, BETA_BINOMIAL_LOG)
    eta, residual, weight, beyond = work[0], work[1], work[2], work[3]
    value, g0, g1, h00, h01, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    last = 0
    while last < len(count):
        first, last = last, block_end(count, last)
        size, own = last - first, x[first:last]
        here = offset[first:last]
        for i in range(size):
            eta[i] = here[i] + intercept + slope * own[i]
        if walled:
            for i in range(size):
                beyond[i] = max(eta[i] - LARGEST_LOG_SHARE, 0.0)
                eta[i] -= beyond[i]
        if count[first] == SUPPRESSED:
            part, _ = suppressed_derivatives(family, eta[:size], bounds, alpha, residual, weight)
        else:
            part, _ = row_derivatives(
                family, eta, count[first:last], cases[first:last], alpha, residual, weight
            )
        value += part
        if walled:
            for i in range(size):
                value += beyond[i] * (residual[i] - 0.5 * weight[i] * beyond[i])
                residual[i] -= weight[i] * beyond[i]
        for i in range(size):
            g0 += residual[i]
            g1 += residual[i] * own[i]
            h00 += weight[i]
            h01 += weight[i] * own[i]
            h11 += weight[i] * own[i] * own[i]
    return value, g0, g1, h00, h01, h11


@inlined
def block_end(count: Vector, first: int) -> int:
    """End of the block that begins at a row: its rows are all suppressed, or none."""
    hidden, last = count[first] == SUPPRESSED, min(first + BLOCK, len(count))
    for i in range(first + 1, last):
        if (count[i] == SUPPRESSED) != hidden:
            return i
    return last
