"""Log likelihood of a design's rows as the engine reads it: the fused kernels, by cell.

The log likelihood is concave in every effect at once, so that its negative Hessian is a proper
curvature wherever it is evaluated; the beta-binomial's is not, and the engine has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.likelihood.loglik import log_likelihood, third_order
from bayesgrad.kernels.likelihood.rows import CountRows, Curvature, Parameters
from bayesgrad.model.arrays import count_rows, log_constant


class Slopes(NamedTuple):
    """Derivatives in what the likelihood reads.

    Attributes
    ----------
    cell : ndarray, shape (authorities, outcomes, strata, 2)
        In intercept and slope of each cell.
    term : ndarray, shape (outcomes, row terms)
        In the coefficients of row terms.
    alpha : ndarray, shape (outcomes,)
    """

    cell: Floats
    term: Floats
    alpha: Floats


class Pieces(NamedTuple):
    """Log likelihood, its gradient and the blocks of its negative Hessian.

    Attributes
    ----------
    value : float
        With all its constants.
    gradient : Slopes
    cell_curvature : ndarray, shape (authorities, outcomes, strata, 2, 2)
    border : ndarray, shape (authorities, outcomes, strata, 2, row terms)
        Between a cell's effects and the coefficients of its outcome's row terms.
    term_curvature : ndarray, shape (outcomes, row terms, row terms)
    """

    value: float
    gradient: Slopes
    cell_curvature: Floats
    border: Floats
    term_curvature: Floats


@dataclass(frozen=True, eq=False)
class RowsLikelihood:
    """Likelihood of the rows of a design.

    Attributes
    ----------
    rows : CountRows
    cells : tuple of int
        Number of authorities, outcomes and strata.
    constant : float
        Part of the log likelihood that no parameter changes.
    """

    rows: CountRows
    cells: tuple[int, int, int]
    constant: float

    @classmethod
    def of(cls, design: Design) -> RowsLikelihood:
        """Likelihood of a design."""
        return cls(count_rows(design), design.cells, log_constant(design))

    def pieces(self, effects: Floats, coefficients: Floats, *, alpha: Floats) -> Pieces:
        """Log likelihood with its first two derivatives.

        Parameters
        ----------
        effects : ndarray, shape (authorities, outcomes, strata, 2)
            Intercept and slope of each cell.
        coefficients : ndarray, shape (outcomes, row terms)
        alpha : ndarray, shape (outcomes,)
            Size of the negative binomial; infinite where there is none.
        """
        at = _parameters(effects, coefficients, alpha)
        outcomes, terms = coefficients.shape
        gradient = Parameters(*(np.empty_like(part) for part in at))
        curvature = Curvature(
            cell=np.empty((len(at.intercept), 2, 2)),
            border=np.empty((len(at.intercept), 2, terms)),
            coefficient=np.empty((outcomes, terms, terms)),
        )
        value = log_likelihood(at, self.rows, gradient, curvature)
        return Pieces(
            value + self.constant,
            self._slopes(gradient),
            curvature.cell.reshape(*self.cells, 2, 2),
            curvature.border.reshape(*self.cells, 2, terms),
            curvature.coefficient,
        )

    def third_order(
        self, effects: Floats, coefficients: Floats, covariance: Floats, *, alpha: Floats
    ) -> Slopes:
        """Third derivatives, summed against a covariance (`bayesgrad.kernels.likelihood.loglik`).

        Parameters are those of `pieces`, and the covariance of each cell's effects and the
        coefficients of its outcome, shape (cells, 2 + row terms, 2 + row terms).
        """
        at = _parameters(effects, coefficients, alpha)
        gradient = Parameters(*(np.empty_like(part) for part in at))
        third_order(at, self.rows, covariance, gradient)
        return self._slopes(gradient)

    def _slopes(self, gradient: Parameters) -> Slopes:
        cell = np.stack([gradient.intercept, gradient.slope], axis=1)
        return Slopes(cell.reshape(*self.cells, 2), gradient.coefficient, gradient.alpha)


def _parameters(effects: Floats, coefficients: Floats, alpha: Floats) -> Parameters:
    intercept, slope = np.ascontiguousarray(effects.reshape(-1, 2).T)
    none = np.empty((len(coefficients), 0))
    return Parameters(intercept, slope, np.ascontiguousarray(coefficients), alpha, none)
