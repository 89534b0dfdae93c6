r"""Adaptive Gauss-Hermite quadrature over the two effects of one authority and outcome, compiled.

The effects are :math:`\theta = m + C w`, w standard normal. Quadrature is over
:math:`w = \hat w + L^{-\top} z` with :math:`\hat w` the mode of the integrand and
:math:`L L^\top` its negative Hessian there, found by Newton's method from the mode of a quadratic
of the likelihood.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.kernel import serial_inlined, serial_kernel
from bayesgrad.kernels.norefcount import without_refcount
from bayesgrad.kernels.scores.authority_rows import AuthorityRows, Quadratic, derivatives
from bayesgrad.kernels.scores.effects_derivatives import WORKSPACE
from bayesgrad.kernels.shapes import Matrix, Vector

CENTRED_ENOUGH = 0.01
"""Squared length of a Newton step, in standard deviations, after which no other is needed."""
MOST_STEPS = 100
LARGEST_STEP = 1.0
"""Of an intercept or a slope, on the scale of the link."""


class Rule(NamedTuple):
    """Gauss-Hermite rule for the standard normal density, in one dimension.

    Attributes
    ----------
    nodes, log_weights : ndarray, shape (n,)
    """

    nodes: Vector
    log_weights: Vector


class Mode(NamedTuple):
    r"""Where an integrand is highest: :math:`\hat w`, and L by rows."""

    w0: float
    w1: float
    l00: float
    l10: float
    l11: float


def gauss_hermite(nodes: int) -> Rule:
    """Nodes, and logs of weights that sum to 1, of the rule for the standard normal density."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return Rule(points, np.log(weights / weights.sum()))


@serial_kernel
def quadrature(
    rows: AuthorityRows,
    offset: Matrix,
    alpha: Matrix,
    sd: Matrix,
    mean: Matrix,
    factor: Matrix,
    start: Quadratic,
    rule: Rule,
    out: Vector,
) -> None:
    """Fill the log likelihood of rows with their two effects integrated out, for each draw.

    Terms of totals alone are left out.

    Parameters
    ----------
    rows : AuthorityRows
        Of a single cell.
    offset : ndarray, shape (sample or 1, rows)
        Linear predictors but for the two effects; one row where all draws have the same.
    alpha, sd : ndarray, shape (sample, 1)
        Sizes, and standard deviations of neighbourhoods.
    mean : ndarray, shape (sample, 2)
        m, of the intercept and of the slope.
    factor : ndarray, shape (sample, 3)
        C, lower triangular: of the intercept, of the slope by the intercept, of the slope alone.
    start : Quadratic
        From whose mode the search starts.
    rule : Rule
    out : ndarray, shape (sample,)
        Filled.
    """
    rows, start, rule = without_refcount(rows), without_refcount(start), without_refcount(rule)
    offset, mean, factor = (
        without_refcount(offset),
        without_refcount(mean),
        without_refcount(factor),
    )
    terms, work = np.empty(len(rule.nodes) * len(rule.nodes)), np.empty(WORKSPACE)
    for s in range(len(out)):
        row = offset[s if len(offset) > 1 else 0]
        of_draw = rows, row, alpha[s, 0], sd[s, 0], mean[s], factor[s]
        mode = mode_of(*of_draw, start, work)
        out[s] = log_integral(*of_draw, mode, rule, terms, work)


@serial_inlined
def mode_of(
    rows: AuthorityRows,
    offset: Vector,
    alpha: float,
    sd: float,
    mean: Vector,
    factor: Vector,
    start: Quadratic,
    work: Matrix,
) -> Mode:
    """Find the mode of the integrand of one draw."""
    m0, m1 = mean
    c00, c10, c11 = factor
    h00, h01, h11 = start.curvature[0]
    t0 = start.target[0, 0] - h00 * m0 - h01 * m1
    t1 = start.target[0, 1] - h01 * m0 - h11 * m1
    w0, w1 = 0.0, 0.0
    g0, g1 = c00 * t0 + c10 * t1, c11 * t1
    step = 0
    while True:
        # L of I + C' H C, and the Newton step of w
        l00 = np.sqrt(1.0 + c00 * (h00 * c00 + h01 * c10) + c10 * (h01 * c00 + h11 * c10))
        l10 = c11 * (c00 * h01 + c10 * h11) / l00
        l11 = np.sqrt(1.0 + c11 * c11 * h11 - l10 * l10)
        v0 = g0 / l00
        v1 = (g1 - l10 * v0) / l11
        d1 = v1 / l11
        d0 = (v0 - l10 * d1) / l00
        change = max(abs(c00 * d0), abs(c10 * d0 + c11 * d1))
        # The first step is that of the quadratic, which may be far away.
        shorter = min(1.0, LARGEST_STEP / change) if step > 0 and change > 0.0 else 1.0
        w0 += shorter * d0
        w1 += shorter * d1
        near = shorter == 1.0 and v0 * v0 + v1 * v1 < CENTRED_ENOUGH
        if step == MOST_STEPS or (step > 0 and near):
            return Mode(w0, w1, l00, l10, l11)
        a, b = m0 + c00 * w0, m1 + c10 * w0 + c11 * w1
        _, g0, g1, h00, h01, h11 = derivatives(rows, np.int64(0), offset, alpha, sd, a, b, work)
        g0, g1 = c00 * g0 + c10 * g1 - w0, c11 * g1 - w1
        step += 1


@serial_inlined
def log_integral(
    rows: AuthorityRows,
    offset: Vector,
    alpha: float,
    sd: float,
    mean: Vector,
    factor: Vector,
    mode: Mode,
    rule: Rule,
    terms: Vector,
    work: Matrix,
) -> float:
    """Log of the integral of one draw, by a rule about the mode; `terms` is overwritten."""
    m0, m1 = mean
    c00, c10, c11 = factor
    nodes, log_weights = rule
    place = 0
    for k0 in range(len(nodes)):
        for k1 in range(len(nodes)):
            z0, z1 = nodes[k0], nodes[k1]
            e1 = z1 / mode.l11
            e0 = mode.w0 + (z0 - mode.l10 * e1) / mode.l00
            e1 = mode.w1 + e1
            a, b = m0 + c00 * e0, m1 + c10 * e0 + c11 * e1
            value = derivatives(rows, np.int64(0), offset, alpha, sd, a, b, work)[0]
            terms[place] = (
                log_weights[k0]
                + log_weights[k1]
                + value
                - 0.5 * (e0 * e0 + e1 * e1)
                + 0.5 * (z0 * z0 + z1 * z1)
            )
            place += 1
    highest, total = -np.inf, 0.0
    for k in range(len(terms)):
        highest = max(highest, terms[k])
    for k in range(len(terms)):
        total += np.exp(terms[k] - highest)
    return highest + np.log(total) - np.log(mode.l00 * mode.l11)
