"""Families of rows by number, and what each gives for a block of rows of one outcome."""

from __future__ import annotations

import numpy as np

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.cases import (
    beta_binomial,
    binomial_log,
    binomial_log_slant,
    binomial_logit,
    binomial_logit_slant,
)
from bayesgrad.model.kernels.censored import interval_derivatives, interval_slant
from bayesgrad.model.kernels.compiling import compiled
from bayesgrad.model.kernels.counts import (
    negative_binomial,
    negative_binomial_slant,
    poisson,
    poisson_slant,
)

POISSON, NEGATIVE_BINOMIAL = 0, 1
BINOMIAL_LOGIT, BINOMIAL_LOG = 2, 3
BETA_BINOMIAL_LOGIT, BETA_BINOMIAL_LOG = 4, 5
FAMILIES = {
    ("poisson", "log"): POISSON,
    ("negative_binomial", "log"): NEGATIVE_BINOMIAL,
    ("binomial", "logit"): BINOMIAL_LOGIT,
    ("binomial", "log"): BINOMIAL_LOG,
    ("beta_binomial", "logit"): BETA_BINOMIAL_LOGIT,
    ("beta_binomial", "log"): BETA_BINOMIAL_LOG,
}
"""Number by which the kernels know a family and its link."""


@compiled
def row_derivatives(
    family: int,
    eta: Floats,
    count: Floats,
    cases: Floats,
    alpha: float,
    residual: Floats,
    weight: Floats,
) -> tuple[float, float]:
    r"""Log likelihood of a block of rows, and its derivative in alpha (0 where there is none).

    Sums that are the same for equal counts or cases, and constants, are left out. Fills each row's
    derivative in its linear predictor :math:`\eta_i`, and minus the second derivative.

    Parameters
    ----------
    family : int
        Of `FAMILIES`.
    eta : ndarray, shape (at least rows,)
    count, cases : ndarray, shape (rows,)
        Cases may be empty for families of counts.
    alpha : float
        Size of the negative binomial or beta-binomial.
    residual, weight : ndarray, shape (at least rows,)
        Filled.
    """
    if family == POISSON:
        return poisson(eta, count, residual, weight), 0.0
    if family == NEGATIVE_BINOMIAL:
        return negative_binomial(eta, count, alpha, residual, weight)
    if family == BINOMIAL_LOGIT:
        return binomial_logit(eta, count, cases, residual, weight), 0.0
    if family == BINOMIAL_LOG:
        return binomial_log(eta, count, cases, residual, weight), 0.0
    logit = family == BETA_BINOMIAL_LOGIT
    return beta_binomial(eta, count, cases, alpha, logit, residual, weight)


@compiled
def row_slants(
    family: int, eta: Floats, count: Floats, cases: Floats, alpha: float, slant: Floats
) -> None:
    """Fill the derivative of minus each row's second derivative; not for the beta-binomial."""
    if family == POISSON:
        poisson_slant(eta, count, slant)
    elif family == NEGATIVE_BINOMIAL:
        negative_binomial_slant(eta, count, alpha, slant)
    elif family == BINOMIAL_LOGIT:
        binomial_logit_slant(eta, cases, slant)
    elif family == BINOMIAL_LOG:
        binomial_log_slant(eta, count, cases, slant)
    else:
        slant[: len(count)] = np.nan


@compiled
def suppressed_derivatives(
    family: int,
    eta: Floats,
    bounds: Integers,
    alpha: float,
    residual: Floats,
    weight: Floats,
) -> tuple[float, float]:
    """What `row_derivatives` gives, of rows whose counts are known only to lie within bounds.

    All constants are in the value; only families of counts have such rows.

    Parameters
    ----------
    eta : ndarray, shape (rows,)
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count.
    """
    if family == POISSON:
        return interval_derivatives(eta, bounds, np.inf, residual, weight)[0], 0.0
    return interval_derivatives(eta, bounds, alpha, residual, weight)


@compiled
def suppressed_slants(
    family: int, eta: Floats, bounds: Integers, alpha: float, slant: Floats
) -> None:
    """What `row_slants` fills, of rows whose counts are known only to lie within bounds."""
    interval_slant(eta, bounds, np.inf if family == POISSON else alpha, slant)
