from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import gammaln

from bayesgrad.kernels.families.cases import LARGEST_BETA_ALPHA
from bayesgrad.kernels.families.derivatives import row_derivatives, row_third_derivatives
from bayesgrad.kernels.families.numbers import FAMILIES
from bayesgrad.kernels.families.rising_factorial import log_rising_factorial
from bayesgrad.spec.vocabulary import Family

ALPHAS = (0.01, 0.7, 30.0, 1e4, np.inf)
COUNTS = (0, 1, 3, 31, 32, 33, 120, 4_000)
MORE = (0, 1, 40, 9_000)
"""Cases without an event."""
LOGS = (-18.0, -4.0, -1.0, -0.1)
LOGITS = (*LOGS, 0.0, 0.8, 3.0, 12.0)
RATES = (*LOGS, 0.0, 2.0, 6.0, 9.0)
PARTS = [(family, link, alpha) for family, link in FAMILIES for alpha in ALPHAS]


@dataclass(frozen=True)
class Row:
    """One row with its family."""

    family: str
    link: str
    alpha: float
    eta: float
    count: float
    cases: float

    @property
    def of_cases(self) -> bool:
        return self.family in ("binomial", "beta_binomial")

    def derivatives(self, eta: float | None = None, alpha: float | None = None):
        """Value, residual, weight and derivative in alpha, constants and common sums left out."""
        residual, weight = np.full(1, np.nan), np.full(1, np.nan)
        value, change = row_derivatives(
            FAMILIES[self.family, self.link],
            np.array([self.eta if eta is None else eta]),
            np.array([self.count]),
            np.array([self.cases]),
            self.alpha if alpha is None else alpha,
            residual,
            weight,
        )
        return np.array([value, residual[0], weight[0], change])

    def whole(self) -> float:
        """The value with all that is left out of it."""
        value = self.derivatives()[0] - gammaln(self.count + 1.0)
        if self.of_cases:
            value += gammaln(self.cases + 1.0) - gammaln(self.cases - self.count + 1.0)
        if self.family == "beta_binomial":
            return value - log_rising_factorial(int(self.cases), 1.0 / self.alpha)
        if self.family == "negative_binomial":
            return value + log_rising_factorial(int(self.count), 1.0 / self.alpha)
        return value

    def beyond(self) -> float:
        """How far the beta-binomial of the largest size may be from the binomial."""
        if self.family != "beta_binomial" or np.isfinite(self.alpha):
            return 0.0
        p = self.probability()
        squares = self.count**2 / p + (self.cases - self.count) ** 2 / (1.0 - p) + self.cases**2
        return squares / LARGEST_BETA_ALPHA

    def probability(self) -> float:
        return 1.0 / (1.0 + math.exp(-self.eta)) if self.link == "logit" else math.exp(self.eta)

    def third(self) -> float:
        third = np.full(1, np.nan)
        row = (np.array([value]) for value in (self.eta, self.count, self.cases))
        row_third_derivatives(FAMILIES[self.family, self.link], *row, self.alpha, third)
        return float(third[0])

    def of_scipy(self) -> float:
        if self.family == "poisson" or (
            self.family == "negative_binomial" and np.isinf(self.alpha)
        ):
            return float(stats.poisson.logpmf(self.count, math.exp(self.eta)))
        if self.family == "negative_binomial":
            share = self.alpha / (self.alpha + math.exp(self.eta))
            return float(stats.nbinom.logpmf(self.count, self.alpha, share))
        p = self.probability()
        if self.family == "binomial" or np.isinf(self.alpha):
            return float(stats.binom.logpmf(self.count, self.cases, p))
        size = (p * self.alpha, (1.0 - p) * self.alpha)
        return float(stats.betabinom.logpmf(self.count, self.cases, *size))


def rows_of(family: str, link: str, alpha: float) -> list[Row]:
    if family not in ("binomial", "beta_binomial"):
        grid = [(eta, count, 0) for eta in RATES for count in COUNTS]
    else:
        etas = LOGITS if link == "logit" else LOGS
        grid = [(eta, y, y + rest) for eta in etas for y in COUNTS for rest in MORE]
    return [Row(family, link, alpha, eta, float(count), float(cases)) for eta, count, cases in grid]


def test_every_family_of_the_vocabulary_has_a_kernel():
    assert {family for family, _ in FAMILIES} == set(get_args(Family))
    assert sorted(FAMILIES.values()) == list(range(len(FAMILIES)))


@pytest.mark.parametrize(("family", "link", "alpha"), PARTS)
def test_values_are_those_of_scipy(family, link, alpha):
    for row in rows_of(family, link, alpha):
        # Scipy takes differences of log gamma functions of the size of alpha and of the cases.
        size = row.cases + row.count + (alpha if np.isfinite(alpha) else 1.0) + math.exp(row.eta)
        noise = 1e-13 * size * math.log(2.0 + size) + row.beyond()
        if family == "negative_binomial" and np.isfinite(alpha):
            # Its share of 1 less mean / alpha keeps few digits of the latter.
            noise += 1e-15 * row.count * alpha / math.exp(row.eta)
        assert_allclose(row.whole(), row.of_scipy(), rtol=1e-11, atol=noise, err_msg=str(row))


@pytest.mark.parametrize(("family", "link", "alpha"), PARTS)
def test_derivatives_agree_with_finite_differences(family, link, alpha):
    step = 1e-5
    for row in rows_of(family, link, alpha):
        here = row.derivatives()
        up, down = row.derivatives(row.eta + step), row.derivatives(row.eta - step)
        slope, bend = (up - down)[0] / (2 * step), -(up - down)[1] / (2 * step)
        # Each value is right to some last places of its largest terms.
        terms = row.count * (1.0 + abs(row.eta)) + row.cases + math.exp(row.eta) + abs(here[0])
        noise = 1e-7 + 1e-15 * terms * (1.0 + abs(row.eta)) / step
        assert_allclose(here[1], slope, rtol=1e-6, atol=noise, err_msg=str(row))
        # Only the beta-binomial's curvature may be negative.
        bend = max(bend, 0.0) if family == "beta_binomial" else bend
        assert_allclose(here[2], bend, rtol=1e-6, atol=noise, err_msg=str(row))
        if family == "beta_binomial":
            assert np.isnan(row.third())
        else:
            tilt = (up - down)[2] / (2 * step)
            assert_allclose(row.third(), tilt, rtol=1e-6, atol=noise, err_msg=str(row))


@pytest.mark.parametrize(("family", "link", "alpha"), PARTS)
def test_derivatives_in_alpha_agree_with_finite_differences(family, link, alpha):
    for row in rows_of(family, link, alpha):
        change = row.derivatives()[3]
        if family in ("poisson", "binomial") or np.isinf(alpha):
            assert abs(change) <= 1e-12 + row.beyond() / LARGEST_BETA_ALPHA
            continue
        step = 1e-5 * alpha
        ends = [row.derivatives(alpha=alpha + sign * step)[0] for sign in (1, -1)]
        noise = 1e-8 + 1e-15 * max(map(abs, ends)) / 1e-5
        difference = (ends[0] - ends[1]) / 2e-5
        assert_allclose(change * alpha, difference, rtol=1e-5, atol=noise, err_msg=str(row))
