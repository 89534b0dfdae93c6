r"""From the mode of the latent vector towards its mean.

The log density of the latent vector falls faster on one side of its mode than on the other. To
third order its mean lies at

.. math:: \hat z - \tfrac12 H^{-1} \sum_i h_i \frac{\partial w_i}{\partial \eta_i} s_i, \qquad
          s_i = h_i^T H^{-1} h_i,

with :math:`h_i` the gradient of the linear predictor of row i and so :math:`s_i` its variance
(Tierney, Kass and Kadane 1989). The length of that shift tells how far the normal approximation can
be relied on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.arrow import ArrowFactor
from bayesgrad.inference.laplace.hyperparameters import HyperValues
from bayesgrad.inference.laplace.latent import Latent, LatentModel
from bayesgrad.inference.laplace.newton import LatentMode


class Covariances(NamedTuple):
    """Covariances of the normal approximation.

    Attributes
    ----------
    fixed : ndarray, shape (p, p)
    across : ndarray, shape (authorities, 2, p)
        Of each authority's effects and the fixed effects.
    authority : ndarray, shape (authorities, 2, 2)
    """

    fixed: Floats
    across: Floats
    authority: Floats


def covariances(model: LatentModel, factor: ArrowFactor, hyper: HyperValues) -> Covariances:
    """Covariances of fixed and authority effects at a latent mode."""
    size = len(model.prior_mean)
    inverse = np.linalg.inv(factor.schur_lower)
    fixed = inverse.T @ inverse
    given = -hyper.lower @ factor.gain
    given[:, :, : model.systematic.shape[2]] += model.systematic
    across = (given.reshape(-1, size) @ fixed).reshape(given.shape)
    own = factor.inverse_lower @ hyper.lower.T
    return Covariances(
        fixed, across, across @ given.transpose(0, 2, 1) + own.transpose(0, 2, 1) @ own
    )


def mean_shift(model: LatentModel, mode: LatentMode, hyper: HyperValues) -> Latent:
    """Third-order difference of the latent vector's mean from its mode."""
    level = model.systematic.shape[2]
    slopes = model.likelihood.third_order(
        model.effects(mode.latent, hyper).authority,
        mode.latent.fixed[level:],
        _predictor_covariance(covariances(model, mode.factor, hyper), level=level),
        alpha=hyper.alpha,
    )
    fixed, standard = mode.factor.solve(*model.pulled_back(slopes, hyper))
    return Latent(-0.5 * fixed, -0.5 * standard)


def _predictor_covariance(covariance: Covariances, *, level: int) -> Floats:
    """Covariance of each authority's effects and the coefficients of rows, which come last."""
    terms = covariance.fixed[level:, level:]
    size = 2 + len(terms)
    joint = np.empty((len(covariance.authority), size, size))
    joint[:, :2, :2] = covariance.authority
    joint[:, :2, 2:] = covariance.across[:, :, level:]
    joint[:, 2:, :2] = joint[:, :2, 2:].transpose(0, 2, 1)
    joint[:, 2:, 2:] = terms
    return joint


def largest_shift(model: LatentModel, mode: LatentMode, hyper: HyperValues) -> float:
    """Largest shift of a fixed or authority effect, in posterior standard deviations."""
    shift = model.effects(mean_shift(model, mode, hyper), hyper)
    covariance = covariances(model, mode.factor, hyper)
    fixed = np.abs(shift.fixed) / np.sqrt(np.diagonal(covariance.fixed))
    variance = np.diagonal(covariance.authority, axis1=1, axis2=2)
    return float(max(fixed.max(), (np.abs(shift.authority) / np.sqrt(variance)).max()))
