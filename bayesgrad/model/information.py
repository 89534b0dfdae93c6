r"""What the rows say of the effects of authorities and strata, as quadratics.

Around :math:`\theta_j = (a_j, b_j)` the log likelihood of authority j is about
:math:`h_j' \theta - \theta' H_j \theta / 2`; and so it is around the deviations of strata, with the
effects of authorities at their best. The sampler uses these to choose its coordinates, and the
mode to choose where to start; since any fixed values give the same posterior, a rough mode will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.design.suppression import moments_within
from bayesgrad.kernels.likelihood.loglik import log_likelihood
from bayesgrad.kernels.likelihood.rows import SUPPRESSED, CountRows, Curvature, Parameters

ROUNDS = 5
STEPS = 3
"""Newton steps between one estimate of spread and overdispersion and the next."""
LARGEST_STEP = 1.0
SPREAD = np.array([0.3, 0.1])
"""Standard deviations of intercepts and slopes with which the mode is sought, at the start."""
STRATA_PRECISION = np.array([0.25, 4.0])
"""Of deviations of strata from their mean: a little, so that a stratum of few events has a mode."""
FIRST_INVERSE_ALPHA = 0.1
LARGEST_FIRST_RISK = 0.9
"""Of events out of cases under the log link, at which the search may start."""
WAY_TO_BOUNDARY = 0.8
"""Of the way to a probability of 1, under the log link: as far as one step may go."""
LEAST_PRECISION = 1e-9
LEAST_OVERDISPERSION, MOST_OVERDISPERSION = 1e-4, 10.0
"""Range of 1/alpha that is tried."""


@dataclass(frozen=True, eq=False)
class Information:
    """Quadratics of a design, intercepts first and slopes second.

    Attributes
    ----------
    curvature : ndarray, shape (outcomes, 2, 2, authorities)
        H, of intercept and slope.
    pull : ndarray, shape (outcomes, 2, authorities)
        h.
    mode : ndarray, shape (2, authorities, outcomes)
        Intercepts and slopes, drawn towards their mean by their spread.
    inverse_alpha : ndarray, shape (outcomes,)
        Moment estimate of 1/alpha; 0 where the family has none.
    strata_mode : ndarray, shape (2, outcomes, strata)
        Deviations of strata from their mean.
    strata_curvature : ndarray, shape (2, outcomes, strata, strata)
        Of intercepts, and of slopes, the effects of authorities profiled out.
    cell_curvature, cell_pull : ndarray, shape (2, outcomes, authorities, strata)
        Of each cell's own deviation, at the mode of authorities and strata.
    """

    curvature: Floats
    pull: Floats
    mode: Floats
    inverse_alpha: Floats
    strata_mode: Floats
    strata_curvature: Floats
    cell_curvature: Floats
    cell_pull: Floats


def effects_information(
    design: Design, rows: CountRows, *, stratum_slopes: bool = True
) -> Information:
    """Quadratics at a rough mode of the posterior, row terms left out.

    Newton steps for the effects of each authority alternate with those for the deviations of
    strata, and with estimates of the authorities' common mean, their spread (a step of the EM
    algorithm) and 1/alpha (by moments). Under the log link steps stop short of probabilities of 1,
    beyond which rows would say nothing.

    Parameters
    ----------
    design : Design
    rows : CountRows
        Of the design.
    stratum_slopes : bool
        Whether strata have slopes of their own.
    """
    likelihood = _OfEffects(design, rows)
    authorities, outcomes, count = design.cells
    effects = np.zeros((2, authorities, outcomes))
    effects[0] = np.where(
        design.risks,
        np.minimum(design.crude_level(), np.log(LARGEST_FIRST_RISK)),
        design.crude_level(),
    )
    strata = np.zeros((2, outcomes, count))
    spread = np.repeat(SPREAD[:, None], outcomes, axis=1)
    dispersed = np.array([form.dispersed for form in design.forms])
    inverse_alpha = np.where(dispersed, FIRST_INVERSE_ALPHA, 0.0)
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            mean = effects.mean(axis=1, keepdims=True)
            precision = 1.0 / spread[:, None, :] ** 2
            gradient, curvature = _over_strata(likelihood.at(effects, strata, inverse_alpha))
            rise = gradient - precision * (effects - mean)
            step, variance = _newton(curvature, precision, rise)
            step = np.clip(step, -LARGEST_STEP, LARGEST_STEP)
            possible = likelihood.possible_part(effects, strata, step[..., None])
            effects = effects + step * possible.min(axis=2)
            if count > 1:
                step = _strata_step(
                    *likelihood.at(effects, strata, inverse_alpha), strata, slopes=stratum_slopes
                )
                possible = likelihood.possible_part(effects, strata, step[:, None])
                strata = strata + step * possible.min(axis=(0, 2))[:, None]
                mean = strata.mean(axis=2)
                strata, effects = strata - mean[:, :, None], effects + mean[:, None, :]
        spread = np.sqrt(effects.var(axis=1) + variance.mean(axis=1))
        if dispersed.any():
            inverse_alpha = np.where(dispersed, likelihood.inverse_alpha(effects, strata), 0.0)
    return _quadratics(effects, strata, inverse_alpha, likelihood)


def _quadratics(
    effects: Floats, strata: Floats, inverse_alpha: Floats, likelihood: _OfEffects
) -> Information:
    of_cells = likelihood.at(effects, strata, inverse_alpha)
    gradient, curvature = _over_strata(of_cells)
    whole = np.moveaxis(curvature[[[0, 1], [1, 2]]], 3, 0)
    pull = np.einsum("sikj,skj->sij", whole, effects.transpose(2, 0, 1))
    own_gradient, own_curvature = of_cells[0], of_cells[1][[0, 2]]
    # The quadratic, too, peaks where all risks are below 1.
    step, _ = _newton(curvature, np.full((2, 1, 1), LEAST_PRECISION), gradient)
    possible = likelihood.possible_part(effects, strata, step[..., None]).min(axis=2)
    total = np.maximum(curvature[[0, 2]], np.finfo(float).tiny)
    shared = np.einsum(
        "ejsk,ejsl->eskl", own_curvature / total[..., None], own_curvature
    )  # What authorities would make good by changing their effects.
    alone = np.einsum("esk,kl->eskl", own_curvature.sum(axis=1), np.eye(strata.shape[2]))
    return Information(
        curvature=whole,
        pull=pull + (possible * gradient).transpose(2, 0, 1),
        mode=effects,
        inverse_alpha=inverse_alpha,
        strata_mode=strata,
        strata_curvature=alone - shared,
        cell_curvature=own_curvature.transpose(0, 2, 1, 3),
        cell_pull=own_gradient.transpose(0, 2, 1, 3),
    )


def _over_strata(of_cells: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    gradient, curvature = of_cells
    return gradient.sum(axis=3), curvature.sum(axis=3)


def _strata_step(gradient: Floats, curvature: Floats, strata: Floats, *, slopes: bool) -> Floats:
    """Newton step of the deviations of strata, (2, outcomes, strata)."""
    precision = STRATA_PRECISION[:, None, None]
    rise = gradient.sum(axis=1) - precision * strata
    step, _ = _newton(curvature.sum(axis=1), np.broadcast_to(precision, strata.shape), rise)
    step = np.clip(step, -LARGEST_STEP, LARGEST_STEP)
    if not slopes:
        step[1] = 0.0
    return step


class _OfEffects:
    """Log likelihood as a function of effects of authorities, strata and overdispersion."""

    def __init__(self, design: Design, rows: CountRows) -> None:
        self._design = design
        nowhere = np.empty(0, dtype=np.int32)
        self._rows = rows._replace(terms=np.empty((0, len(rows.x))), neighbourhood=nowhere)

    def _of_cells(self, effects: Floats, strata: Floats) -> Floats:
        """Effects of cells, (2, cells), from those of authorities and strata."""
        return (effects[..., None] + strata[:, None]).reshape(2, -1)

    def at(self, effects: Floats, strata: Floats, inverse_alpha: Floats) -> tuple[Floats, Floats]:
        """Gradient, (2, *cells), and curvature, (3, *cells), of each cell's effects."""
        intercept, slope = self._of_cells(effects, strata)
        outcomes, cells = len(inverse_alpha), len(intercept)
        none = np.empty((outcomes, 0))
        with np.errstate(divide="ignore"):
            at = Parameters(intercept, slope, none, 1.0 / inverse_alpha, none)
        gradient = Parameters(*(np.empty_like(part) for part in at))
        curvature = Curvature(
            np.empty((cells, 2, 2)), np.empty((cells, 2, 0)), np.empty((outcomes, 0, 0))
        )
        log_likelihood(at, self._rows, gradient, curvature)
        shape = self._design.cells
        upper = curvature.cell[:, [0, 0, 1], [0, 1, 1]].T
        return (
            np.stack([gradient.intercept, gradient.slope]).reshape(2, *shape),
            upper.reshape(3, *shape),
        )

    def possible_part(self, effects: Floats, strata: Floats, step: Floats) -> Floats:
        """Part of a step that keeps the risks of each cell below 1, (*cells).

        Parameters
        ----------
        effects : ndarray, shape (2, authorities, outcomes)
        strata : ndarray, shape (2, outcomes, strata)
        step : ndarray, shape (2, authorities, outcomes, strata)
            Of the effects of cells; any dimension but the first may be 1.
        """
        rows, design = self._rows, self._design
        part = np.ones(design.cells)
        if not design.risks.any():
            return part
        cell = design.rows.cell
        level, gradient = self._of_cells(effects, strata)[:, cell]
        rise, tilt = np.broadcast_to(step, (2, *design.cells)).reshape(2, -1)[:, cell]
        rise = rise + tilt * rows.x
        bounded = design.risks[design.row_outcome] & (rise > 0.0)
        room = -WAY_TO_BOUNDARY * (level + gradient * rows.x)
        of_row = np.divide(room, rise, out=np.ones_like(room), where=bounded)
        np.minimum.at(part.reshape(-1), cell, of_row)
        return np.maximum(part, 0.0)

    def inverse_alpha(self, effects: Floats, strata: Floats) -> Floats:
        """Moment estimate of 1/alpha by outcome, from the variance beyond that of no dispersion."""
        intercept, slope = self._of_cells(effects, strata)[:, self._design.rows.cell]
        predictor = self._rows.offset + intercept + slope * self._rows.x
        return moment_inverse_alpha(self._design, self._rows, predictor)


