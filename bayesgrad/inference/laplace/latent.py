r"""The latent Gaussian part of the model: fixed effects and authority effects, and their prior.

The latent vector is :math:`(\beta, z_1, \ldots, z_J)`, with the authority effects in it as standard
normal deviations, and contrasts of strata in the same way (`bayesgrad.inference.laplace.fixed`):

.. math:: \beta_k \sim N(m_k, s_k^2), \qquad z_j \sim N(0, I), \qquad
          v_j = Z_j \beta_{\mathrm{level}} + L z_j, \qquad L L^T = \Sigma,

:math:`v_j` the intercept and slope of each outcome in turn, K in all. With :math:`H_j` the negative
Hessian of authority j's likelihood in :math:`v_j`, the blocks of the arrow are
:math:`I + L^T H_j L` and its border :math:`L^T H_j Z_j`: well conditioned also where a standard
deviation is nearly zero or a correlation nearly one, for :math:`\Sigma` is never inverted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.arrow import Arrow
from bayesgrad.inference.laplace.assembly import negative_hessian
from bayesgrad.inference.laplace.fixed import FixedEffects
from bayesgrad.inference.laplace.hyperparameters import HyperValues
from bayesgrad.inference.laplace.likelihood import Pieces, RowsLikelihood, Slopes
from bayesgrad.spec.model_spec import ModelSpec

LOG_TWO_PI = float(np.log(2.0 * np.pi))


class Latent(NamedTuple):
    """Values of the latent vector, or of its gradient: (p,) and (authorities, K)."""

    fixed: Floats
    standard: Floats


class Effects(NamedTuple):
    """Fixed effects, (..., p), and authority effects v_j, (..., authorities, K).

    Contrasts of strata are times their standard deviations.
    """

    fixed: Floats
    authority: Floats


class Evaluation(NamedTuple):
    """Log density of data and latent vector, its gradient and negative Hessian."""

    value: float
    gradient: Latent
    curvature: Arrow


@dataclass(frozen=True, eq=False)
class LatentModel:
    """Likelihood and Gaussian prior of the latent vector."""

    likelihood: RowsLikelihood
    fixed: FixedEffects

    @classmethod
    def of(cls, spec: ModelSpec, design: Design) -> LatentModel:
        """Latent model of a spec, with normal priors of its fixed effects, on a design."""
        return cls(RowsLikelihood.of(design), FixedEffects.of(spec, design))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of authorities, and of effects of each."""
        return len(self.fixed.systematic), 2 * self.fixed.outcomes

    @property
    def size(self) -> int:
        """Length of the latent vector."""
        return int(self.fixed.prior_mean.size + np.prod(self.shape))

    @cached_property
    def _log_prior_constant(self) -> float:
        return float(-np.log(self.fixed.prior_sd).sum() - 0.5 * self.size * LOG_TWO_PI)

    def start(self) -> Effects:
        """The prior mean, with every authority where it puts it."""
        mean = self.fixed.prior_mean
        return Effects(mean, self.fixed.means(mean))

    def effects(self, latent: Latent, hyper: HyperValues) -> Effects:
        """Effects of latent vectors, of any leading shape; linear in these."""
        fixed = latent.fixed * self.fixed.scale(hyper)
        return Effects(fixed, self.fixed.means(fixed) + latent.standard @ hyper.lower.T)

    def standardised(self, effects: Effects, hyper: HyperValues) -> Latent:
        """Latent vector of the given effects."""
        deviation = effects.authority - self.fixed.means(effects.fixed)
        return Latent(
            effects.fixed / self.fixed.scale(hyper), deviation @ np.linalg.inv(hyper.lower).T
        )

    def read(self, effects: Effects) -> tuple[Floats, Floats]:
        """What the likelihood reads: effects of cells, and coefficients of row terms."""
        by_outcome = effects.authority.reshape(*self.likelihood.cells[:2], 1, 2)
        if len(self.fixed.scale_of):
            by_outcome = by_outcome + self.fixed.strata(effects.fixed)
        return by_outcome, self.fixed.by_outcome(effects.fixed)[:, self.fixed.rows]

    def pieces(self, latent: Latent, hyper: HyperValues) -> Pieces:
        """Log likelihood, its gradient and curvature at a latent vector."""
        return self.likelihood.pieces(*self.read(self.effects(latent, hyper)), alpha=hyper.alpha)

    def evaluate(self, latent: Latent, hyper: HyperValues) -> Evaluation:
        """Log density of data and latent vector given the hyperparameters, constants included."""
        pieces = self.pieces(latent, hyper)
        scaled = (latent.fixed - self.fixed.prior_mean) / self.fixed.prior_sd
        value = (
            pieces.value
            + self._log_prior_constant
            - 0.5 * (scaled @ scaled + np.vdot(latent.standard, latent.standard))
        )
        rise = self.pulled_back(pieces.gradient, hyper)
        return Evaluation(
            float(value),
            Latent(rise.fixed - scaled / self.fixed.prior_sd, rise.standard - latent.standard),
            negative_hessian(self.fixed, pieces, scale=self.fixed.scale(hyper), lower=hyper.lower),
        )

    def pulled_back(self, slopes: Slopes, hyper: HyperValues) -> Latent:
        """Gradient in the latent vector of what has these in what the likelihood reads."""
        fixed = self.fixed
        by_authority = slopes.cell.sum(axis=2)
        parts = [fixed.of_means(by_authority)]
        if len(fixed.scale_of):
            by_stratum = slopes.cell.sum(axis=0)
            parts.append(np.tensordot(by_stratum, fixed.basis, axes=((1, 2), (0, 1))))
        parts.append(slopes.term)
        return Latent(
            np.concatenate(parts, axis=1).ravel() * fixed.scale(hyper),
            by_authority.reshape(self.shape) @ hyper.lower,
        )
