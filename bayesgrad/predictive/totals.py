"""The part of a log likelihood that only totals of rows and the overdispersion enter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from bayesgrad.design.design import Design, Integers, OutcomeForm
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.scores.pointwise import log_rising


class TotalTerms(NamedTuple):
    r"""Terms of one outcome's rows; :math:`R(m, \alpha) = \sum_{k < m} \ln(1 + k / \alpha)`.

    Attributes
    ----------
    value : ndarray of int64, shape (rows,)
        Which of the outcome's distinct totals is that of each row; 0 for rows of other outcomes.
    rising : ndarray, shape (distinct totals, sample)
        :math:`R(y, \alpha)` of the negative binomial, :math:`-R(n, \alpha)` of the beta-binomial,
        and 0 of other families.
    constant : ndarray, shape (rows,)
        :math:`-\ln y!`, or :math:`\ln \binom{n}{y}` of events out of cases.
    """

    value: Integers
    rising: Floats
    constant: Floats

    def total(self, rows: slice) -> Floats:
        """Sum of the terms over some of the outcome's rows, for each draw: shape (sample,)."""
        frequency = np.bincount(self.value[rows], minlength=len(self.rising))
        found: Floats = frequency @ self.rising + self.constant[rows].sum()
        return found


def total_terms(design: Design, size: Floats) -> list[TotalTerms]:
    """Terms of each outcome under each draw's alpha, (sample, outcomes)."""
    constant = log_constants(design)
    outcome = design.row_outcome
    return [
        _of_outcome(design, form, np.flatnonzero(outcome == s), size[:, s], constant)
        for s, form in enumerate(design.forms)
    ]


def log_constants(design: Design) -> Floats:
    """Part of each row's log density that no parameter changes, (rows,)."""
    count, of_cases = design.rows.count, [form.of_cases for form in design.forms]
    found: Floats = -gammaln(count + 1.0)
    rows = np.flatnonzero(np.array(of_cases)[design.row_outcome])
    cases = design.rows.exposure[rows]
    found[rows] += gammaln(cases + 1.0) - gammaln(cases - count[rows] + 1.0)
    return found


def _of_outcome(
    design: Design, form: OutcomeForm, rows: Integers, size: Floats, constant: Floats
) -> TotalTerms:
    place = np.zeros(len(constant), dtype=np.int64)
    if not form.dispersed:
        return TotalTerms(place, np.zeros((1, len(size))), constant)
    total = design.rows.exposure if form.of_cases else design.rows.count
    distinct, place[rows] = np.unique(total[rows].astype(np.int64), return_inverse=True)
    rising = np.empty((len(distinct), len(size)))
    log_rising(1.0 / size, distinct, rising)
    return TotalTerms(place, -rising if form.of_cases else rising, constant)
