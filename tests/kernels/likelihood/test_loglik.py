from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import gammaln

from bayesgrad.kernels.families.numbers import FAMILIES
from bayesgrad.kernels.families.rising_factorial import SMALL_COUNTS
from bayesgrad.kernels.likelihood.loglik import log_likelihood, third_order
from bayesgrad.kernels.likelihood.rows import CountRows, Curvature, Parameters

TERMS = 2
FORMS = tuple(FAMILIES)
"""An outcome of every family and link."""
OUTCOME = np.array([0, 1, 2, 3, 4, 5, 0, 1, 4])
SIZES = (40, 0, 60, 300, 50, 700, 30, 620, 0)
"""Rows of the cells: some are empty, some have several blocks."""
CELLS, OUTCOMES = len(SIZES), len(FORMS)
CELL = np.repeat(np.arange(CELLS), SIZES)
ROW_OUTCOME = OUTCOME[CELL]
OF_CASES = np.array(["binomial" in family and "negative" not in family for family, _ in FORMS])
DISPERSED = np.array([family in ("negative_binomial", "beta_binomial") for family, _ in FORMS])
BETA_BINOMIAL = OF_CASES & DISPERSED
EFFECTS = 2 * CELLS + OUTCOMES * TERMS
"""Parameters but for alpha."""


@dataclass(frozen=True)
class Case:
    """Rows of cells of several families, with two row terms."""

    rows: CountRows
    at: Parameters


def case_of(log_rate: float = -1.0, largest: int = 30, alpha: float = 5.0) -> Case:
    rng = np.random.default_rng(1)
    size = sum(SIZES)
    count = rng.integers(0, largest + 1, size)
    cases = count + rng.integers(0, 3 * largest + 1, size)
    of_cases, dispersed = OF_CASES[ROW_OUTCOME], DISPERSED[ROW_OUTCOME]
    total = np.where(of_cases, cases, count)
    steps = np.arange(min(total.max(), SMALL_COUNTS))
    large = np.unique(total[total > SMALL_COUNTS])

    def number(chosen: np.ndarray) -> list[int]:
        return [int((chosen & dispersed & (s == ROW_OUTCOME)).sum()) for s in range(OUTCOMES)]

    rows = CountRows(
        events=count.astype(float),
        x=rng.normal(size=size),
        offset=np.where(of_cases, 0.0, rng.normal(size=size)),
        cases=cases.astype(float),
        terms=rng.normal(size=(TERMS, size)),
        start=np.concatenate([[0], np.cumsum(SIZES)]).astype(np.int32),
        suppressed_start=np.cumsum(SIZES, dtype=np.int32),
        bounds=np.zeros(2, dtype=np.int32),
        outcome=OUTCOME.astype(np.int32),
        family=np.array(list(FAMILIES.values()), dtype=np.int32),
        exceedance=np.array([number(total > k) for k in steps], dtype=float).T.copy(),
        large_count=large.astype(float),
        large_frequency=np.array([number(total == y) for y in large], dtype=float)
        .reshape(-1, OUTCOMES)
        .T.copy(),
        neighbourhood=np.empty(0, dtype=np.int32),
    )
    # Probabilities under the log link stay below 1.
    level = np.where(OF_CASES, -3.0, log_rate)
    at = Parameters(
        intercept=level[OUTCOME],
        slope=rng.uniform(-0.2, 0.2, CELLS),
        coefficient=rng.uniform(-0.2, 0.2, (OUTCOMES, TERMS)),
        alpha=alpha * np.linspace(1.0, 2.0, OUTCOMES),
        neighbourhood=np.empty((OUTCOMES, 0)),
    )
    return Case(rows, at)


def flat(parameters: Parameters) -> np.ndarray:
    return np.concatenate([part.ravel() for part in parameters])


def unflat(vector: np.ndarray) -> Parameters:
    a, b, coefficient, alpha = np.split(vector, [CELLS, 2 * CELLS, EFFECTS])
    none = np.empty((OUTCOMES, 0))
    return Parameters(a, b, coefficient.reshape(OUTCOMES, TERMS), alpha, none)


