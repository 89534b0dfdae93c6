r"""Effects of larger neighbourhoods: what their rows say of them, and of their authority.

Neighbourhood m of authority j adds :math:`v_{ms} \sim N(0, \sigma_s^2)` to the linear predictor
of all its areas, in all strata of outcome s. Its rows' log likelihood is about a quadratic in
:math:`a_j + v_m` and :math:`b_j`. The sampler's coordinates of :math:`v_m` are given the effects of
its authority (`bayesgrad.kernels.coordinates.neighbourhoods`), and so those of the authority are
by what the rows say of it when they do not know :math:`v_m`: with
:math:`s = 1 / (1 + \sigma^2 H)` of neighbourhoods' information H the intercept's is
:math:`\sum_m s H`, not :math:`\sum_m H`. Sigma is a rough estimate there;
any fixed values give the same posterior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.coordinates.neighbourhoods import Quadratics, neighbourhoods_forward
from bayesgrad.kernels.likelihood.loglik import log_likelihood
from bayesgrad.kernels.likelihood.rows import SUPPRESSED, CountRows, Curvature, Parameters
from bayesgrad.model.information import (
    LARGEST_STEP,
    WAY_TO_BOUNDARY,
    Information,
    effects_information,
    moment_inverse_alpha,
)

ROUNDS = 12
STEPS = 2
"""Newton steps between one estimate of the spread and the next."""
FIRST_SD = 0.1
SMALLEST_SD = 0.02


@dataclass(frozen=True, eq=False)
class NeighbourhoodInformation:
    """Quadratics of neighbourhoods at a rough mode.

    Attributes
    ----------
    quadratics : Quadratics
    sd : ndarray, shape (outcomes,)
        Rough standard deviation of their effects.
    """

    quadratics: Quadratics
    sd: Floats


def whole_information(
    design: Design, rows: CountRows, *, stratum_slopes: bool
) -> tuple[Information, NeighbourhoodInformation | None]:
    """Quadratics of authorities and strata, neighbourhoods integrated out, and of neighbourhoods.

    Parameters
    ----------
    design : Design
    rows : CountRows
        Of the design.
    stratum_slopes : bool
        Whether strata have slopes of their own.
    """
    found = effects_information(design, rows, stratum_slopes=stratum_slopes)
    if not design.neighbourhoods:
        return found, None
    likelihood = _OfNeighbourhoods(design, rows, found)
    values, sd, inverse_alpha = _mode(likelihood, found.inverse_alpha)
    pieces = likelihood.at(values, inverse_alpha)
    # The quadratic, too, peaks where all risks are below 1.
    step = pieces.gradient[0] / (pieces.curvature[0] + 1.0 / sd[:, None] ** 2)
    gradient = likelihood.possible_part(values, step) * pieces.gradient
    level, both, slope = pieces.curvature
    a, b = (effect.T[:, design.neighbourhood_authority] for effect in found.mode)
    pull = gradient[0] + level * (a + values) + both * b
    pull_slope = gradient[1] + both * (a + values) + slope * b
    share = 1.0 / (1.0 + sd[:, None] ** 2 * level)
    lost = sd[:, None] ** 2 * share * both

    def by_authority(values: Floats) -> Floats:
        return np.add.reduceat(values, likelihood.start[:-1], axis=1)

    cross = by_authority(share * both)
    curvature = np.stack(
        [
            np.stack([by_authority(share * level), cross], axis=1),
            np.stack([cross, by_authority(slope - lost * both)], axis=1),
        ],
        axis=1,
    )
    pulls = [by_authority(share * pull), by_authority(pull_slope - lost * pull)]
    known = Quadratics(likelihood.start, np.stack([level, both], axis=1), pull)
    whole = replace(
        found, curvature=curvature, pull=np.stack(pulls, axis=1), inverse_alpha=inverse_alpha
    )
    return whole, NeighbourhoodInformation(known, sd)


def neighbourhood_arrays(
    design: Design, information: NeighbourhoodInformation | None
) -> dict[str, np.ndarray]:
    """Arrays of the coordinates of neighbourhoods, under the names of their `pm.Data`.

    Parameters
    ----------
    information : NeighbourhoodInformation or None
        Without it coordinates are those of the prior.
    """
    if not design.neighbourhoods:
        return {}
    outcomes, count = len(design.forms), len(design.neighbourhoods)
    known = Quadratics(
        neighbourhood_start(design), np.zeros((outcomes, 2, count)), np.zeros((outcomes, count))
    )
    if information is not None:
        known = information.quadratics
    return {f"neighbourhood_{field}": values for field, values in known._asdict().items()}


def neighbourhood_start(design: Design) -> np.ndarray:
    """First neighbourhood of each authority, and the number of neighbourhoods."""
    places = np.arange(len(design.authorities.codes) + 1)
    return np.searchsorted(design.neighbourhood_authority, places).astype(np.int32)


def neighbourhood_values(
    arrays: dict[str, np.ndarray], *, sd: Floats, z: Floats, intercept: Floats, slope: Floats
) -> Floats:
    """Effects of neighbourhoods in some draws, (draws, outcomes, neighbourhoods).

    Parameters
    ----------
    arrays : dict
        From `neighbourhood_arrays`.
    sd, z, intercept, slope : ndarray
        As for `neighbourhoods_forward`, the draws first.
    """
    known = Quadratics(*(arrays[f"neighbourhood_{field}"] for field in Quadratics._fields))
    values = np.empty_like(z)
    for draw in range(len(z)):
        neighbourhoods_forward(sd[draw], z[draw], intercept[draw], slope[draw], known, values[draw])
    return values


@dataclass(frozen=True)
class _Pieces:
    """Gradient, (2, outcomes, neighbourhoods), and curvature (3, ...) in level and slope."""

    gradient: Floats
    curvature: Floats


class _OfNeighbourhoods:
    """Log likelihood by neighbourhood, as the kernels give it with a cell for each and outcome."""

    def __init__(self, design: Design, rows: CountRows, known: Information) -> None:
        self.start = neighbourhood_start(design)
        self._design, self._rows = design, rows
        self.shape = len(design.neighbourhoods), len(design.forms)
        cells = (known.mode[..., None] + known.strata_mode[:, None]).reshape(2, -1)
        of_row = np.repeat(np.arange(len(rows.start) - 1), np.diff(rows.start))
        self._predictor = rows.offset + cells[0, of_row] + cells[1, of_row] * rows.x
        self._index = rows.neighbourhood * self.shape[1] + rows.outcome[of_row]
        self._risk = design.risks[rows.outcome[of_row]]
        order = np.lexsort((rows.events == SUPPRESSED, self._index))
        index = self._index[order]
        starts = np.searchsorted(index, np.arange(np.prod(self.shape) + 1))
        hidden = np.bincount(index[rows.events[order] == SUPPRESSED], minlength=len(starts) - 1)
        self._sorted = rows._replace(
            events=rows.events[order],
            x=rows.x[order],
            offset=self._predictor[order],
            cases=rows.cases[order] if len(rows.cases) else rows.cases,
            terms=np.empty((0, len(order))),
            start=starts.astype(np.int32),
            suppressed_start=(starts[1:] - hidden).astype(np.int32),
            outcome=np.tile(np.arange(self.shape[1], dtype=np.int32), self.shape[0]),
            neighbourhood=np.empty(0, dtype=np.int32),
        )

    def at(self, values: Floats, inverse_alpha: Floats) -> _Pieces:
        """Derivatives in the effects of neighbourhoods, (outcomes, neighbourhoods), and slopes."""
        size, outcomes = int(np.prod(self.shape)), self.shape[1]
        none = np.empty((outcomes, 0))
        with np.errstate(divide="ignore"):
            alpha = 1.0 / inverse_alpha
        level = np.ascontiguousarray(values.T).reshape(-1)
        at = Parameters(level, np.zeros(size), none, alpha, none)
        gradient = Parameters(*(np.empty_like(part) for part in at))
        curvature = Curvature(
            np.empty((size, 2, 2)), np.empty((size, 2, 0)), np.empty((outcomes, 0, 0))
        )
        log_likelihood(at, self._sorted, gradient, curvature)
        upper = curvature.cell[:, [0, 0, 1], [0, 1, 1]].T
        by_level = np.stack([gradient.intercept, gradient.slope])
        return _Pieces(
            *(part.reshape(-1, *self.shape).swapaxes(1, 2) for part in (by_level, upper))
        )

    def _predictors(self, values: Floats) -> Floats:
        found: Floats = self._predictor + values.T.reshape(-1)[self._index]
        return found

    def possible_part(self, values: Floats, step: Floats) -> Floats:
        """Part of a step that keeps the risks of each neighbourhood below 1."""
        part = np.ones(values.size)
        if self._risk.any():
            rise = step.T.reshape(-1)[self._index]
            room = -WAY_TO_BOUNDARY * self._predictors(values)
            bounded = self._risk & (rise > 0.0)
            of_row = np.divide(room, rise, out=np.ones_like(room), where=bounded)
            np.minimum.at(part, self._index, of_row)
        return np.maximum(part, 0.0).reshape(self.shape).T

    def inverse_alpha(self, values: Floats) -> Floats:
        """Moment estimate of 1/alpha by outcome."""
        return moment_inverse_alpha(self._design, self._rows, self._predictors(values))


def _mode(likelihood: _OfNeighbourhoods, inverse_alpha: Floats) -> tuple[Floats, Floats, Floats]:
    """Effects of neighbourhoods at a rough mode, their spread (by EM) and 1/alpha (by moments)."""
    count, outcomes = likelihood.shape
    values, sd = np.zeros((outcomes, count)), np.full(outcomes, FIRST_SD)
    for _ in range(ROUNDS):
        precision = 1.0 / sd[:, None] ** 2
        for _ in range(STEPS):
            pieces = likelihood.at(values, inverse_alpha)
            total = pieces.curvature[0] + precision
            step = np.clip(
                (pieces.gradient[0] - precision * values) / total, -LARGEST_STEP, LARGEST_STEP
            )
            values = values + likelihood.possible_part(values, step) * step
        sd = np.maximum(np.sqrt((values**2 + 1.0 / total).mean(axis=1)), SMALLEST_SD)
        inverse_alpha = np.where(inverse_alpha > 0.0, likelihood.inverse_alpha(values), 0.0)
    return values, sd, inverse_alpha
