from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.kernels.families import cases as kernels
from bayesgrad.kernels.families.cases import Rising
from bayesgrad.kernels.families.derivatives import row_derivatives
from bayesgrad.kernels.families.numbers import FAMILIES
from tests.kernels.calling import from_python

rising = from_python(kernels.rising)

COUNTS = (0, 1, 7, 8, 31, 32, 33, 34, 100, 10_000)
ALPHAS = (1e-3, 0.01, 0.7, 30.0, 1e4, 1e8, 1e12)


@pytest.mark.parametrize("p", [1e-30, 1e-6, 0.3, 1.0 - 1e-12])
@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("count", COUNTS)
def test_rising_is_that_added_term_by_term(count, alpha, p):
    terms = [p + k * (1.0 / alpha) for k in range(count)]
    expected = (
        math.fsum(math.log(t) for t in terms),
        math.fsum(1.0 / t for t in terms),
        math.fsum(1.0 / t**2 for t in terms),
    )
    filled = Rising(np.zeros(1), np.zeros(1))
    value = rising(np.array([p]), np.array([float(count)]), 1.0 / alpha, filled)
    # The logs of terms on either side of 1 cancel, and leave rounding of the size of their number;
    # and the sum of squared reciprocals is a difference of squares.
    assert_allclose(value, expected[0], rtol=1e-12, atol=1e-14 * count)
    assert_allclose(filled.one[0], expected[1], rtol=1e-12)
    assert_allclose(filled.two[0], expected[2], rtol=1e-9)


def test_rows_of_a_block_have_sums_of_their_own():
    p, count = np.array([0.2, 0.7, 0.05]), np.array([0.0, 3.0, 40.0])
    filled = Rising(np.zeros(3), np.zeros(3))
    total = rising(p, count, 0.1, filled)
    values = 0.0
    for row in range(3):
        own = Rising(np.zeros(1), np.zeros(1))
        values += rising(p[row : row + 1], count[row : row + 1], 0.1, own)
        assert_allclose([filled.one[row], filled.two[row]], [own.one[0], own.two[0]], rtol=1e-12)
    assert_allclose(total, values, rtol=1e-13)


def one_row(family: str, link: str, eta: float, count: float, cases: float, alpha: float = 1.0):
    """Value, derivative, weight and derivative in alpha of a block of one row."""
    residual, weight = np.full(1, np.nan), np.full(1, np.nan)
    number = FAMILIES[family, link]
    row = (np.array([float(v)]) for v in (eta, count, cases))
    value, change = row_derivatives(number, *row, alpha, residual, weight)
    return value, residual[0], weight[0], change


@pytest.mark.parametrize("family", ["binomial", "beta_binomial"])
@pytest.mark.parametrize("eta", [0.0, 1e-9, 3.0, 800.0])
@pytest.mark.parametrize("count", [0, 3, 5])
def test_a_probability_of_one_or_more_under_the_log_link_is_impossible(family, eta, count):
    value, residual, weight, _ = one_row(family, "log", eta, count, 5)
    assert value == -np.inf
    assert (residual, weight) == (0.0, 0.0)


@pytest.mark.parametrize("family", ["binomial", "beta_binomial"])
def test_possible_rows_after_an_impossible_one_leave_the_block_impossible(family):
    eta, count, cases = np.array([0.5, -1.0]), np.array([2.0, 1.0]), np.array([3.0, 4.0])
    residual, weight = np.empty(2), np.empty(2)
    number = FAMILIES[family, "log"]
    value, _ = row_derivatives(number, eta, count, cases, 3.0, residual, weight)
    assert value == -np.inf
    alone = one_row(family, "log", -1.0, 1, 4, 3.0)
    assert_allclose((residual[1], weight[1]), alone[1:3])


@pytest.mark.parametrize("link", ["logit", "log"])
@pytest.mark.parametrize("alpha", [1e12, 1e16, 1e300, np.inf])
@pytest.mark.parametrize(("count", "cases"), [(0, 4), (3, 3), (20, 90), (900, 4000)])
def test_the_beta_binomial_of_any_large_size_is_the_binomial(link, alpha, count, cases):
    value, residual, weight, change = one_row("beta_binomial", link, -0.7, count, cases, alpha)
    expected = one_row("binomial", link, -0.7, count, cases)
    # At a size of 1e12 the second order of cases is what is left: 4,000 ** 2 / 1e12.
    assert_allclose((value, residual, weight), expected[:3], rtol=1e-8, atol=1e-7)
    assert abs(change) < 1e-12


def test_the_curvature_of_the_beta_binomial_is_put_at_zero_where_it_is_negative():
    def residual(eta: float) -> float:
        return one_row("beta_binomial", "logit", eta, 0, 50, 5.0)[1]

    bend = -(residual(3.0 + 1e-5) - residual(3.0 - 1e-5)) / 2e-5
    assert bend < -1e-3
    assert one_row("beta_binomial", "logit", 3.0, 0, 50, 5.0)[2] == 0.0


def test_no_cases_say_nothing():
    for family, link in FAMILIES:
        if "binomial" in family and family != "negative_binomial":
            assert_allclose(one_row(family, link, -1.3, 0, 0, 2.0), 0.0, atol=1e-15)
