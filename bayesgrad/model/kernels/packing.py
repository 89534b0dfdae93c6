"""Arrays of the model as the kernel of authority effects takes them, and the way back."""

from __future__ import annotations

import numpy as np

from bayesgrad.model.kernels.compiling import compiled


@compiled
def assembled(intercept, slope, between, interaction, of_level, of_gradient):  # type: ignore[no-untyped-def]
    """Coefficients as the kernel takes them: (outcomes, 2, terms)."""
    terms, moderators = between.shape[1], of_level.shape[1]
    coefficient = np.empty((len(intercept), 2, 1 + terms + moderators))
    for s in range(len(intercept)):
        coefficient[s, 0, 0] = intercept[s]
        coefficient[s, 1, 0] = slope[s]
        for k in range(terms):
            coefficient[s, 0, 1 + k] = between[s, k]
            coefficient[s, 1, 1 + k] = interaction[s, k]
        for k in range(moderators):
            coefficient[s, 0, 1 + terms + k] = of_level[s, k]
            coefficient[s, 1, 1 + terms + k] = of_gradient[s, k]
    return coefficient


@compiled
def part(coefficient, effect, first, last):  # type: ignore[no-untyped-def]
    """Some terms of one effect: (outcomes, terms)."""
    values = np.empty((len(coefficient), last - first))
    for s in range(len(coefficient)):
        for k in range(last - first):
            values[s, k] = coefficient[s, effect, first + k]
    return values


@compiled
def scaled_factor(factor, sd_intercept, sd_slope):  # type: ignore[no-untyped-def]
    """Factors of covariances from those of correlations, as the kernel takes them."""
    scaled = np.empty_like(factor)
    blocks = factor.shape[1]
    size = 2 * len(sd_slope) // blocks
    for b in range(blocks):
        for i in range(size):
            effect = b * size + i
            sd = sd_intercept[effect // 2] if effect % 2 == 0 else sd_slope[effect // 2]
            for k in range(i + 1):
                entry = i * (i + 1) // 2 + k
                scaled[entry, b] = sd * factor[entry, b]
    return scaled


@compiled
def unscaled_factor(factor, d_scaled, sd_intercept, sd_slope):  # type: ignore[no-untyped-def]
    """Derivatives in both standard deviations and in the factors of correlations."""
    d_factor = np.empty_like(factor)
    d_intercept, d_slope = np.zeros_like(sd_intercept), np.zeros_like(sd_slope)
    blocks = factor.shape[1]
    size = 2 * len(sd_slope) // blocks
    for b in range(blocks):
        for i in range(size):
            effect = b * size + i
            sd = sd_intercept[effect // 2] if effect % 2 == 0 else sd_slope[effect // 2]
            total = 0.0
            for k in range(i + 1):
                entry = i * (i + 1) // 2 + k
                d_factor[entry, b] = sd * d_scaled[entry, b]
                total += factor[entry, b] * d_scaled[entry, b]
            if effect % 2 == 0:
                d_intercept[effect // 2] += total
            else:
                d_slope[effect // 2] += total
    return d_intercept, d_slope, d_factor


@compiled
def of_authorities(effects, effect):  # type: ignore[no-untyped-def]
    """One of two effects, (outcomes, 2, authorities), by authority: (authorities, outcomes)."""
    outcomes, _, authorities = effects.shape
    values = np.empty((authorities, outcomes))
    for s in range(outcomes):
        for j in range(authorities):
            values[j, s] = effects[s, effect, j]
    return values


@compiled
def by_outcome(intercept, slope):  # type: ignore[no-untyped-def]
    """Two effects, each (authorities, outcomes), as the kernel takes them."""
    authorities, outcomes = intercept.shape
    effects = np.empty((outcomes, 2, authorities))
    for j in range(authorities):
        for s in range(outcomes):
            effects[s, 0, j] = intercept[j, s]
            effects[s, 1, j] = slope[j, s]
    return effects
