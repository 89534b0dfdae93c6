r"""What each authority's own rows say of its intercept and slope, as a quadratic.

Around :math:`\theta_j = (a_j, b_j)` the log likelihood of authority j is about
:math:`h_j' \theta - \theta' H_j \theta / 2`. The sampler uses :math:`H_j` and :math:`h_j` to choose
its coordinates; since any fixed values give the same posterior, a rough mode will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.spec.vocabulary import Family

ROUNDS = 15
LARGEST_STEP = 1.0
SPREAD = np.array([0.3, 0.1])
"""Standard deviations of intercepts and slopes with which the mode is sought, at the start."""
SMALLEST_SPREAD = 0.01
LEAST_OVERDISPERSION, MOST_OVERDISPERSION = 1e-4, 10.0
"""Range of 1/alpha that is tried."""


@dataclass(frozen=True, eq=False)
class Information:
    """Quadratic of each authority and outcome.

    Attributes
    ----------
    curvature : ndarray, shape (3, authorities, outcomes)
        H: of the intercept, of intercept and slope, of the slope.
    pull : ndarray, shape (2, authorities, outcomes)
        h.
    """

    curvature: Floats
    pull: Floats


def authority_information(design: Design, *, family: Family) -> Information:
    """Quadratic of every authority at a rough mode of the posterior, covariates left out.

    A Newton step for the effects of each authority alternates with moment estimates of their
    common mean, their spread and, for the negative binomial, 1/alpha.
    """
    authorities, outcomes, _ = design.cells
    effects = np.zeros((2, authorities, outcomes))
    effects[0] = design.log_crude_rate()
    mean = effects.mean(axis=1, keepdims=True)
    spread = np.repeat(SPREAD[:, None], outcomes, axis=1)
    overdispersion = np.full(outcomes, 0.0 if family == "poisson" else 0.1)
    for _ in range(ROUNDS):
        gradient, curvature, overdispersion = _quadratic(design, effects, overdispersion)
        precision = 1.0 / spread[:, None, :] ** 2
        step = _solve(curvature, precision, gradient - precision * (effects - mean))
        effects = effects + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        mean = effects.mean(axis=1, keepdims=True)
        spread = np.maximum(effects.std(axis=1), SMALLEST_SPREAD)
    gradient, curvature, _ = _quadratic(design, effects, overdispersion)
    pull = np.stack(
        [
            curvature[0] * effects[0] + curvature[1] * effects[1] + gradient[0],
            curvature[1] * effects[0] + curvature[2] * effects[1] + gradient[1],
        ]
    )
    return Information(curvature, pull)


def _quadratic(
    design: Design, effects: Floats, overdispersion: Floats
) -> tuple[Floats, Floats, Floats]:
    """Gradient (2, ...) and curvature (3, ...) at the effects, and 1/alpha by its moments."""
    rows = design.rows
    authority = design.cell_authority[rows.cell]
    outcome = design.row_outcome
    intercept, slope = effects[:, authority, outcome]
    mean = rows.exposure * np.exp(np.clip(intercept + slope * rows.x, -30.0, 10.0))
    ratio = mean * overdispersion[outcome]
    residual = (rows.count - mean) / (1.0 + ratio)
    weight = mean * (1.0 + rows.count * overdispersion[outcome]) / (1.0 + ratio) ** 2

    def summed(values: Floats) -> Floats:
        return design.cell_sum(values).sum(axis=2)

    gradient = np.stack([summed(residual), summed(residual * rows.x)])
    curvature = np.stack([summed(weight * rows.x**power) for power in range(3)])
    if not overdispersion.any():
        return gradient, curvature, overdispersion
    excess = summed((rows.count - mean) ** 2 - mean).sum(axis=0)
    moment = excess / np.maximum(summed(mean**2).sum(axis=0), 1e-300)
    return gradient, curvature, np.clip(moment, LEAST_OVERDISPERSION, MOST_OVERDISPERSION)


def _solve(curvature: Floats, precision: Floats, gradient: Floats) -> Floats:
    """Newton step of each authority: (H + precision)^-1 gradient, for 2 x 2 matrices."""
    first, cross, second = curvature[0] + precision[0], curvature[1], curvature[2] + precision[1]
    determinant = first * second - cross**2
    return np.stack(
        [
            (second * gradient[0] - cross * gradient[1]) / determinant,
            (first * gradient[1] - cross * gradient[0]) / determinant,
        ]
    )
