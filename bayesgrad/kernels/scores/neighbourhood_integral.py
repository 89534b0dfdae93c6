r"""Log likelihood of rows with the effects of their neighbourhoods integrated out, compiled.

For the rows of neighbourhood m and the effects a and b of their authority and outcome,

.. math:: \ell_m(a, b) = \ln \int \prod_{i \in m} p(y_i \mid a + \sigma u + b x_i) \, N(u; 0, 1)
          \, du,

by adaptive Gauss-Hermite quadrature, centred and scaled by the mode of the integrand. Its
derivatives are means over u given the rows, with f the log likelihood of the rows:
:math:`\nabla \ell_m = E[\nabla f]` and :math:`-\nabla^2 \ell_m = E[-\nabla^2 f] - Cov[\nabla f]`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.kernel import kernel
from bayesgrad.kernels.scores.effects_derivatives import effects_derivatives
from bayesgrad.kernels.shapes import Integers, Matrix, Vector

CENTRED_ENOUGH = 1e-3
"""Squared length of a Newton step, in standard deviations, after which no other is needed."""
MOST_STEPS = 100
LARGEST_STEP = 1.0
"""Of an effect, on the scale of the link."""


class Segments(NamedTuple):
    """Rows by neighbourhood, those of a cell and neighbourhood adjacent.

    Attributes
    ----------
    row : ndarray of int64, shape (segments + 1,) or (0,)
        First row of each segment, and the number of rows; empty where there are no neighbourhoods.
    cell : ndarray of int64, shape (cells + 1,)
        First segment of each cell, and the number of segments.
    mode : ndarray, shape (segments,)
        Standardised effects at which searches start; overwritten by what they find.
    nodes, log_weights : ndarray, shape (n,)
        Of a Gauss-Hermite rule for the standard normal density, n odd.
    """

    row: Integers
    cell: Integers
    mode: Vector
    nodes: Vector
    log_weights: Vector


@kernel
def cell_derivatives(
    family: int,
    offset: Vector,
    count: Vector,
    cases: Vector,
    x: Vector,
    cell: int,
    first: int,
    last: int,
    alpha: float,
    sd: float,
    intercept: float,
    slope: float,
    segments: Segments,
    bounds: Integers,
    work: Matrix,
) -> tuple[float, float, float, float, float, float]:
    """Log likelihood, its gradient (2) and its negative Hessian (3: 00, 01, 11), of one cell.

    Parameters
    ----------
    offset, count, cases, x : ndarray, shape (rows,)
        Of all cells.
    cell : int
    first, last : int
        First of its rows, and of those after.
    sd : float
        Of neighbourhoods; of no account where there are none.
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count that is suppressed.
    work : ndarray
        Of shape `WORKSPACE`; overwritten.
    """
    if len(segments.row) == 0:
        return effects_derivatives(
            family,
            offset[first:last],
            count[first:last],
            cases[first:last],
            x[first:last],
            alpha,
            intercept,
            slope,
            bounds,
            work,
        )
    value, g0, g1, h00, h01, h11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for m in range(segments.cell[cell], segments.cell[cell + 1]):
        here, there = segments.row[m], segments.row[m + 1]
        found = neighbourhood_derivatives(
            family,
            offset[here:there],
            count[here:there],
            cases[here:there],
            x[here:there],
            alpha,
            sd,
            intercept,
            slope,
            segments,
            m,
            bounds,
            work,
        )
        value += found[0]
        g0 += found[1]
        g1 += found[2]
        h00 += found[3]
        h01 += found[4]
        h11 += found[5]
    return value, g0, g1, h00, h01, h11


@kernel
def neighbourhood_derivatives(
    family: int,
    offset: Vector,
    count: Vector,
    cases: Vector,
    x: Vector,
    alpha: float,
    sd: float,
    intercept: float,
    slope: float,
    segments: Segments,
    m: int,
    bounds: Integers,
    work: Matrix,
) -> tuple[float, float, float, float, float, float]:
    """Derivatives of the rows of one neighbourhood, as of `cell_derivatives`."""
    u, step = segments.mode[m], 0
    while True:
        middle = effects_derivatives(
            family, offset, count, cases, x, alpha, intercept + sd * u, slope, bounds, work
        )
        rise, precision = sd * middle[1] - u, 1.0 + sd * sd * middle[3]
        if rise * rise < CENTRED_ENOUGH * precision or step == MOST_STEPS:
            break
        change = rise / precision
        u += change * min(1.0, LARGEST_STEP / max(abs(sd * change), 1e-300))
        step += 1
    segments.mode[m] = u
    scale = 1.0 / np.sqrt(precision)
    highest, total = -np.inf, 0.0
    g0, g1, h00, h01, h11 = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(len(segments.nodes)):
        node = segments.nodes[k]
        at = u + scale * node
        found = middle
        if node != 0.0:
            found = effects_derivatives(
                family, offset, count, cases, x, alpha, intercept + sd * at, slope, bounds, work
            )
        log_term = segments.log_weights[k] + found[0] + 0.5 * (node * node - at * at)
        if log_term > highest:
            shrink = np.exp(highest - log_term)
            total, g0, g1 = total * shrink, g0 * shrink, g1 * shrink
            h00, h01, h11 = h00 * shrink, h01 * shrink, h11 * shrink
            highest = log_term
        weight = np.exp(log_term - highest)
        d0, d1 = found[1], found[2]
        total += weight
        g0 += weight * d0
        g1 += weight * d1
        h00 += weight * (found[3] - d0 * d0)
        h01 += weight * (found[4] - d0 * d1)
        h11 += weight * (found[5] - d1 * d1)
    g0, g1 = g0 / total, g1 / total
    value = highest + np.log(total * scale)
    h00, h01, h11 = h00 / total + g0 * g0, h01 / total + g0 * g1, h11 / total + g1 * g1
    return value, g0, g1, h00, h01, h11
