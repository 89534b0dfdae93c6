"""Parameters of authority effects as the model has them and as the kernels take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.kernel import inlined
from bayesgrad.kernels.shapes import Matrix, Vector


class Fixed(NamedTuple):
    """Fixed effects of authorities' levels and gradients, or derivatives in them.

    Attributes
    ----------
    intercept, slope : ndarray, shape (outcomes,)
    between, interaction : ndarray, shape (outcomes, moderation terms)
    moderator_level, moderator_gradient : ndarray, shape (outcomes, moderators)
    """

    intercept: Vector
    slope: Vector
    between: Matrix
    interaction: Matrix
    moderator_level: Matrix
    moderator_gradient: Matrix


class Spread(NamedTuple):
    """Covariance of authority effects, or derivatives in it.

    Attributes
    ----------
    sd_intercept, sd_slope : ndarray, shape (outcomes,)
    factor : ndarray, shape (K (K + 1) / 2, blocks)
        Lower Cholesky factors of the correlations within blocks of K effects, by rows: one block of
        all outcomes' intercepts and slopes in turn, or one for each outcome.
    """

    sd_intercept: Vector
    sd_slope: Vector
    factor: Matrix


@inlined
def coefficients(fixed: Fixed) -> Matrix:
    """Coefficients of all effects, intercepts and slopes in turn, in columns: (effects, terms)."""
    terms, moderators = fixed.between.shape[1], fixed.moderator_level.shape[1]
    outcomes = len(fixed.intercept)
    filled = np.empty((2 * outcomes, 1 + terms + moderators))
    for s in range(outcomes):
        level, gradient = filled[2 * s], filled[2 * s + 1]
        level[0], gradient[0] = fixed.intercept[s], fixed.slope[s]
        for k in range(terms):
            level[1 + k] = fixed.between[s, k]
            gradient[1 + k] = fixed.interaction[s, k]
        for k in range(moderators):
            level[1 + terms + k] = fixed.moderator_level[s, k]
            gradient[1 + terms + k] = fixed.moderator_gradient[s, k]
    return filled


@inlined
def fill_coefficients(filled: Matrix, fixed: Fixed) -> None:
    """Fill the fixed effects from coefficients of all effects; see `coefficients`."""
    terms, moderators = fixed.between.shape[1], fixed.moderator_level.shape[1]
    for s in range(len(fixed.intercept)):
        level, gradient = filled[2 * s], filled[2 * s + 1]
        fixed.intercept[s], fixed.slope[s] = level[0], gradient[0]
        for k in range(terms):
            fixed.between[s, k] = level[1 + k]
            fixed.interaction[s, k] = gradient[1 + k]
        for k in range(moderators):
            fixed.moderator_level[s, k] = level[1 + terms + k]
            fixed.moderator_gradient[s, k] = gradient[1 + terms + k]


@inlined
def scaled_factor(spread: Spread) -> Matrix:
    """Factors of covariances, from those of correlations."""
    scaled = np.empty_like(spread.factor)
    blocks = spread.factor.shape[1]
    size = 2 * len(spread.sd_slope) // blocks
    for b in range(blocks):
        for i in range(size):
            outcome, kind = divmod(b * size + i, 2)
            sd = spread.sd_intercept[outcome] if kind == 0 else spread.sd_slope[outcome]
            for k in range(i + 1):
                entry = i * (i + 1) // 2 + k
                scaled[entry, b] = sd * spread.factor[entry, b]
    return scaled


@inlined
def unscaled_factor(spread: Spread, d_scaled: Matrix, filled: Spread) -> None:
    """Fill derivatives in the standard deviations and the factors; see `scaled_factor`."""
    blocks = spread.factor.shape[1]
    size = 2 * len(spread.sd_slope) // blocks
    for b in range(blocks):
        for i in range(size):
            outcome, kind = divmod(b * size + i, 2)
            sd = spread.sd_intercept[outcome] if kind == 0 else spread.sd_slope[outcome]
            total = 0.0
            for k in range(i + 1):
                entry = i * (i + 1) // 2 + k
                filled.factor[entry, b] = sd * d_scaled[entry, b]
                total += spread.factor[entry, b] * d_scaled[entry, b]
            if kind == 0:
                filled.sd_intercept[outcome] = total
            else:
                filled.sd_slope[outcome] = total