def moment_inverse_alpha(design: Design, rows: CountRows, predictor: Floats) -> Floats:
    """Estimate 1/alpha by outcome, from the variance beyond that of no dispersion.

    Parameters
    ----------
    design : Design
    rows : CountRows
        Of the design.
    predictor : ndarray, shape (rows,)
        Linear predictors, those of counts with the log exposure.
    """
    of_outcome, outcomes = design.row_outcome, len(design.forms)

    def sums(values: Floats) -> Floats:
        return np.bincount(of_outcome, values, minlength=outcomes)

    mean = np.exp(np.minimum(predictor, 30.0))
    events, spread = _expected_events(design, rows, mean)
    square = sums((events - mean) ** 2 + spread - mean)
    estimate = square / np.maximum(sums(mean**2), np.finfo(float).tiny)
    if len(rows.cases):
        logit = np.array([form.link == "logit" for form in design.forms])[of_outcome]
        p = np.where(logit, mean / (1.0 + mean), np.minimum(mean, 1.0 - 1e-9))
        binomial = rows.cases * p * (1.0 - p)
        extra = sums((rows.events - rows.cases * p) ** 2 - binomial)
        most = sums(binomial * (rows.cases - 1.0))
        share = np.clip(extra / np.maximum(most, np.finfo(float).tiny), 0.0, 0.9)
        of_cases = np.array([form.of_cases for form in design.forms])
        estimate = np.where(of_cases, share / (1.0 - share), estimate)
    return np.clip(estimate, LEAST_OVERDISPERSION, MOST_OVERDISPERSION)


def _expected_events(design: Design, rows: CountRows, mean: Floats) -> tuple[Floats, Floats]:
    """Events of rows and their variances, of suppressed ones as of Poisson counts in bounds."""
    events, spread = rows.events.copy(), np.zeros_like(mean)
    hidden = np.flatnonzero(events == SUPPRESSED)
    events[hidden], spread[hidden] = moments_within(mean[hidden], design.bounds)
    return events, spread


def _newton(curvature: Floats, precision: Floats, gradient: Floats) -> tuple[Floats, Floats]:
    """Newton step of pairs of effects, and the variances of these, by 2 x 2 matrices."""
    first, cross, second = curvature[0] + precision[0], curvature[1], curvature[2] + precision[1]
    inverse = np.stack([second, -cross, first]) / (first * second - cross**2)
    step = np.stack(
        [
            inverse[0] * gradient[0] + inverse[1] * gradient[1],
            inverse[1] * gradient[0] + inverse[2] * gradient[1],
        ]
    )
    return step, inverse[[0, 2]]
