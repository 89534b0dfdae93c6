r"""Log likelihood of the counts with its first two derivatives in the cells' and rows' effects.

With :math:`\eta_i = \ln E_i + a_{c(i)} + b_{c(i)} x_i + r_i`, :math:`\mu_i = e^{\eta_i}` and
:math:`q_i = 1 / (1 + \mu_i / \alpha)` (1 for Poisson), the derivatives of row i in its linear
predictor are

.. math:: \frac{\partial \ell_i}{\partial \eta_i} = (y_i - \mu_i) q_i, \qquad
          w_i = -\frac{\partial^2 \ell_i}{\partial \eta_i^2}
              = \mu_i (1 + y_i / \alpha) q_i^2 \ge 0,

so that the log likelihood is concave in every effect at once. The value has all the constants of
`bayesgrad.model.likelihood`, in its form without gamma functions. This module holds all of the
engine's arithmetic over rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.model.arrays import LARGEST_ALPHA, likelihood_arrays


@dataclass(frozen=True, eq=False)
class RowData:
    """What the likelihood reads of a design with one outcome, rows sorted by cell.

    Attributes
    ----------
    start : ndarray of int, shape (cells,)
        First row of each cell; no cell is empty.
    size : ndarray of int, shape (cells,)
        Number of rows of each cell.
    count, x, log_exposure : ndarray, shape (rows,)
    terms : ndarray, shape (rows, row terms)
        Columns whose coefficients all cells share: covariates, moderators and the curve.
    cell_count, cell_count_x : ndarray, shape (cells,)
        Sums of y and of y x.
    exceedance : ndarray, shape (largest count,)
        Number of rows with a count above k.
    constant : float
        Sum over rows of y ln E - ln y!.
    """

    start: Integers
    size: Integers
    count: Floats
    x: Floats
    log_exposure: Floats
    terms: Floats
    cell_count: Floats
    cell_count_x: Floats
    exceedance: Floats
    constant: float

    @classmethod
    def of(cls, design: Design) -> RowData:
        """Row data of a design with one outcome."""
        arrays, rows = likelihood_arrays(design), design.rows
        starts = design.cell_starts()
        return cls(
            start=starts[:-1],
            size=np.diff(starts),
            count=arrays["row_count"],
            x=arrays["row_x"],
            log_exposure=arrays["row_log_exposure"],
            terms=np.hstack([rows.covariates.values, rows.gradient_moderators, rows.curve]),
            cell_count=design.cell_sum(rows.count).ravel(),
            cell_count_x=design.cell_sum(rows.count * rows.x).ravel(),
            exceedance=arrays["exceedance"][0],
            constant=float(
                arrays["log_constant"] + arrays["row_count"] @ arrays["row_log_exposure"]
            ),
        )


@dataclass(frozen=True, eq=False)
class Pieces:
    """Log likelihood, its gradient and the blocks of its negative Hessian.

    Attributes
    ----------
    value : float
    cell_gradient : ndarray, shape (cells, 2)
        In the intercept and the slope of each cell.
    cell_curvature : ndarray, shape (cells, 2, 2)
        Sums over the cell's rows of w, w x and w x^2.
    term_gradient : ndarray, shape (row terms,)
    term_curvature : ndarray, shape (row terms, row terms)
    border : ndarray, shape (cells, 2, row terms)
        Between a cell's effects and the coefficients of the row terms.
    """

    value: float
    cell_gradient: Floats
    cell_curvature: Floats
    term_gradient: Floats
    term_curvature: Floats
    border: Floats


def likelihood_pieces(
    rows: RowData, effects: Floats, coefficients: Floats, *, alpha: float | None
) -> Pieces:
    """Evaluate the log likelihood and its derivatives in one pass over the rows.

    Parameters
    ----------
    rows : RowData
    effects : ndarray, shape (cells, 2)
        Intercept and slope of each cell.
    coefficients : ndarray, shape (row terms,)
    alpha : float or None
        Negative-binomial size; None for Poisson.
    """
    eta, term_effect = _linear_predictor(rows, effects, coefficients)
    linear = effects[:, 0] @ rows.cell_count + effects[:, 1] @ rows.cell_count_x + rows.constant
    linear += _dot(term_effect, rows.count)
    # A step that is far too long gives an infinite mean: a value that no line search accepts.
    with np.errstate(over="ignore", invalid="ignore"):
        rest, residual, weight = _row_derivatives(rows, np.exp(eta), alpha)
        weighted = weight * rows.x
        moments = np.stack([residual, residual * rows.x, weight, weighted, weighted * rows.x])
        sums = np.add.reduceat(moments, rows.start, axis=1)
        return Pieces(
            value=float(linear + rest),
            cell_gradient=sums[:2].T,
            cell_curvature=sums[[[2, 3], [3, 4]]].transpose(2, 0, 1),
            term_gradient=np.einsum("i,im->m", residual, rows.terms),
            term_curvature=np.einsum("im,in->mn", weight[:, None] * rows.terms, rows.terms),
            border=_border(rows, weight, weighted),
        )


def weight_derivatives(
    rows: RowData, effects: Floats, coefficients: Floats, *, alpha: float | None
) -> Floats:
    r"""Derivative of each row's weight in its linear predictor, minus the third of its value.

    .. math:: \frac{\partial w_i}{\partial \eta_i} = w_i \frac{1 - \mu_i / \alpha}
              {1 + \mu_i / \alpha}

    Parameters are those of `likelihood_pieces`; the shape is (rows,).
    """
    mean = np.exp(_linear_predictor(rows, effects, coefficients)[0])
    _, _, weight = _row_derivatives(rows, mean, alpha)
    if alpha is None:
        return weight
    ratio = mean / min(alpha, LARGEST_ALPHA)
    return weight * (1.0 - ratio) / (1.0 + ratio)


def _linear_predictor(
    rows: RowData, effects: Floats, coefficients: Floats
) -> tuple[Floats, Floats]:
    """Linear predictor of each row, and the part of it that is of the row terms."""
    intercept, slope = np.repeat(effects.T, rows.size, axis=1)
    of_cells = rows.log_exposure + intercept + slope * rows.x
    if not len(coefficients):
        return of_cells, np.zeros_like(of_cells)
    term_effect = np.einsum("im,m->i", rows.terms, coefficients)
    return of_cells + term_effect, term_effect


def _row_derivatives(
    rows: RowData, mean: Floats, alpha: float | None
) -> tuple[float, Floats, Floats]:
    """Value without its linear part, and first and negative second derivative of each row."""
    if alpha is None:
        return float(-mean.sum()), rows.count - mean, mean
    alpha = min(alpha, LARGEST_ALPHA)
    ratio = mean / alpha
    shrink = 1.0 / (1.0 + ratio)
    size = rows.count + alpha
    steps = np.arange(len(rows.exceedance))
    value = _dot(rows.exceedance, np.log1p(steps / alpha)) - _dot(size, np.log1p(ratio))
    weight = ratio * size
    weight *= shrink
    weight *= shrink
    return value, (rows.count - mean) * shrink, weight


def _dot(one: Floats, other: Floats) -> float:
    """Inner product without BLAS, whose threads cost more than they save on one short pass."""
    return float(np.einsum("i,i->", one, other))


def _border(rows: RowData, weight: Floats, weighted: Floats) -> Floats:
    if not rows.terms.shape[1]:
        return np.empty((len(rows.start), 2, 0))
    columns = np.stack([weight[:, None] * rows.terms, weighted[:, None] * rows.terms], axis=1)
    return np.add.reduceat(columns, rows.start, axis=0)
