"""Steps of a pass over one block of rows that all families share: predictors before, sums after."""

from __future__ import annotations

from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.likelihood.rows import CountRows, Parameters
from bayesgrad.kernels.shapes import Indices, Matrix, Vector


@inlined
def linear_predictor(
    eta: Vector, at: Parameters, rows: CountRows, cell: int, first: int, last: int
) -> None:
    """Fill the linear predictors of the rows from `first` up to `last`, all of one cell."""
    offset, x = rows.offset[first:last], rows.x[first:last]
    intercept, slope, outcome = at.intercept[cell], at.slope[cell], rows.outcome[cell]
    for i in range(len(x)):
        eta[i] = offset[i] + intercept + slope * x[i]
    for m in range(len(rows.terms)):
        term, effect = rows.terms[m, first:last], at.coefficient[outcome, m]
        for i in range(len(x)):
            eta[i] += effect * term[i]
    if len(rows.neighbourhood):
        index, of_outcome = rows.neighbourhood[first:last], at.neighbourhood[outcome]
        for i in range(len(x)):
            eta[i] += of_outcome[index[i]]


@kernel
def predictor_variance(
    variance: Vector, x: Vector, terms: Matrix, first: int, covariance: Matrix
) -> None:
    """Fill the variances of the linear predictors of a block whose first row is `first`."""
    for i in range(len(x)):
        variance[i] = covariance[0, 0] + x[i] * (2.0 * covariance[0, 1] + x[i] * covariance[1, 1])
    for m in range(len(terms)):
        one = terms[m, first : first + len(x)]
        with_one, with_x, own = covariance[0, m + 2], covariance[1, m + 2], covariance[m + 2, m + 2]
        for i in range(len(x)):
            variance[i] += one[i] * (2.0 * (with_one + with_x * x[i]) + own * one[i])
        for n in range(m):
            other, both = terms[n, first : first + len(x)], 2.0 * covariance[m + 2, n + 2]
            for i in range(len(x)):
                variance[i] += both * one[i] * other[i]


@inlined
def inner(one: Vector, other: Vector) -> float:
    """Sum of products over the length of the second."""
    total = 0.0
    for i in range(len(other)):
        total += one[i] * other[i]
    return total


@inlined
def add_by_neighbourhood(values: Vector, index: Indices, totals: Vector) -> None:
    """Add the values of a block of rows to the totals of their neighbourhoods."""
    for i in range(len(index)):
        totals[index[i]] += values[i]


@kernel
def add_curvature(
    weight: Vector,
    x: Vector,
    terms: Matrix,
    first: int,
    cell: Matrix,
    border: Matrix,
    coefficient: Matrix,
) -> None:
    """Add what a block gives to the curvature of its cell and of its outcome's coefficients."""
    of_level, of_both, of_slope = 0.0, 0.0, 0.0
    for i in range(len(x)):
        of_level += weight[i]
        of_both += weight[i] * x[i]
        of_slope += weight[i] * x[i] * x[i]
    cell[0, 0] += of_level
    cell[0, 1] += of_both
    cell[1, 0] += of_both
    cell[1, 1] += of_slope
    for m in range(len(terms)):
        one = terms[m, first : first + len(x)]
        with_level, with_slope = 0.0, 0.0
        for i in range(len(x)):
            with_level += weight[i] * one[i]
            with_slope += weight[i] * one[i] * x[i]
        border[0, m] += with_level
        border[1, m] += with_slope
        for n in range(m + 1):
            other = terms[n, first : first + len(x)]
            together = 0.0
            for i in range(len(x)):
                together += weight[i] * one[i] * other[i]
            coefficient[m, n] += together
            if n < m:
                coefficient[n, m] += together
