r"""The latent Gaussian part of the model: fixed effects and authority effects, and their prior.

The latent vector is :math:`(\beta, z_1, \ldots, z_J)`, with the authority effects in it as standard
normal deviations:

.. math:: \beta_k \sim N(m_k, s_k^2), \qquad z_j \sim N(0, I), \qquad
          v_j = (a_j, b_j) = Z_j \beta_{\mathrm{level}} + L z_j, \qquad L L^T = \Sigma .

With :math:`H_j` the negative Hessian of authority j's likelihood in :math:`v_j`, the blocks of the
arrow are :math:`I + L^T H_j L` and its border :math:`L^T H_j Z_j`: well conditioned also where a
standard deviation is nearly zero or the correlation nearly one, for :math:`\Sigma` is never
inverted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.arrow import Arrow
from bayesgrad.inference.laplace.hyperparameters import HyperValues
from bayesgrad.inference.laplace.likelihood import CountLikelihood, Pieces, Slopes
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import LocationPrior

LOG_TWO_PI = float(np.log(2.0 * np.pi))


class FixedBlock(NamedTuple):
    """Coefficients of one variable: its name, dimension beside outcome, size and prior."""

    name: str
    dim: str | None
    size: int
    prior: LocationPrior


class Latent(NamedTuple):
    """Values of the latent vector, or of its gradient: (p,) and (authorities, 2)."""

    fixed: Floats
    standard: Floats


class Effects(NamedTuple):
    """Fixed effects, (..., p), and authority effects v_j, (..., authorities, 2)."""

    fixed: Floats
    authority: Floats


class Evaluation(NamedTuple):
    """Log density of data and latent vector, its gradient and negative Hessian."""

    value: float
    gradient: Latent
    curvature: Arrow


@dataclass(frozen=True, eq=False)
class LatentModel:
    """Likelihood and Gaussian prior of the latent vector.

    Attributes
    ----------
    likelihood : CountLikelihood
    blocks : tuple of FixedBlock
        Layout of the fixed effects; those of rows come last.
    systematic : ndarray, shape (authorities, 2, level effects)
        Z_j.
    prior_mean, prior_sd : ndarray, shape (p,)
        Of the fixed effects.
    """

    likelihood: CountLikelihood
    blocks: tuple[FixedBlock, ...]
    systematic: Floats
    prior_mean: Floats
    prior_sd: Floats

    @classmethod
    def of(cls, spec: ModelSpec, design: Design) -> LatentModel:
        """Latent model of a spec, with normal priors of its fixed effects, on a design."""
        blocks = _level_blocks(spec, design) + _row_blocks(spec, design)
        given = [{"mu": design.crude_level()[0], **b.prior.parameters()} for b in blocks]
        sizes = [block.size for block in blocks]
        return cls(
            likelihood=CountLikelihood.of(design),
            blocks=blocks,
            systematic=_systematic(design),
            prior_mean=np.repeat([float(prior["mu"]) for prior in given], sizes),
            prior_sd=np.repeat([float(prior["sigma"]) for prior in given], sizes),
        )

    @property
    def size(self) -> int:
        """Length of the latent vector."""
        return int(self.prior_mean.size + np.prod(self.systematic.shape[:2]))

    @cached_property
    def _log_prior_constant(self) -> float:
        return float(-np.log(self.prior_sd).sum() - 0.5 * self.size * LOG_TWO_PI)

    def start(self) -> Effects:
        """The prior mean, with every authority where it puts it."""
        return Effects(self.prior_mean, self._means(self.prior_mean))

    def _means(self, fixed: Floats) -> Floats:
        """Systematic parts of the authority effects: (..., p) -> (..., authorities, 2)."""
        level = self.systematic.shape[2]
        return np.tensordot(fixed[..., :level], self.systematic, axes=(-1, 2))

    def effects(self, latent: Latent, hyper: HyperValues) -> Effects:
        """Effects of latent vectors, of any leading shape."""
        return Effects(latent.fixed, self._means(latent.fixed) + latent.standard @ hyper.lower.T)

    def standardised(self, effects: Effects, hyper: HyperValues) -> Latent:
        """Latent vector of the given effects."""
        deviation = effects.authority - self._means(effects.fixed)
        return Latent(effects.fixed, deviation @ np.linalg.inv(hyper.lower).T)

    def evaluate(self, latent: Latent, hyper: HyperValues) -> Evaluation:
        """Log density of data and latent vector given the hyperparameters, constants included."""
        level = self.systematic.shape[2]
        effects = self.effects(latent, hyper).authority
        pieces = self.likelihood.pieces(effects, latent.fixed[level:], alpha=hyper.alpha)
        scaled = (latent.fixed - self.prior_mean) / self.prior_sd
        value = (
            pieces.value
            + self._log_prior_constant
            - 0.5 * (scaled @ scaled + np.vdot(latent.standard, latent.standard))
        )
        rise = self.pulled_back(pieces.gradient, hyper)
        gradient = Latent(rise.fixed - scaled / self.prior_sd, rise.standard - latent.standard)
        return Evaluation(float(value), gradient, self._curvature(pieces, hyper))

    def pulled_back(self, slopes: Slopes, hyper: HyperValues) -> Latent:
        """Gradient in the latent vector of what has these in the effects and coefficients."""
        shared = np.tensordot(slopes.cell, self.systematic, axes=2)
        return Latent(np.concatenate([shared, slopes.term]), slopes.cell @ hyper.lower)

    def _curvature(self, pieces: Pieces, hyper: HyperValues) -> Arrow:
        level = self.systematic.shape[2]
        across = pieces.cell_curvature @ self.systematic
        border = np.concatenate([across, pieces.border], axis=2)
        corner = np.diag(self.prior_sd**-2.0)
        shared = np.tensordot(self.systematic, border, axes=((0, 1), (0, 1)))
        corner[:level] += shared
        corner[level:, :level] += shared[:, level:].T
        corner[level:, level:] += pieces.term_curvature
        lower = hyper.lower
        return Arrow(
            corner=corner,
            border=lower.T @ border,
            blocks=lower.T @ pieces.cell_curvature @ lower + np.eye(len(lower)),
        )


def _level_blocks(spec: ModelSpec, design: Design) -> tuple[FixedBlock, ...]:
    priors = spec.priors
    interaction = priors.interaction_for(spec.authority.moderation)
    terms, moderators = len(design.basis.terms), len(design.authorities.moderators.names)
    blocks = (
        FixedBlock("intercept", None, 1, priors.intercept),
        FixedBlock("slope", None, 1, priors.slope),
        FixedBlock("between", "moderation_term", terms, priors.between),
        FixedBlock("interaction", "moderation_term", terms, interaction),
        FixedBlock(
            "authority_moderator_level", "authority_moderator", moderators, priors.covariates
        ),
        FixedBlock(
            "authority_moderator_gradient", "authority_moderator", moderators, priors.moderators
        ),
    )
    return tuple(block for block in blocks if block.size)


def _row_blocks(spec: ModelSpec, design: Design) -> tuple[FixedBlock, ...]:
    priors = spec.priors
    covariates, moderators = design.rows.covariates.names, design.area_moderators
    blocks = (
        FixedBlock("covariate", "area_covariate", len(covariates), priors.covariates),
        FixedBlock("gradient_moderator", "area_moderator", len(moderators), priors.moderators),
        FixedBlock("curvature", "curvature_term", len(design.curve.terms), priors.curvature),
    )
    return tuple(block for block in blocks if block.size)


def _systematic(design: Design) -> Floats:
    """Z_j: the columns of the intercept in row 0 and those of the slope in row 1."""
    authorities = design.authorities
    ones = np.ones((len(authorities.codes), 1))
    columns = []
    for block in (ones, authorities.moderation, authorities.moderators.values):
        absent = np.zeros_like(block)
        columns += [np.stack([block, absent], axis=1), np.stack([absent, block], axis=1)]
    return np.concatenate(columns, axis=2)
