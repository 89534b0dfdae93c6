r"""Passes over all rows: log likelihood with gradient and Hessian blocks, and third derivatives.

Row i of cell c has :math:`\eta_i = \ln E_i + a_c + b_c x_i + t_i \cdot \beta`: exposure, intercept,
slope, and the coefficients of the row terms of its outcome; and, where there are larger
neighbourhoods, the effect of its own on that outcome.

The rows of a cell are taken in blocks that stay in the processor's nearest cache: linear
predictors, then derivatives by the family, then sums. Suppressed rows, the last of a cell, have
blocks of their own.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.families.derivatives import (
    row_derivatives,
    row_third_derivatives,
    suppressed_derivatives,
    suppressed_third_derivatives,
)
from bayesgrad.kernels.families.elementary import finite_or_impossible
from bayesgrad.kernels.families.numbers import (
    BETA_BINOMIAL_LOG,
    BETA_BINOMIAL_LOGIT,
    NEGATIVE_BINOMIAL,
)
from bayesgrad.kernels.families.rising_factorial import rising_factorials
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.likelihood.blocks import (
    add_by_neighbourhood,
    add_curvature,
    inner,
    linear_predictor,
    predictor_variance,
)
from bayesgrad.kernels.likelihood.rows import CountRows, Curvature, Parameters
from bayesgrad.kernels.norefcount import without_refcount
from bayesgrad.kernels.shapes import Cube, Integers, Vector

BLOCK = 256
"""Rows of a block."""


@kernel
def log_likelihood(
    at: Parameters,
    rows: CountRows,
    gradient: Parameters,
    curvature: Curvature,
) -> float:
    """Log likelihood of all rows, less its constant; fills the gradient and the curvature.

    Parameters
    ----------
    at : Parameters
        With an alpha for every outcome, whether or not its family has one.
    rows : CountRows
    gradient : Parameters
        Filled.
    curvature : Curvature
        Filled, unless it is empty.

    Returns
    -------
    float
        Minus infinity where it is no number, as where a mean is beyond the range of doubles.
    """
    value = dispersion_terms(at, rows, gradient)
    gradient.coefficient[:] = 0.0
    gradient.neighbourhood[:] = 0.0
    curvature.cell[:] = 0.0
    curvature.border[:] = 0.0
    curvature.coefficient[:] = 0.0
    block = (np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK))
    bounds = rows.bounds.astype(np.int64)
    value += _over_cells(at, rows, bounds, gradient, curvature, block)
    return finite_or_impossible(value)


@inlined
def _over_cells(
    at: Parameters,
    rows: CountRows,
    bounds: Integers,
    gradient: Parameters,
    curvature: Curvature,
    block: tuple[Vector, Vector, Vector],
) -> float:
    """Sum of the log likelihood over rows; adds to the gradient and the curvature."""
    at, rows, gradient = without_refcount(at), without_refcount(rows), without_refcount(gradient)
    eta, residual, weight = without_refcount(block)
    curvature, value = without_refcount(curvature), 0.0
    for c in range(len(rows.start) - 1):
        s = rows.outcome[c]
        family = np.int64(rows.family[s])
        residuals, residuals_x = 0.0, 0.0
        last = np.int64(rows.start[c])
        while last < rows.start[c + 1]:
            first, last = last, block_end(rows, c, last)
            x = rows.x[first:last]
            linear_predictor(eta, at, rows, c, first, last)
            if first < rows.suppressed_start[c]:
                part, change = row_derivatives(
                    family,
                    eta,
                    rows.events[first:last],
                    rows.cases[first:last],
                    at.alpha[s],
                    residual,
                    weight,
                )
            else:
                own = eta[: last - first]
                part, change = suppressed_derivatives(
                    family, own, bounds, at.alpha[s], residual, weight
                )
            value += part
            gradient.alpha[s] += change
            for i in range(len(x)):
                residuals += residual[i]
                residuals_x += residual[i] * x[i]
            for m in range(len(rows.terms)):
                gradient.coefficient[s, m] += inner(residual, rows.terms[m, first:last])
            if len(rows.neighbourhood):
                index = rows.neighbourhood[first:last]
                add_by_neighbourhood(residual, index, gradient.neighbourhood[s])
            if len(curvature.cell):
                add_curvature(
                    weight,
                    x,
                    rows.terms,
                    first,
                    curvature.cell[c],
                    curvature.border[c],
                    curvature.coefficient[s],
                )
        gradient.intercept[c] = residuals
        gradient.slope[c] = residuals_x
    return value


@kernel
def third_order(at: Parameters, rows: CountRows, covariance: Cube, gradient: Parameters) -> None:
    r"""Fill the gradient of :math:`\sum_i s_i w_i` at fixed s, the variances of the predictors.

    Parameters
    ----------
    at : Parameters
    rows : CountRows
    covariance : ndarray, shape (cells, 2 + row terms, 2 + row terms)
        Of the intercept, the slope and the coefficients that each cell reads:
        :math:`s_i = h_i' C h_i` with :math:`h_i = (1, x_i, t_i)`.
    gradient : Parameters
        Filled; alpha is left at 0. The effects of neighbourhoods are taken as known.
    """
    gradient.alpha[:] = 0.0
    gradient.coefficient[:] = 0.0
    gradient.neighbourhood[:] = 0.0
    block = (np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK))
    bounds = rows.bounds.astype(np.int64)
    _third_derivatives_over_cells(at, rows, bounds, covariance, gradient, block)


@inlined
def _third_derivatives_over_cells(
    at: Parameters,
    rows: CountRows,
    bounds: Integers,
    covariance: Cube,
    gradient: Parameters,
    block: tuple[Vector, Vector, Vector],
) -> None:
    """Add to the gradient what `third_order` sums."""
    at, rows, gradient = without_refcount(at), without_refcount(rows), without_refcount(gradient)
    eta, third, variance = without_refcount(block)
    for c in range(len(rows.start) - 1):
        s = rows.outcome[c]
        family = np.int64(rows.family[s])
        thirds, thirds_x = 0.0, 0.0
        last = np.int64(rows.start[c])
        while last < rows.start[c + 1]:
            first, last = last, block_end(rows, c, last)
            x = rows.x[first:last]
            linear_predictor(eta, at, rows, c, first, last)
            if first < rows.suppressed_start[c]:
                count, cases = rows.events[first:last], rows.cases[first:last]
                row_third_derivatives(family, eta, count, cases, at.alpha[s], third)
            else:
                own = eta[: last - first]
                suppressed_third_derivatives(family, own, bounds, at.alpha[s], third)
            predictor_variance(variance, x, rows.terms, first, covariance[c])
            for i in range(len(x)):
                third[i] *= variance[i]
                thirds += third[i]
                thirds_x += third[i] * x[i]
            for m in range(len(rows.terms)):
                gradient.coefficient[s, m] += inner(third, rows.terms[m, first:last])
            if len(rows.neighbourhood):
                index = rows.neighbourhood[first:last]
                add_by_neighbourhood(third, index, gradient.neighbourhood[s])
        gradient.intercept[c] = thirds
        gradient.slope[c] = thirds_x


@inlined
def block_end(rows: CountRows, cell: int, first: int) -> np.int64:
    """End of the block that begins at a row of a cell: its rows are all suppressed, or none."""
    middle = rows.suppressed_start[cell]
    return np.int64(min(first + BLOCK, middle if first < middle else rows.start[cell + 1]))


@inlined
def dispersion_terms(at: Parameters, rows: CountRows, gradient: Parameters) -> float:
    """Log likelihood that depends on totals and alpha alone; sets the gradient in alpha to its."""
    value = 0.0
    for s in range(len(at.alpha)):
        gradient.alpha[s] = 0.0
        family, sign = rows.family[s], 0.0
        if family == NEGATIVE_BINOMIAL:
            sign = 1.0
        elif family in (BETA_BINOMIAL_LOG, BETA_BINOMIAL_LOGIT):
            sign = -1.0
        if sign != 0.0:
            part, change = rising_factorials(
                at.alpha[s], rows.exceedance[s], rows.large_count, rows.large_frequency[s]
            )
            value += sign * part
            gradient.alpha[s] = sign * change
    return value