def evaluate(
    at: Parameters, rows: CountRows, *, curved: bool = False
) -> tuple[float, Parameters, Curvature]:
    gradient = Parameters(*(np.full_like(part, np.nan) for part in at))
    curvature = Curvature(
        np.full((CELLS, 2, 2), np.nan),
        np.full((CELLS, 2, TERMS), np.nan),
        np.full((OUTCOMES, TERMS, TERMS), np.nan),
    )
    nothing = Curvature(np.empty((0, 2, 2)), np.empty((0, 2, 0)), np.empty((0, 0, 0)))
    value = log_likelihood(at, rows, gradient, curvature if curved else nothing)
    return value, gradient, curvature


def predictors(case: Case) -> np.ndarray:
    rows, at = case.rows, case.at
    of_terms = (at.coefficient[ROW_OUTCOME] * rows.terms.T).sum(axis=1)
    return rows.offset + at.intercept[CELL] + at.slope[CELL] * rows.x + of_terms


def of_scipy(case: Case) -> float:
    """The log likelihood with its constants, outcome by outcome."""
    eta, total = predictors(case), 0.0
    for s, (family, link) in enumerate(FORMS):
        own = s == ROW_OUTCOME
        y, n, alpha = case.rows.events[own], case.rows.cases[own], case.at.alpha[s]
        mean = np.exp(eta[own])
        p = mean / (1.0 + mean) if link == "logit" else mean
        match family:
            case "poisson":
                total += stats.poisson.logpmf(y, mean).sum()
            case "negative_binomial":
                total += stats.nbinom.logpmf(y, alpha, alpha / (alpha + mean)).sum()
            case "binomial":
                total += stats.binom.logpmf(y, n, p).sum()
            case "beta_binomial":
                total += stats.betabinom.logpmf(y, n, p * alpha, (1.0 - p) * alpha).sum()
    return float(total)


def constant_of(rows: CountRows) -> float:
    y, n = rows.events, rows.cases
    choices = gammaln(n + 1.0) - gammaln(n - y + 1.0)
    return float((np.where(OF_CASES[ROW_OUTCOME], choices, 0.0) - gammaln(y + 1.0)).sum())


@pytest.mark.parametrize("alpha", [0.01, 5.0, 1e4])
@pytest.mark.parametrize("largest", [1, 30, 3000])
def test_values_are_those_of_scipy_for_rows_of_all_families_at_once(largest, alpha):
    case = case_of(-1.0, largest, alpha)
    value = evaluate(case.at, case.rows)[0] + constant_of(case.rows)
    assert_allclose(value, of_scipy(case), rtol=1e-10)


@pytest.mark.parametrize("log_rate", [np.log(1e-8), -1.0, 6.0])
@pytest.mark.parametrize("largest", [1, 30, 10_000])
@pytest.mark.parametrize("alpha", [0.01, 5.0, 1e8])
def test_gradients_agree_with_finite_differences(log_rate, largest, alpha):
    case = case_of(log_rate, largest, alpha)
    point = flat(case.at)
    scale = np.concatenate([np.ones(EFFECTS), case.at.alpha])

    def at(shifted: np.ndarray) -> float:
        return evaluate(unflat(shifted), case.rows)[0]

    gradient = flat(evaluate(case.at, case.rows)[1])
    for k, step in enumerate(np.diag(1e-4 * scale)):
        difference = (at(point + step) - at(point - step)) / 2e-4
        # Two values of the size of at(point), each right to some 1e-14 of it.
        noise = 1e-13 * abs(at(point)) / 1e-4
        assert_allclose(gradient[k] * scale[k], difference, rtol=1e-5, atol=1e-7 + noise)


def test_families_without_a_size_have_no_derivative_in_alpha():
    case = case_of(alpha=np.inf)
    finite = case.at._replace(alpha=np.full(OUTCOMES, 5.0))
    assert_allclose(evaluate(finite, case.rows)[1].alpha[~DISPERSED], 0.0)
    value, gradient, _ = evaluate(case.at, case.rows)
    assert np.isfinite(value)
    assert np.isfinite(flat(gradient)).all()


