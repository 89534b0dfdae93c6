"""Passes over rows at all draws: what is kept of each, or of replicates, while they go by."""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.families.censored import interval_densities
from bayesgrad.kernels.families.densities import row_densities
from bayesgrad.kernels.families.elementary import exp
from bayesgrad.kernels.families.rising_factorial import log_rising_factorial
from bayesgrad.kernels.kernel import kernel, serial_inlined, serial_kernel
from bayesgrad.kernels.likelihood.rows import SUPPRESSED
from bayesgrad.kernels.shapes import IntegerMatrix, Integers, Matrix, Vector


@kernel
def log_rising(inverse_size: Vector, values: Integers, out: Matrix) -> None:
    r"""Fill (values, sample) with :math:`R(y, \alpha)` for totals.

    Parameters
    ----------
    inverse_size : ndarray, shape (sample,)
    values : ndarray of int64, shape (values,)
    out : ndarray, shape (values, sample)
    """
    for s in range(len(inverse_size)):
        for v in range(len(values)):
            out[v, s] = log_rising_factorial(values[v], inverse_size[s])


@kernel
def leave_one_out(
    family: int,
    predictor: Matrix,
    alpha: Vector,
    count: Vector,
    cases: Vector,
    constant: Vector,
    rising: Matrix,
    value: Integers,
    bounds: Integers,
    elpd: Vector,
    lpd: Vector,
    effective: Vector,
) -> None:
    r"""Log predictive density of each row, with and without its own data among those fitted.

    With the densities :math:`p_s` at the draws and ratios :math:`r_s = 1 / p_s`, the weights are
    :math:`w_s = \min(r_s, \bar r \sqrt S)`.

    Parameters
    ----------
    family : int
        Of `bayesgrad.kernels.families.numbers.FAMILIES`.
    predictor : ndarray, shape (rows, sample)
    alpha : ndarray, shape (sample,)
    count, cases, constant : ndarray, shape (rows,)
        The count is `SUPPRESSED` where it is, and the constant and rising are then 0.
    rising : ndarray, shape (values, sample)
    value : ndarray of int64, shape (rows,)
        Which row of `rising` is that of each row; see `bayesgrad.predictive.totals`.
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count that is suppressed.
    elpd, lpd, effective : ndarray, shape (rows,)
        Filled with the log densities without and with the row, and the effective number of draws.
    """
    sample = len(alpha)
    log_p = np.empty(sample)
    for i in range(len(count)):
        if count[i] == SUPPRESSED:
            interval_densities(predictor[i], bounds, alpha, log_p)
        else:
            row_densities(family, predictor[i], count[i], cases[i], alpha, log_p)
        row = rising[value[i]]
        lowest, highest = np.inf, -np.inf
        for s in range(sample):
            log_p[s] += row[s]
            lowest = min(lowest, log_p[s])
            highest = max(highest, log_p[s])
        ratios, densities = 0.0, 0.0
        for s in range(sample):
            ratios += exp(lowest - log_p[s])
            densities += exp(log_p[s] - highest)
        bound = ratios / np.sqrt(sample)
        weights, squares, weighted = 0.0, 0.0, 0.0
        for s in range(sample):
            ratio = exp(lowest - log_p[s])
            weight = min(ratio, bound)
            weights += weight
            squares += weight * weight
            weighted += weight / ratio
        elpd[i] = lowest + np.log(weighted / weights) + constant[i]
        lpd[i] = highest + np.log(densities / sample) + constant[i]
        effective[i] = weights * weights / squares


@serial_inlined
def bin_of(lowest: Integers, count: int) -> int:
    """Last bin whose lowest count is no more than a count."""
    first, last = 0, len(lowest)
    while last - first > 1:
        middle = (first + last) // 2
        if lowest[middle] <= count:
            first = middle
        else:
            last = middle
    return first


@serial_kernel
def tally(
    replicate: IntegerMatrix,
    band: Integers,
    lowest: Integers,
    frequency: IntegerMatrix,
    total: Vector,
    squares: Vector,
    events: IntegerMatrix,
) -> None:
    """Add replicates of some rows of one authority to what is kept of them.

    Parameters
    ----------
    replicate : ndarray of int64, shape (rows, sample)
    band : ndarray of int64, shape (rows,)
    lowest : ndarray of int64, shape (bins,)
        Lowest count of each bin, the first of them 0.
    frequency : ndarray of int64, shape (sample, bins)
        Number of rows by bin.
    total, squares : ndarray, shape (sample,)
        Sums of counts and of their squares.
    events : ndarray of int64, shape (sample, bands)
        Sum of counts by band.
    """
    for i in range(replicate.shape[0]):
        for s in range(replicate.shape[1]):
            y = replicate[i, s]
            frequency[s, bin_of(lowest, y)] += 1
            total[s] += y
            squares[s] += np.float64(y) * y
            events[s, band[i]] += y
