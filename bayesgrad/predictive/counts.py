"""The part of a log likelihood that only the counts and the overdispersion enter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.predictive import kernels


class CountTerms(NamedTuple):
    r"""Terms of some rows' counts; see `bayesgrad.predictive.kernels` for R.

    Attributes
    ----------
    value : ndarray of int64, shape (rows,)
        Which of the distinct counts is that of each row.
    rising : ndarray, shape (distinct counts, sample)
        :math:`R(y, \alpha)`.
    log_factorial : ndarray, shape (distinct counts,)
        :math:`\ln y!`.
    """

    value: Integers
    rising: Floats
    log_factorial: Floats

    def total(self, rows: slice) -> Floats:
        """Sum of the terms over some of the rows, for each draw: shape (sample,)."""
        frequency = np.bincount(self.value[rows], minlength=len(self.log_factorial))
        found: Floats = frequency @ (self.rising - self.log_factorial[:, None])
        return found


def count_terms(count: Integers, inverse_size: Floats) -> CountTerms:
    """Terms of counts, (rows,), under each draw's 1 / alpha, (sample,)."""
    distinct, value = np.unique(count, return_inverse=True)
    rising = np.empty((len(distinct), len(inverse_size)))
    kernels.log_rising(inverse_size, distinct, rising)
    return CountTerms(value, rising, gammaln(distinct + 1.0))
