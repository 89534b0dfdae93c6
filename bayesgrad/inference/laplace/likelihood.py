"""Log likelihood of the counts as the engine reads it: the fused kernels, one outcome.

The log likelihood is concave in every effect at once, so that its negative Hessian is a proper
curvature wherever it is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model import kernels
from bayesgrad.model.arrays import count_rows, log_constant
from bayesgrad.model.kernels import CountRows, Curvature, Parameters


class Slopes(NamedTuple):
    """Derivatives in the effects of cells, (cells, 2), and in the coefficients, (row terms,)."""

    cell: Floats
    term: Floats


class Pieces(NamedTuple):
    """Log likelihood, its gradient and the blocks of its negative Hessian.

    Attributes
    ----------
    value : float
        With all its constants.
    gradient : Slopes
    cell_curvature : ndarray, shape (cells, 2, 2)
    border : ndarray, shape (cells, 2, row terms)
        Between a cell's effects and the coefficients of the row terms.
    term_curvature : ndarray, shape (row terms, row terms)
    """

    value: float
    gradient: Slopes
    cell_curvature: Floats
    border: Floats
    term_curvature: Floats


@dataclass(frozen=True, eq=False)
class CountLikelihood:
    """Likelihood of the counts of a design with one outcome.

    Attributes
    ----------
    rows : CountRows
    constant : float
        Minus the sum of ln(count!).
    """

    rows: CountRows
    constant: float

    @classmethod
    def of(cls, design: Design) -> CountLikelihood:
        """Likelihood of a design."""
        return cls(count_rows(design), log_constant(design))

    def pieces(self, effects: Floats, coefficients: Floats, *, alpha: float | None) -> Pieces:
        """Log likelihood with its first two derivatives.

        Parameters
        ----------
        effects : ndarray, shape (cells, 2)
            Intercept and slope of each cell.
        coefficients : ndarray, shape (row terms,)
        alpha : float or None
            Negative-binomial size; None for Poisson.
        """
        at = _parameters(effects, coefficients, alpha)
        cells, terms = len(effects), len(coefficients)
        gradient = Parameters(*(np.empty_like(part) for part in at))
        curvature = Curvature(
            cell=np.empty((cells, 2, 2)),
            border=np.empty((cells, 2, terms)),
            coefficient=np.empty((1, terms, terms)),
        )
        value = kernels.log_likelihood(at, self.rows, gradient, curvature)
        return Pieces(
            value + self.constant,
            _slopes(gradient),
            curvature.cell,
            curvature.border,
            curvature.coefficient[0],
        )

    def third_order(
        self, effects: Floats, coefficients: Floats, covariance: Floats, *, alpha: float | None
    ) -> Slopes:
        """Third derivatives, summed against a covariance; see `bayesgrad.model.kernels`.

        Parameters are those of `pieces`, and the covariance of each cell's effects and the
        coefficients, shape (cells, 2 + row terms, 2 + row terms).
        """
        at = _parameters(effects, coefficients, alpha)
        gradient = Parameters(*(np.empty_like(part) for part in at))
        kernels.third_order(at, self.rows, covariance, gradient)
        return _slopes(gradient)


def _parameters(effects: Floats, coefficients: Floats, alpha: float | None) -> Parameters:
    intercept, slope = np.ascontiguousarray(effects.T)
    return Parameters(
        intercept,
        slope,
        np.ascontiguousarray(coefficients)[None, :],
        np.array([np.inf if alpha is None else alpha]),
    )


def _slopes(gradient: Parameters) -> Slopes:
    return Slopes(np.stack([gradient.intercept, gradient.slope], axis=1), gradient.coefficient[0])