@pytest.mark.parametrize("log_rate", [np.log(1e-8), -1.0, 4.0])
@pytest.mark.parametrize("alpha", [0.01, 5.0, 1e8])
def test_curvatures_agree_with_finite_differences_of_the_gradient(log_rate, alpha):
    # With some cases more and little dispersion, no curvature of the beta-binomial is negative,
    # which would be put at 0.
    plenty = case_of(log_rate, alpha=alpha)
    sizes = np.where(BETA_BINOMIAL, np.maximum(1e5, alpha), plenty.at.alpha)
    case = Case(
        plenty.rows._replace(cases=plenty.rows.cases + 5.0), plenty.at._replace(alpha=sizes)
    )
    value, gradient, curvature = evaluate(case.at, case.rows, curved=True)
    plain, same, _ = evaluate(case.at, case.rows)
    assert value == pytest.approx(plain, rel=1e-13)
    assert_allclose(flat(gradient), flat(same), rtol=1e-10, atol=1e-10)

    dense = np.zeros((EFFECTS, EFFECTS))
    for s in range(OUTCOMES):
        shared = slice(2 * CELLS + TERMS * s, 2 * CELLS + TERMS * (s + 1))
        dense[shared, shared] = curvature.coefficient[s]
        for c in np.flatnonzero(s == OUTCOME):
            own = [c, CELLS + c]
            dense[np.ix_(own, own)] = curvature.cell[c]
            dense[own, shared] = curvature.border[c]
            dense[shared, own] = curvature.border[c].T

    def slopes(shifted: np.ndarray) -> np.ndarray:
        return flat(evaluate(unflat(shifted), case.rows)[1])[:EFFECTS]

    point, steps = flat(case.at), 1e-4 * np.eye(EFFECTS + OUTCOMES)[:EFFECTS]
    bends = [-(slopes(point + step) - slopes(point - step)) / 2e-4 for step in steps]
    noise = 1e-14 * np.abs(flat(gradient)[:EFFECTS]).max() / 1e-4
    assert_allclose(dense, bends, rtol=1e-5, atol=1e-6 * np.abs(dense).max() + noise)


def without_the_beta_binomial(case: Case) -> Case:
    """The same with its rows as binomial ones, which have third derivatives."""
    binomial = {"beta_binomial": "binomial"}
    family = [FAMILIES[binomial.get(family, family), link] for family, link in FORMS]
    return Case(case.rows._replace(family=np.array(family, dtype=np.int32)), case.at)


def test_third_derivatives_agree_with_finite_differences_of_the_curvature():
    case = without_the_beta_binomial(case_of())
    width = 2 + TERMS
    root = np.random.default_rng(3).normal(size=(CELLS, width, width))
    covariance = root @ root.transpose(0, 2, 1)
    # The coefficients' own variances need the weights of each cell apart: leave them out.
    covariance[:, 2:, 2:] = 0.0
    found = Parameters(*(np.full_like(part, np.nan) for part in case.at))
    third_order(case.at, case.rows, covariance, found)

    def total(shifted: np.ndarray) -> float:
        """Sum of variances times weights, from the blocks of the Hessian."""
        _, _, curvature = evaluate(unflat(shifted), case.rows, curved=True)
        of_cells = (curvature.cell * covariance[:, :2, :2]).sum()
        return of_cells + 2.0 * (curvature.border * covariance[:, :2, 2:]).sum()

    point, steps = flat(case.at), 1e-5 * np.eye(EFFECTS + OUTCOMES)[:EFFECTS]
    slopes = [(total(point + step) - total(point - step)) / 2e-5 for step in steps]
    scale = np.abs(slopes).max()
    assert_allclose(flat(found)[:EFFECTS], slopes, rtol=1e-5, atol=1e-8 * scale)
    assert_allclose(found.alpha, 0.0)


def test_third_derivatives_of_the_beta_binomial_are_no_numbers():
    case = case_of()
    found = Parameters(*(np.zeros_like(part) for part in case.at))
    third_order(case.at, case.rows, np.ones((CELLS, 2 + TERMS, 2 + TERMS)), found)
    some = np.array(SIZES) > 0
    assert_allclose(np.isnan(found.intercept), BETA_BINOMIAL[OUTCOME] & some)


