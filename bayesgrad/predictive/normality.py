r"""Tests of normality of many samples at once, from `scipy.special` alone.

SciPy has like tests in `scipy.stats`, which takes a tenth of a fit by Laplace to import, and which
takes samples of Shapiro and Wilk one at a time.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from bayesgrad.design.splines import Floats


def shapiro_francia(values: Floats) -> Floats:
    """P-values of Shapiro and Francia's test of normality, small where tails are long or skew.

    The statistic is the squared correlation of the ordered values with normal scores; its p-value
    is the approximation of Royston (1993), for 5 to 5,000 values.

    Parameters
    ----------
    values : ndarray, shape (n, samples)
        Not all equal in any sample.

    Returns
    -------
    ndarray, shape (samples,)
    """
    size = len(values)
    scores = ndtri((np.arange(1, size + 1) - 0.375) / (size + 0.25))
    left = np.sort(values, axis=0) - values.mean(axis=0)
    squared = (scores @ left) ** 2 / ((scores @ scores) * (left**2).sum(axis=0))
    log = np.log(size)
    mean = -1.2725 + 1.0521 * (np.log(log) - log)
    sd = 1.0308 - 0.26758 * (np.log(log) + 2.0 / log)
    found: Floats = ndtr(-(np.log(np.maximum(1.0 - squared, 1e-300)) - mean) / sd)
    return found


def low_kurtosis(values: Floats) -> Floats:
    """P-values of Anscombe and Glynn's test (1983), small where tails are short.

    Parameters
    ----------
    values : ndarray, shape (n, samples)
        20 values or more, not all equal in any sample.

    Returns
    -------
    ndarray, shape (samples,)
    """
    n = float(len(values))
    left = values - values.mean(axis=0)
    kurtosis = (left**4).mean(axis=0) / (left**2).mean(axis=0) ** 2
    mean = 3.0 * (n - 1.0) / (n + 1.0)
    variance = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0) ** 2 * (n + 3.0) * (n + 5.0))
    standard = (kurtosis - mean) / np.sqrt(variance)
    skewness = (
        6.0
        * (n * n - 5.0 * n + 2.0)
        / ((n + 7.0) * (n + 9.0))
        * np.sqrt(6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0)))
    )
    freedom = 6.0 + 8.0 / skewness * (2.0 / skewness + np.sqrt(1.0 + 4.0 / skewness**2))
    cube = (1.0 - 2.0 / freedom) / (1.0 + standard * np.sqrt(2.0 / (freedom - 4.0)))
    found: Floats = ndtr(
        (1.0 - 2.0 / (9.0 * freedom) - np.cbrt(cube)) / np.sqrt(2.0 / (9.0 * freedom))
    )
    return found
