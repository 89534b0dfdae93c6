r"""What each authority's own rows say of its intercept and slope, as a quadratic.

Around :math:`\theta_j = (a_j, b_j)` the log likelihood of authority j is about
:math:`h_j' \theta - \theta' H_j \theta / 2`. The sampler uses :math:`H_j` and :math:`h_j` to choose
its coordinates, and the mode to choose where to start; since any fixed values give the same
posterior, a rough mode will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.model import kernels
from bayesgrad.model.kernels import CountRows, Curvature, Parameters
from bayesgrad.spec.vocabulary import Family

ROUNDS = 5
STEPS = 3
"""Newton steps between one estimate of spread and overdispersion and the next."""
LARGEST_STEP = 1.0
SPREAD = np.array([0.3, 0.1])
"""Standard deviations of intercepts and slopes with which the mode is sought, at the start."""
LEAST_OVERDISPERSION, MOST_OVERDISPERSION = 1e-4, 10.0
"""Range of 1/alpha that is tried."""


@dataclass(frozen=True, eq=False)
class Information:
    """Quadratic of each authority and outcome.

    Attributes
    ----------
    curvature : ndarray, shape (outcomes, 2, 2, authorities)
        H, of intercept and slope.
    pull : ndarray, shape (outcomes, 2, authorities)
        h.
    mode : ndarray, shape (2, authorities, outcomes)
        Intercepts and slopes, drawn towards their mean by their spread.
    inverse_alpha : ndarray, shape (outcomes,)
        Moment estimate of 1/alpha; 0 for Poisson.
    """

    curvature: Floats
    pull: Floats
    mode: Floats
    inverse_alpha: Floats


def authority_information(design: Design, rows: CountRows, *, family: Family) -> Information:
    """Quadratic of every authority at a rough mode of the posterior, row terms left out.

    Newton steps for the effects of each authority alternate with estimates of their common mean,
    their spread (a step of the EM algorithm) and, for the negative binomial, 1/alpha (by moments).

    Parameters
    ----------
    design : Design
    rows : CountRows
        Of the design.
    family : {"poisson", "negative_binomial"}
    """
    likelihood = _OfEffects(design, rows, family)
    authorities, outcomes, _ = design.cells
    effects = np.zeros((2, authorities, outcomes))
    effects[0] = design.crude_level()
    spread = np.repeat(SPREAD[:, None], outcomes, axis=1)
    inverse_alpha = np.full(outcomes, 0.0 if family == "poisson" else 0.1)
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            mean = effects.mean(axis=1, keepdims=True)
            precision = 1.0 / spread[:, None, :] ** 2
            gradient, curvature = likelihood.at(effects, inverse_alpha)
            rise = gradient - precision * (effects - mean)
            step, variance = _newton(curvature, precision, rise)
            effects = effects + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        spread = np.sqrt(effects.var(axis=1) + variance.mean(axis=1))
        if family == "negative_binomial":
            inverse_alpha = likelihood.inverse_alpha(effects)
    gradient, curvature = likelihood.at(effects, inverse_alpha)
    whole = np.moveaxis(curvature[[[0, 1], [1, 2]]], 3, 0)
    mode = effects.transpose(2, 0, 1)
    pull = np.einsum("sikj,skj->sij", whole, mode)
    return Information(whole, pull + gradient.transpose(2, 0, 1), effects, inverse_alpha)


class _OfEffects:
    """Log likelihood as a function of the effects of authorities, (2, authorities, outcomes)."""

    def __init__(self, design: Design, rows: CountRows, family: Family) -> None:
        self._design = design
        self._family = kernels.FAMILIES[family]
        self._rows = rows._replace(terms=np.empty((0, len(rows.x))))

    def _of_cells(self, effects: Floats) -> Floats:
        """Effects of cells, (2, cells), from those of authorities and outcomes."""
        return np.repeat(effects.reshape(2, -1), self._design.cells[2], axis=1)

    def at(self, effects: Floats, inverse_alpha: Floats) -> tuple[Floats, Floats]:
        """Gradient, (2, authorities, outcomes), and curvature, (3, authorities, outcomes)."""
        intercept, slope = self._of_cells(effects)
        outcomes, cells = len(inverse_alpha), len(intercept)
        none = np.empty((outcomes, 0))
        with np.errstate(divide="ignore"):
            at = Parameters(intercept, slope, none, 1.0 / inverse_alpha)
        gradient = Parameters(*(np.empty_like(part) for part in at))
        curvature = Curvature(
            np.empty((cells, 2, 2)), np.empty((cells, 2, 0)), np.empty((outcomes, 0, 0))
        )
        kernels.log_likelihood(self._family, at, self._rows, gradient, curvature)
        upper: Integers = np.array([[0, 0, 1], [0, 1, 1]])
        return (
            self._of_authorities(np.stack([gradient.intercept, gradient.slope])),
            self._of_authorities(curvature.cell[:, upper[0], upper[1]].T),
        )

    def _of_authorities(self, values: Floats) -> Floats:
        """Sum over strata: (n, cells) -> (n, authorities, outcomes)."""
        return values.reshape(len(values), *self._design.cells).sum(axis=3)

    def inverse_alpha(self, effects: Floats) -> Floats:
        """Moment estimate of 1/alpha by outcome: excess variance over squared means."""
        intercept, slope = self._of_cells(effects)[:, self._design.rows.cell]
        predictor = self._rows.log_exposure + intercept + slope * self._rows.x
        mean = np.exp(np.minimum(predictor, 30.0))
        of_outcome, outcomes = self._design.row_outcome, effects.shape[2]
        excess = np.bincount(of_outcome, (self._rows.events - mean) ** 2 - mean, minlength=outcomes)
        squares = np.bincount(of_outcome, mean**2, minlength=outcomes)
        return np.clip(
            excess / np.maximum(squares, 1e-300), LEAST_OVERDISPERSION, MOST_OVERDISPERSION
        )


def _newton(curvature: Floats, precision: Floats, gradient: Floats) -> tuple[Floats, Floats]:
    """Newton step of each authority, and the variances of its effects, by 2 x 2 matrices."""
    first, cross, second = curvature[0] + precision[0], curvature[1], curvature[2] + precision[1]
    inverse = np.stack([second, -cross, first]) / (first * second - cross**2)
    step = np.stack(
        [
            inverse[0] * gradient[0] + inverse[1] * gradient[1],
            inverse[1] * gradient[0] + inverse[2] * gradient[1],
        ]
    )
    return step, inverse[[0, 2]]
