"""Passes over rows at all draws: what is kept of each, or of replicates, while they go by."""

from __future__ import annotations

import numpy as np

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.censored import interval_densities
from bayesgrad.model.kernels.compiling import compiled
from bayesgrad.model.kernels.densities import row_densities
from bayesgrad.model.kernels.elementary import exp
from bayesgrad.model.kernels.rising import log_rising_factorial
from bayesgrad.model.kernels.rows import SUPPRESSED
from bayesgrad.predictive.kernels.compiling import serial


@compiled
def log_rising(inverse_size: Floats, values: Integers, out: Floats) -> None:
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


@compiled
def leave_one_out(
    family: int,
    predictor: Floats,
    alpha: Floats,
    count: Floats,
    cases: Floats,
    constant: Floats,
    rising: Floats,
    value: Integers,
    bounds: Integers,
    elpd: Floats,
    lpd: Floats,
    effective: Floats,
) -> None:
    r"""Log predictive density of each row, with and without its own data among those fitted.

    With the densities :math:`p_s` at the draws and ratios :math:`r_s = 1 / p_s`, the weights are
    :math:`w_s = \min(r_s, \bar r \sqrt S)`.

    Parameters
    ----------
    family : int
        Of `bayesgrad.model.kernels.FAMILIES`.
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


@serial
def tally(
    replicate: Integers,
    observed: Integers,
    band: Integers,
    lowest: Integers,
    frequency: Integers,
    total: Floats,
    squares: Floats,
    events: Integers,
    below: Integers,
    equal: Integers,
) -> None:
    """Add replicates of some rows of one authority to what is kept of them.

    Parameters
    ----------
    replicate : ndarray of int64, shape (rows, sample)
    observed, band : ndarray of int64, shape (rows,)
    lowest : ndarray of int64, shape (bins,)
        Lowest count of each bin, the first of them 0.
    frequency : ndarray of int64, shape (sample, bins)
        Number of rows by bin.
    total, squares : ndarray, shape (sample,)
        Sums of counts and of their squares.
    events : ndarray of int64, shape (sample, bands)
        Sum of counts by band.
    below, equal : ndarray of int64, shape (rows,)
        Filled with the number of replicates below the observed count, and equal to it.
    """
    for i in range(replicate.shape[0]):
        under, same = 0, 0
        for s in range(replicate.shape[1]):
            y = replicate[i, s]
            under += y < observed[i]
            same += y == observed[i]
            frequency[s, np.searchsorted(lowest, y, side="right") - 1] += 1
            total[s] += y
            squares[s] += np.float64(y) * y
            events[s, band[i]] += y
        below[i], equal[i] = under, same
