r"""The fixed effects: their order, their priors and what they do to the effects of cells.

Every fixed effect belongs to one outcome, and all outcomes have the same ones: coefficients of the
levels and gradients of authorities; contrasts of strata, standard normal, which make deviations
:math:`v = \sigma B w` (`bayesgrad.design.strata`); coefficients of row terms. They stand outcome
after outcome, in that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.hyperparameters import HyperValues
from bayesgrad.model.coefficient_priors import CoefficientPrior, level_priors, row_priors
from bayesgrad.model.strata import KINDS, strata_kinds
from bayesgrad.spec.model_spec import ModelSpec


@dataclass(frozen=True, eq=False)
class FixedEffects:
    """Fixed effects of a model, q of each outcome and p of all.

    Attributes
    ----------
    level_blocks, row_blocks : tuple of CoefficientPrior
        Coefficients of authorities, which come first, and of row terms, which come last.
    systematic : ndarray, shape (authorities, 2, level coefficients)
        What the first do to intercept and slope of an authority.
    basis : ndarray, shape (strata, 2, contrasts)
        What contrasts do to intercept and slope of a stratum, at standard deviations of 1.
    scale_of : ndarray of int64, shape (contrasts,)
        Which of the standard deviations of strata, (kinds x components,), each contrast has.
    prior_mean, prior_sd : ndarray, shape (p,)
    outcomes : int
    """

    level_blocks: tuple[CoefficientPrior, ...]
    row_blocks: tuple[CoefficientPrior, ...]
    systematic: Floats
    basis: Floats
    scale_of: Integers
    prior_mean: Floats
    prior_sd: Floats
    outcomes: int

    @classmethod
    def of(cls, spec: ModelSpec, design: Design) -> FixedEffects:
        """Fixed effects of a spec, with normal priors, on a design."""
        level, rows = level_priors(spec, design), row_priors(spec, design)
        basis, scale_of = _strata_basis(spec, design)
        parts = []
        for crude in design.crude_level():
            blocks = [np.stack(block.moments(crude), axis=1) for block in (*level, *rows)]
            moments = np.concatenate(blocks)
            first = sum(block.size for block in level)
            contrasts = np.tile([0.0, 1.0], (len(scale_of), 1))
            parts.append(np.concatenate([moments[:first], contrasts, moments[first:]]))
        mean, sd = np.concatenate(parts).T
        return cls(level, rows, _systematic(design), basis, scale_of, mean, sd, len(parts))

    @property
    def level(self) -> slice:
        """Places of the coefficients of authorities among the q of an outcome."""
        return slice(0, self.systematic.shape[2])

    @property
    def contrasts(self) -> slice:
        """Places of the contrasts of strata."""
        first = self.systematic.shape[2]
        return slice(first, first + self.basis.shape[2])

    @property
    def rows(self) -> slice:
        """Places of the coefficients of row terms."""
        return slice(self.contrasts.stop, len(self.prior_mean) // self.outcomes)

    def by_outcome(self, fixed: Floats) -> Floats:
        """Fixed effects of each outcome: (..., p) -> (..., outcomes, q)."""
        return fixed.reshape(*fixed.shape[:-1], self.outcomes, -1)

    def scale(self, hyper: HyperValues) -> Floats:
        """What a standard normal is multiplied by where it is one, and 1 elsewhere: (p,)."""
        if not len(self.scale_of):
            return self._ones
        found = self.by_outcome(self._ones.copy())
        by_outcome = hyper.strata.transpose(1, 0, 2).reshape(self.outcomes, -1)
        found[:, self.contrasts] = by_outcome[:, self.scale_of]
        return found.ravel()

    @cached_property
    def _ones(self) -> Floats:
        return np.ones(len(self.prior_mean))

    def means(self, fixed: Floats) -> Floats:
        """Systematic parts of the authority effects: (..., p) -> (..., authorities, K)."""
        level = self.by_outcome(fixed)[..., self.level]
        by_outcome = level @ self._by_coefficient
        found = np.moveaxis(by_outcome.reshape(*by_outcome.shape[:-1], -1, 2), -3, -2)
        return found.reshape(*found.shape[:-2], 2 * self.outcomes)

    def of_means(self, slopes: Floats) -> Floats:
        """Gradient in the coefficients: (authorities, outcomes, 2) -> (outcomes, k)."""
        return slopes.swapaxes(0, 1).reshape(self.outcomes, -1) @ self._by_coefficient.T

    @cached_property
    def _by_coefficient(self) -> Floats:
        """`systematic` with a row for each coefficient: (k, authorities x 2)."""
        return np.ascontiguousarray(self.systematic.reshape(-1, self.systematic.shape[2]).T)

    def strata(self, fixed: Floats) -> Floats:
        """Deviations of strata: scaled fixed effects, (..., p) -> (..., outcomes, strata, 2)."""
        return np.tensordot(self.by_outcome(fixed)[..., self.contrasts], self.basis, axes=(-1, 2))

    def named(self, fixed: Floats) -> dict[str, tuple[str | None, Floats]]:
        """Dimension and values of each variable: (..., p) -> (..., outcomes[, size])."""
        by_outcome = self.by_outcome(fixed)
        return {
            **_split(self.level_blocks, by_outcome[..., self.level]),
            **_split(self.row_blocks, by_outcome[..., self.rows]),
        }


def _split(
    blocks: tuple[CoefficientPrior, ...], coefficients: Floats
) -> dict[str, tuple[str | None, Floats]]:
    found, place = {}, 0
    for block in blocks:
        values = coefficients[..., place : place + block.size]
        found[block.variable] = (block.dim, values if block.dim else values[..., 0])
        place += block.size
    return found


def _systematic(design: Design) -> Floats:
    """The columns of the intercept in row 0 and those of the slope in row 1."""
    authorities = design.authorities
    ones = np.ones((len(authorities.codes), 1))
    columns = []
    for block in (ones, authorities.moderation, authorities.moderators.values):
        absent = np.zeros_like(block)
        columns += [np.stack([block, absent], axis=1), np.stack([absent, block], axis=1)]
    return np.concatenate(columns, axis=2)


def _strata_basis(spec: ModelSpec, design: Design) -> tuple[Floats, Integers]:
    """Columns of all contrasts, by kind and component, and which standard deviation each has."""
    columns = [np.empty((len(design.strata), 2, 0))]
    scale_of = []
    for kind in strata_kinds(spec):
        for component in design.strata_components:
            block = np.zeros((len(design.strata), 2, component.basis.shape[1]))
            block[:, KINDS.index(kind)] = component.basis
            columns.append(block)
            scale_of.append(block.shape[2])
    return np.concatenate(columns, axis=2), np.repeat(np.arange(len(scale_of)), scale_of)