def test_variances_of_coefficients_count_among_third_derivatives():
    case = case_of()
    covariance = np.zeros((CELLS, 4, 4))
    covariance[:, 2:, 2:] = [[2.0, 0.5], [0.5, 1.0]]
    found = Parameters(*(np.empty_like(part) for part in case.at))
    third_order(case.at, case.rows, covariance, found)
    one, two = case.rows.terms
    variance = 2.0 * one**2 + one * two + two**2
    mean, alpha = np.exp(predictors(case)), case.at.alpha[ROW_OUTCOME]
    n, rest = case.rows.cases, case.rows.cases - case.rows.events
    odds = mean / (1 + mean) ** 2
    thirds = {
        ("poisson", "log"): mean,
        ("negative_binomial", "log"): (case.rows.events + alpha)
        * (mean / alpha)
        * (1 - mean / alpha)
        / (1 + mean / alpha) ** 3,
        ("binomial", "logit"): n * odds * (1 - mean) / (1 + mean),
        ("binomial", "log"): rest * mean * (1 + mean) / (1 - mean) ** 3,
    }
    for form, third in thirds.items():
        own = FORMS.index(form) == ROW_OUTCOME
        expected = np.bincount(CELL[own], (third * variance)[own], minlength=CELLS)
        cells = FORMS.index(form) == OUTCOME
        assert_allclose(found.intercept[cells], expected[cells], rtol=1e-9)
        of_terms = (case.rows.terms * third * variance)[:, own].sum(axis=1)
        assert_allclose(found.coefficient[FORMS.index(form)], of_terms, rtol=1e-9)


def test_the_order_of_the_rows_of_a_cell_does_not_matter():
    case = case_of()
    rng = np.random.default_rng(2)
    order = np.concatenate(
        [
            first + rng.permutation(size)
            for first, size in zip(case.rows.start[:-1], SIZES, strict=True)
        ]
    )
    by_row = ("events", "x", "offset", "cases")
    moved = {name: getattr(case.rows, name)[order] for name in by_row}
    terms = np.ascontiguousarray(case.rows.terms[:, order])
    value, gradient, _ = evaluate(case.at, case.rows)
    other, same, _ = evaluate(case.at, case.rows._replace(**moved, terms=terms))
    assert_allclose(other, value, rtol=1e-13)
    assert_allclose(flat(same), flat(gradient), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("outcome", range(OUTCOMES))
def test_one_impossible_cell_leaves_no_likelihood(outcome):
    # A mean beyond all numbers, a probability above 1, or events and others where p is 0 or 1.
    case = case_of()
    intercept = np.where(outcome == OUTCOME, np.inf, case.at.intercept)
    assert evaluate(case.at._replace(intercept=intercept), case.rows)[0] == -np.inf
    assert np.isfinite(evaluate(case.at, case.rows)[0])


def test_cells_without_rows_have_no_derivatives():
    _, gradient, curvature = evaluate(case_of().at, case_of().rows, curved=True)
    empty = np.array(SIZES) == 0
    for part in (gradient.intercept, gradient.slope, curvature.cell, curvature.border):
        assert_allclose(part[empty], 0.0)
        assert not np.isclose(part[~empty], 0.0).all()


def test_rows_of_counts_alone_need_no_cases():
    case = case_of()
    of_counts = case.rows._replace(family=np.array([0, 1, 0, 1, 0, 1], dtype=np.int32))
    value, gradient, _ = evaluate(case.at, of_counts)
    other, same, _ = evaluate(case.at, of_counts._replace(cases=np.empty(0)))
    assert value == other
    assert_allclose(flat(gradient), flat(same), rtol=0)


def test_effects_of_neighbourhoods_are_added_to_their_rows_and_their_gradient_gathered():
    plain = case_of()
    rng = np.random.default_rng(3)
    place = rng.integers(0, 4, len(CELL), dtype=np.int32)
    effects = rng.uniform(-0.1, 0.1, (OUTCOMES, 4))
    rows = plain.rows._replace(neighbourhood=place)
    at = plain.at._replace(neighbourhood=effects)
    value, gradient, curvature = evaluate(at, rows, curved=True)
    moved = plain.rows._replace(offset=plain.rows.offset + effects[ROW_OUTCOME, place])
    expected, known, known_curvature = evaluate(plain.at, moved, curved=True)
    assert_allclose(value, expected, rtol=1e-13)
    for found, part in zip(gradient[:4], known[:4], strict=True):
        assert_allclose(found, part, rtol=1e-10, atol=1e-9)
    for found, part in zip(curvature, known_curvature, strict=True):
        assert_allclose(found, part, rtol=1e-10, atol=1e-9)
    for s, m in np.ndindex(effects.shape):
        step = np.zeros_like(effects)
        step[s, m] = 1e-5
        ends = [
            evaluate(at._replace(neighbourhood=effects + sign * step), rows)[0] for sign in (1, -1)
        ]
        difference = (ends[0] - ends[1]) / 2e-5
        assert_allclose(gradient.neighbourhood[s, m], difference, rtol=1e-5, atol=1e-4)
