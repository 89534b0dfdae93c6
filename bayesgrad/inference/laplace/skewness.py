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
    across : ndarray, shape (authorities, K, p)
        Of each authority's effects and the fixed effects.
    authority : ndarray, shape (authorities, K, K)
    """

    fixed: Floats
    across: Floats
    authority: Floats


class ThirdOrder(NamedTuple):
    """The mean of the latent vector to third order.

    Attributes
    ----------
    shift : Latent
        From mode to mean.
    covariances : Covariances
        Of effects.
    of_cells : ndarray, shape (cells, 2 + row terms, 2 + row terms)
        Covariance of each cell's effects and the coefficients of its outcome's row terms.
    """

    shift: Latent
    covariances: Covariances
    of_cells: Floats


def covariances(model: LatentModel, factor: ArrowFactor, hyper: HyperValues) -> Covariances:
    """Covariances of fixed and authority effects at a latent mode."""
    size = len(model.fixed.prior_mean)
    inverse = np.linalg.inv(factor.schur_lower) * model.fixed.scale(hyper)
    fixed = inverse.T @ inverse
    # What authority effects are, given the rest of their own deviations: of scaled fixed effects.
    given = (-hyper.lower @ factor.gain) / model.fixed.scale(hyper)
    width = size // model.fixed.outcomes
    for s in range(model.fixed.outcomes):
        first = s * width
        level = slice(first, first + model.fixed.level.stop)
        given[:, 2 * s : 2 * s + 2, level] += model.fixed.systematic
    across = (given.reshape(-1, size) @ fixed).reshape(given.shape)
    own = factor.inverse_lower @ hyper.lower.T
    return Covariances(
        fixed, across, across @ given.transpose(0, 2, 1) + own.transpose(0, 2, 1) @ own
    )


def third_order(model: LatentModel, mode: LatentMode, hyper: HyperValues) -> ThirdOrder:
    """Third-order difference of the latent vector's mean from its mode."""
    found = covariances(model, mode.factor, hyper)
    of_cells = _cell_covariance(model, found)
    slopes = model.likelihood.third_order(
        *model.read(model.effects(mode.latent, hyper)), of_cells, alpha=hyper.alpha
    )
    fixed, standard = mode.factor.solve(*model.pulled_back(slopes, hyper))
    return ThirdOrder(Latent(-0.5 * fixed, -0.5 * standard), found, of_cells)


def mean_shift(model: LatentModel, mode: LatentMode, hyper: HyperValues) -> Latent:
    """Third-order difference of the latent vector's mean from its mode."""
    return third_order(model, mode, hyper).shift


def _cell_covariance(model: LatentModel, covariance: Covariances) -> Floats:
    """Covariance of each cell's effects and the coefficients of its outcome's row terms."""
    fixed = model.fixed
    authorities, outcomes, strata = model.likelihood.cells
    own = np.arange(outcomes)
    width = fixed.rows.stop
    # Advanced indices come first: (outcomes, ...), so that outcomes lead until the end.
    shared = covariance.fixed.reshape(outcomes, width, outcomes, width)[own, :, own]
    effects = covariance.authority.reshape(authorities, outcomes, 2, outcomes, 2)
    across = covariance.across.reshape(authorities, outcomes, 2, outcomes, width)
    pairs, rises = effects[:, own, :, own], across[:, own, :, own]
    terms = rises[..., fixed.rows][:, :, None]
    pairs = pairs[:, :, None]
    if len(fixed.scale_of):
        mixed = np.einsum("sjec,kfc->sjkef", rises[..., fixed.contrasts], fixed.basis)
        between = shared[:, fixed.contrasts]
        spread = fixed.basis @ between[:, None, :, fixed.contrasts] @ fixed.basis.swapaxes(1, 2)
        pairs = pairs + mixed + mixed.swapaxes(3, 4) + spread[:, None]
        terms = terms + (fixed.basis @ between[:, None, :, fixed.rows])[:, None]
    size = 2 + terms.shape[-1]
    joint = np.empty((authorities, outcomes, strata, size, size))
    by_outcome = joint.transpose(1, 0, 2, 3, 4)
    by_outcome[..., :2, :2] = pairs
    by_outcome[..., :2, 2:] = terms
    by_outcome[..., 2:, :2] = terms.swapaxes(3, 4)
    by_outcome[..., 2:, 2:] = shared[:, None, None, fixed.rows, fixed.rows]
    return joint.reshape(-1, size, size)


def largest_shift(model: LatentModel, mode: LatentMode, hyper: HyperValues) -> float:
    """Largest shift of a fixed or authority effect, in posterior standard deviations."""
    found = third_order(model, mode, hyper)
    shift = model.effects(found.shift, hyper)
    fixed = np.abs(shift.fixed) / np.sqrt(np.diagonal(found.covariances.fixed))
    variance = np.diagonal(found.covariances.authority, axis1=1, axis2=2)
    return float(max(fixed.max(), (np.abs(shift.authority) / np.sqrt(variance)).max()))
