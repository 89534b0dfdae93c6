r"""Gradient of the marginal posterior in the hyperparameters.

The Laplace approximation :math:`\ell(\hat z) - \tfrac12 \ln |H|` (constants left out) depends on
:math:`\theta` directly, and through the mode. With :math:`\delta` the third-order shift from the
mode to the mean, all of it together is the expectation of the derivative of the log density of
effects and data, to the order of the approximation:

.. math::

    \frac{\partial}{\partial L} &= L^{-T} \sum_j \left( z_j z_j^T + z_j \delta_j^T
        + \delta_j z_j^T + C_j - I \right) \\
    \frac{\partial}{\partial \ln \tau} &= \sum_i \left( w_i^2 + 2 w_i \delta_i + c_i - 1 \right)

with :math:`C_j` the covariance of :math:`z_j`, and :math:`c_i` the variances of the contrasts
:math:`w_i` that :math:`\tau` scales; and, at fixed effects u,

.. math:: \frac{\partial}{\partial \ln \omega} \Big( \ell(u) + \delta_u \cdot \nabla \ell(u)
          - \tfrac12 \sum_i s_i w_i(u) \Big),

the last two terms by a central difference, for which the kernels have no derivative.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.hyperparameters import HyperSlopes, HyperValues
from bayesgrad.inference.laplace.latent import LatentModel
from bayesgrad.inference.laplace.likelihood import Pieces, Slopes
from bayesgrad.inference.laplace.newton import LatentMode
from bayesgrad.inference.laplace.skewness import ThirdOrder, third_order

STEP = 1e-3
"""Of the difference in the log of the overdispersion."""


def marginal_slopes(model: LatentModel, mode: LatentMode, hyper: HyperValues) -> HyperSlopes:
    """Derivatives of the log marginal likelihood of the hyperparameters at a latent mode."""
    found = third_order(model, mode, hyper)
    return HyperSlopes(
        lower=_in_lower(mode, found, hyper),
        log_strata=_in_strata(model, mode, found, hyper),
        log_overdispersion=_in_overdispersion(model, mode, found, hyper),
    )


def _in_lower(mode: LatentMode, found: ThirdOrder, hyper: HyperValues) -> Floats:
    factor, z, shift = mode.factor, mode.latent.standard, found.shift.standard
    size = len(hyper.lower)
    roots = factor.inverse_lower.reshape(-1, size)
    half = factor.gain @ np.linalg.inv(factor.schur_lower).T
    covariance = roots.T @ roots + np.tensordot(half, half, axes=((0, 2), (0, 2)))
    mixed = z.T @ shift
    moments = z.T @ z + mixed + mixed.T + covariance - len(z) * np.eye(size)
    derivative: Floats = solve_triangular(hyper.lower, moments, lower=True, trans="T")
    return derivative


def _in_strata(
    model: LatentModel, mode: LatentMode, found: ThirdOrder, hyper: HyperValues
) -> Floats:
    fixed, latent, shift = model.fixed, mode.latent.fixed, found.shift.fixed
    if not len(fixed.scale_of):
        return np.zeros_like(hyper.strata)
    variance = np.diagonal(found.covariances.fixed) / fixed.scale(hyper) ** 2
    each = fixed.by_outcome(latent**2 + 2.0 * latent * shift + variance - 1.0)[:, fixed.contrasts]
    kinds, outcomes, components = hyper.strata.shape
    summed = np.zeros((kinds * components, outcomes))
    np.add.at(summed, fixed.scale_of, each.T)
    return summed.reshape(kinds, components, outcomes).swapaxes(1, 2)


def _in_overdispersion(
    model: LatentModel, mode: LatentMode, found: ThirdOrder, hyper: HyperValues
) -> Floats:
    dispersed = np.isfinite(hyper.alpha)
    if not dispersed.any():
        return np.empty(0)
    effects = model.effects(mode.latent, hyper)
    shift = model.read(model.effects(found.shift, hyper))
    ends = []
    for step in (STEP, -STEP):
        alpha = hyper.alpha * np.exp(-2.0 * step)
        pieces = model.likelihood.pieces(*model.read(effects), alpha=alpha)
        direct = -2.0 * alpha[dispersed] * pieces.gradient.alpha[dispersed]
        ends.append((direct, _expected_rest(pieces, shift, found.of_cells)[dispersed]))
    (up, rest_up), (down, rest_down) = ends
    derivative: Floats = 0.5 * (up + down) + (rest_up - rest_down) / (2.0 * STEP)
    return derivative


def _expected_rest(pieces: Pieces, shift: tuple[Floats, Floats], of_cells: Floats) -> Floats:
    """What expectation adds to the log likelihood of each outcome at the mode, (outcomes,)."""
    slopes: Slopes = pieces.gradient
    joint = of_cells.reshape(*pieces.cell_curvature.shape[:3], *of_cells.shape[1:])
    first = np.einsum("jske,jske->s", shift[0], slopes.cell) + (shift[1] * slopes.term).sum(axis=1)
    second = np.einsum("jskef,jskef->s", pieces.cell_curvature, joint[..., :2, :2])
    second += 2.0 * np.einsum("jskem,jskem->s", pieces.border, joint[..., :2, 2:])
    # The coefficients of an outcome have one covariance, which every cell repeats.
    terms = joint[0, :, 0, 2:, 2:]
    second += np.einsum("smn,smn->s", pieces.term_curvature, terms)
    found: Floats = first - 0.5 * second
    return found
