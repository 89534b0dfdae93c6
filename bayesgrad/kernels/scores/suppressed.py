"""Suppressed counts at all draws: drawn within their bounds, and hidden in replicates."""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.families.elementary import exp
from bayesgrad.kernels.kernel import kernel, serial_kernel
from bayesgrad.kernels.shapes import IntegerMatrix, Integers, Matrix, Vector


@kernel
def draw_within(
    predictor: Matrix, alpha: Vector, bounds: Integers, uniform: Matrix, out: IntegerMatrix
) -> None:
    """Fill counts drawn from their distribution given that they are within the bounds.

    By inversion, from the largest count down; the terms are those of
    `bayesgrad.kernels.families.censored`.

    Parameters
    ----------
    predictor : ndarray, shape (rows, sample)
    alpha : ndarray, shape (sample,)
        Of the negative binomial; `LARGEST_ALPHA` for the Poisson.
    bounds : ndarray of int64, shape (2,)
    uniform : ndarray, shape (rows, sample)
    out : ndarray of int64, shape (rows, sample)
        Filled.
    """
    lower, steps = bounds[0], bounds[1] - bounds[0]
    product = np.empty(steps + 1)
    for i in range(predictor.shape[0]):
        for s in range(predictor.shape[1]):
            mean, inverse = exp(predictor[i, s]), 1.0 / alpha[s]
            rate = mean / (1.0 + mean * inverse)
            scale = 1.0 / (1.0 + rate)
            product[0], total = 1.0, 1.0
            for j in range(steps):
                factor = (rate + (lower + j) * rate * inverse) * scale / (lower + j + 1.0)
                product[j + 1] = product[j] * factor
                total = total * scale + product[j + 1]
            rest, power, place = uniform[i, s] * total, 1.0, steps
            while place > 0:
                rest -= product[place] * power
                if rest <= 0.0:
                    break
                power *= scale
                place -= 1
            out[i, s] = lower + place


@serial_kernel
def suppress(counts: IntegerMatrix, lower: int, upper: int) -> None:
    """Replace counts within the bounds, of shape (rows, sample), by the middle of these."""
    middle = (lower + upper) // 2
    for i in range(counts.shape[0]):
        for s in range(counts.shape[1]):
            if lower <= counts[i, s] <= upper:
                counts[i, s] = middle
