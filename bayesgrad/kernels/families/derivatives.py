"""What each family gives for a block of rows of one outcome: values and derivatives."""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.families.cases import (
    beta_binomial,
    binomial_log,
    binomial_log_third_derivative,
    binomial_logit,
    binomial_logit_third_derivative,
)
from bayesgrad.kernels.families.censored import interval_derivatives, interval_third_derivative
from bayesgrad.kernels.families.counts import (
    negative_binomial,
    negative_binomial_third_derivative,
    poisson,
    poisson_third_derivative,
)
from bayesgrad.kernels.families.numbers import (
    BETA_BINOMIAL_LOGIT,
    BINOMIAL_LOG,
    BINOMIAL_LOGIT,
    NEGATIVE_BINOMIAL,
    POISSON,
)
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.shapes import Integers, Vector


@kernel
def row_derivatives(
    family: int,
    eta: Vector,
    count: Vector,
    cases: Vector,
    alpha: float,
    residual: Vector,
    weight: Vector,
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


@kernel
def row_third_derivatives(
    family: int, eta: Vector, count: Vector, cases: Vector, alpha: float, third: Vector
) -> None:
    """Fill the derivative of minus each row's second derivative; not for the beta-binomial."""
    if family == POISSON:
        poisson_third_derivative(eta, count, third)
    elif family == NEGATIVE_BINOMIAL:
        negative_binomial_third_derivative(eta, count, alpha, third)
    elif family == BINOMIAL_LOGIT:
        binomial_logit_third_derivative(eta, cases, third)
    elif family == BINOMIAL_LOG:
        binomial_log_third_derivative(eta, count, cases, third)
    else:
        third[: len(count)] = np.nan


@inlined
def suppressed_derivatives(
    family: int,
    eta: Vector,
    bounds: Integers,
    alpha: float,
    residual: Vector,
    weight: Vector,
) -> tuple[float, float]:
    """What `row_derivatives` gives, of rows whose counts are known only to lie within bounds.

    All constants are in the value; only families of counts have such rows.

    Parameters
    ----------
    eta : ndarray, shape (rows,)
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count.
    """
    poisson = family == POISSON
    size = np.inf if poisson else alpha
    value, change = interval_derivatives(eta, bounds, size, residual, weight)
    return value, 0.0 if poisson else change


@inlined
def suppressed_third_derivatives(
    family: int, eta: Vector, bounds: Integers, alpha: float, third: Vector
) -> None:
    """What `row_third_derivatives` fills, of counts known only to lie within bounds."""
    interval_third_derivative(eta, bounds, np.inf if family == POISSON else alpha, third)
