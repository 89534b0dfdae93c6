"""What the draws say of each row without its own count, by importance weights."""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.families.censored import interval_densities
from bayesgrad.kernels.families.densities import row_densities
from bayesgrad.kernels.families.elementary import exp
from bayesgrad.kernels.kernel import kernel
from bayesgrad.kernels.likelihood.rows import SUPPRESSED
from bayesgrad.kernels.shapes import IntegerMatrix, Integers, Matrix, Vector


@kernel
def left_out(
    family: int,
    predictor: Matrix,
    alpha: Vector,
    count: Vector,
    cases: Vector,
    bounds: Integers,
    replicate: IntegerMatrix,
    published: Integers,
    slope: Vector,
    out: Matrix,
) -> None:
    r"""Summaries of each row under weights that take its own count out of the fit.

    With the densities :math:`p_s` at the draws and ratios :math:`r_s = 1 / p_s`, the weights are
    :math:`w_s = \min(r_s, \bar r \sqrt S)`.

    Parameters
    ----------
    family : int
        Of `bayesgrad.kernels.families.numbers.FAMILIES`.
    predictor : ndarray, shape (rows, sample)
    alpha : ndarray, shape (sample,)
        One value for all draws: what totals and alpha alone give to a density is left out.
    count, cases : ndarray, shape (rows,)
        The count is `SUPPRESSED` where it is.
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count that is suppressed.
    replicate : ndarray of int64, shape (rows, sample)
        One replicate of each draw.
    published : ndarray of int64, shape (rows,)
        The counts that replicates are compared with.
    slope : ndarray, shape (sample,)
        Of the rows' authority.
    out : ndarray, shape (rows, 5)
        Filled with the probability of a count below the published one, and of one no larger; the
        mean and the variance of the linear predictor; and the mean of the slope less its mean
        under all draws. The published count is one of the possible ones, with the mean weight.
    """
    sample = len(alpha)
    log_p, weight = np.empty(sample), np.empty(sample)
    middle = 0.0
    for s in range(sample):
        middle += slope[s]
    middle /= sample
    for i in range(len(count)):
        if count[i] == SUPPRESSED:
            interval_densities(predictor[i], bounds, alpha, log_p)
        else:
            row_densities(family, predictor[i], count[i], cases[i], alpha, log_p)
        lowest = np.inf
        for s in range(sample):
            lowest = min(lowest, log_p[s])
        ratios = 0.0
        for s in range(sample):
            weight[s] = exp(lowest - log_p[s])
            ratios += weight[s]
        bound = ratios / np.sqrt(sample)
        total, below, equal, mean, square, shift = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        centre = predictor[i, 0]
        for s in range(sample):
            w = min(weight[s], bound)
            eta = predictor[i, s] - centre
            total += w
            below += w if replicate[i, s] < published[i] else 0.0
            equal += w if replicate[i, s] == published[i] else 0.0
            mean += w * eta
            square += w * eta * eta
            shift += w * (slope[s] - middle)
        own = total / sample
        out[i, 0] = below / (total + own)
        out[i, 1] = (below + equal + own) / (total + own)
        mean /= total
        out[i, 2] = centre + mean
        out[i, 3] = max(square / total - mean * mean, 0.0)
        out[i, 4] = shift / total
