"""The log likelihood as a function of the effects of authorities and of strata."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.kernel import kernel
from bayesgrad.kernels.likelihood.cells import fill_cells, sum_cells
from bayesgrad.kernels.likelihood.loglik import log_likelihood
from bayesgrad.kernels.likelihood.rows import CountRows, Curvature, Parameters
from bayesgrad.kernels.shapes import Matrix, Vector


class Effects(NamedTuple):
    """What the likelihood depends on, or its derivatives in it.

    Attributes
    ----------
    intercept, slope : ndarray, shape (authorities x outcomes,) or (cells,)
        In the order of cells.
    stratum_intercept, stratum_slope : ndarray, shape (outcomes, strata)
        Added to the former in every authority.
    coefficient : ndarray, shape (outcomes, row terms)
    alpha : ndarray, shape (outcomes,)
    neighbourhood : ndarray, shape (outcomes, neighbourhoods)
    """

    intercept: Vector
    slope: Vector
    stratum_intercept: Matrix
    stratum_slope: Matrix
    coefficient: Matrix
    alpha: Vector
    neighbourhood: Matrix


@kernel
def log_likelihood_by_effects(of: Effects, rows: CountRows, gradient: Effects) -> float:
    """Log likelihood of all rows, less its constant; fills the gradient."""
    cells = len(rows.start) - 1
    at = Parameters(np.empty(cells), np.empty(cells), of.coefficient, of.alpha, of.neighbourhood)
    fill_cells(of.intercept, of.stratum_intercept, at.intercept)
    fill_cells(of.slope, of.stratum_slope, at.slope)
    of_cells = Parameters(
        np.empty(cells),
        np.empty(cells),
        gradient.coefficient,
        gradient.alpha,
        gradient.neighbourhood,
    )
    no_curvature = Curvature(np.empty((0, 2, 2)), np.empty((0, 2, 0)), np.empty((0, 0, 0)))
    value = log_likelihood(at, rows, of_cells, no_curvature)
    sum_cells(of_cells.intercept, gradient.intercept, gradient.stratum_intercept)
    sum_cells(of_cells.slope, gradient.slope, gradient.stratum_slope)
    return value
