from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.design import build_design
from bayesgrad.model.arrays import count_rows, likelihood_arrays
from bayesgrad.model.kernels import (
    FAMILIES,
    CountRows,
    Curvature,
    Parameters,
    log_likelihood,
    third_order,
)
from bayesgrad.model.likelihood import CellEffects
from bayesgrad.model.likelihood import log_likelihood as symbolic_log_likelihood
from tests.small import drawn_design, drawn_table, spec_of

TERMS = 2
SIZES = (40, 0, 700, 60)
"""Rows of the cells: one is empty, one has several blocks."""
OUTCOME = np.array([0, 1, 1, 0])


@dataclass(frozen=True)
class Case:
    """Rows of four cells in two outcomes, with two row terms."""

    rows: CountRows
    at: Parameters


def case_of(log_rate: float = -1.0, largest: int = 30, alpha: float = 5.0) -> Case:
    rng = np.random.default_rng(1)
    size = sum(SIZES)
    count = rng.integers(0, largest + 1, size)
    of_row = np.repeat(OUTCOME, SIZES)
    steps = np.arange(min(count.max(), 32))
    large = np.unique(count[count > 32])
    rows = CountRows(
        events=count.astype(float),
        x=rng.normal(size=size),
        log_exposure=rng.normal(size=size),
        terms=rng.normal(size=(TERMS, size)),
        start=np.concatenate([[0], np.cumsum(SIZES)]),
        outcome=OUTCOME,
        exceedance=np.array(
            [[(count[of_row == s] > k).sum() for k in steps] for s in (0, 1)], dtype=float
        ),
        large_count=large.astype(float),
        large_frequency=np.array(
            [[(count[of_row == s] == y).sum() for y in large] for s in (0, 1)], dtype=float
        ),
    )
    at = Parameters(
        intercept=np.full(4, log_rate),
        slope=np.array([0.4, 0.0, -0.2, 0.1]),
        coefficient=np.array([[0.1, -0.2], [0.3, 0.05]]),
        alpha=np.array([alpha, 2.0 * alpha]),
    )
    return Case(rows, at)


def flat(parameters: Parameters) -> np.ndarray:
    return np.concatenate([part.ravel() for part in parameters])


def unflat(vector: np.ndarray) -> Parameters:
    a, b, coefficient, alpha = np.split(vector, [4, 8, 12])
    return Parameters(a, b, coefficient.reshape(2, TERMS), alpha)


def evaluate(
    family: str, at: Parameters, rows: CountRows, *, curved: bool = False
) -> tuple[float, Parameters, Curvature]:
    gradient = Parameters(*(np.full_like(part, np.nan) for part in at))
    terms = rows.terms.shape[0]
    curvature = Curvature(
        np.full((4, 2, 2), np.nan), np.full((4, 2, terms), np.nan), np.full((2, terms, terms), 0.0)
    )
    given = curvature if curved else None
    value = log_likelihood(FAMILIES[family], at, rows, gradient, given)
    return value, gradient, curvature


def predictors(case: Case) -> np.ndarray:
    cell, rows, at = np.repeat(np.arange(4), SIZES), case.rows, case.at
    of_terms = (at.coefficient[OUTCOME[cell]] * rows.terms.T).sum(axis=1)
    return rows.log_exposure + at.intercept[cell] + at.slope[cell] * rows.x + of_terms


@pytest.mark.parametrize("alpha", [0.01, 5.0, 1e4])
@pytest.mark.parametrize("largest", [1, 30, 3000])
@pytest.mark.parametrize("family", FAMILIES)
def test_differences_of_values_are_those_of_scipy(family, largest, alpha):
    case, other = case_of(-1.0, largest, alpha), case_of(1.0, largest, 1.7 * alpha)

    def of_scipy(given: Case) -> float:
        count, mean = given.rows.events, np.exp(predictors(given))
        if family == "poisson":
            return stats.poisson.logpmf(count, mean).sum()
        size = given.at.alpha[np.repeat(OUTCOME, SIZES)]
        return stats.nbinom.logpmf(count, size, size / (size + mean)).sum()

    found = evaluate(family, other.at, case.rows)[0] - evaluate(family, case.at, case.rows)[0]
    assert_allclose(found, of_scipy(Case(case.rows, other.at)) - of_scipy(case), rtol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("log_rate", [np.log(1e-8), -1.0, 6.0])
@pytest.mark.parametrize("largest", [1, 30, 10_000])
@pytest.mark.parametrize("alpha", [0.01, 5.0, 1e8])
def test_gradients_agree_with_finite_differences(family, log_rate, largest, alpha):
    case = case_of(log_rate, largest, alpha)
    point = flat(case.at)
    scale = np.concatenate([np.ones(12), case.at.alpha])

    def at(shifted: np.ndarray) -> float:
        return evaluate(family, unflat(shifted), case.rows)[0]

    gradient = flat(evaluate(family, case.at, case.rows)[1])
    for k, step in enumerate(np.diag(1e-4 * scale)):
        difference = (at(point + step) - at(point - step)) / 2e-4
        # Two values of the size of at(point), each right to some 1e-14 of it.
        noise = 1e-13 * abs(at(point)) / 1e-4
        assert_allclose(gradient[k] * scale[k], difference, rtol=1e-5, atol=1e-7 + noise)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("log_rate", [np.log(1e-8), -1.0, 4.0])
@pytest.mark.parametrize("alpha", [0.01, 5.0, 1e8])
def test_curvatures_agree_with_finite_differences_of_the_gradient(family, log_rate, alpha):
    case = case_of(log_rate, alpha=alpha)
    value, gradient, curvature = evaluate(family, case.at, case.rows, curved=True)
    plain, same, _ = evaluate(family, case.at, case.rows)
    assert value == pytest.approx(plain, rel=1e-13)
    assert_allclose(flat(gradient), flat(same), rtol=1e-10, atol=1e-10)

    dense = np.zeros((12, 12))
    for c, s in enumerate(OUTCOME):
        own, shared = [c, 4 + c], slice(8 + 2 * s, 10 + 2 * s)
        dense[np.ix_(own, own)] = curvature.cell[c]
        dense[own, shared] = curvature.border[c]
        dense[shared, own] = curvature.border[c].T
    for s in (0, 1):
        shared = slice(8 + 2 * s, 10 + 2 * s)
        dense[shared, shared] = curvature.coefficient[s]

    def slopes(shifted: np.ndarray) -> np.ndarray:
        return flat(evaluate(family, unflat(shifted), case.rows)[1])[:12]

    point, steps = flat(case.at), 1e-4 * np.eye(14)[:12]
    bends = [-(slopes(point + step) - slopes(point - step)) / 2e-4 for step in steps]
    noise = 1e-14 * np.abs(flat(gradient)[:12]).max() / 1e-4
    assert_allclose(dense, bends, rtol=1e-5, atol=1e-6 * np.abs(dense).max() + noise)


@pytest.mark.parametrize("family", FAMILIES)
def test_third_derivatives_agree_with_finite_differences_of_the_curvature(family):
    case = case_of()
    root = np.random.default_rng(3).normal(size=(4, 4, 4))
    covariance = root @ root.transpose(0, 2, 1)
    # The coefficients' own variances need the weights of each cell apart: leave them out.
    covariance[:, 2:, 2:] = 0.0
    found = Parameters(*(np.full_like(part, np.nan) for part in case.at))
    third_order(FAMILIES[family], case.at, case.rows, covariance, found)

    def total(shifted: np.ndarray) -> float:
        """Sum of variances times weights, from the blocks of the Hessian."""
        _, _, curvature = evaluate(family, unflat(shifted), case.rows, curved=True)
        of_cells = (curvature.cell * covariance[:, :2, :2]).sum()
        return of_cells + 2.0 * (curvature.border * covariance[:, :2, 2:]).sum()

    point, steps = flat(case.at), 1e-5 * np.eye(14)[:12]
    slopes = [(total(point + step) - total(point - step)) / 2e-5 for step in steps]
    assert_allclose(flat(found)[:12], slopes, rtol=1e-5, atol=1e-4)
    assert_allclose(found.alpha, 0.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_variances_of_coefficients_count_among_third_derivatives(family):
    case = case_of()
    covariance = np.zeros((4, 4, 4))
    covariance[:, 2:, 2:] = [[2.0, 0.5], [0.5, 1.0]]
    found = Parameters(*(np.empty_like(part) for part in case.at))
    third_order(FAMILIES[family], case.at, case.rows, covariance, found)
    one, two = case.rows.terms
    variance = 2.0 * one**2 + one * two + two**2
    ratio = np.exp(predictors(case)) / case.at.alpha[np.repeat(OUTCOME, SIZES)]
    slant = np.exp(predictors(case))
    if family == "negative_binomial":
        alpha = case.at.alpha[np.repeat(OUTCOME, SIZES)]
        slant = (case.rows.events + alpha) * ratio * (1 - ratio) / (1 + ratio) ** 3
    cell = np.repeat(np.arange(4), SIZES)
    assert_allclose(found.intercept, np.bincount(cell, slant * variance, minlength=4), rtol=1e-10)
    for s in (0, 1):
        own = OUTCOME[cell] == s
        expected = (case.rows.terms * slant * variance)[:, own].sum(axis=1)
        assert_allclose(found.coefficient[s], expected, rtol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_order_of_the_rows_of_a_cell_does_not_matter(family):
    case = case_of()
    rng = np.random.default_rng(2)
    order = np.concatenate(
        [
            first + rng.permutation(size)
            for first, size in zip(case.rows.start[:-1], SIZES, strict=True)
        ]
    )
    shuffled = case.rows._replace(
        events=case.rows.events[order],
        x=case.rows.x[order],
        log_exposure=case.rows.log_exposure[order],
        terms=np.ascontiguousarray(case.rows.terms[:, order]),
    )
    value, gradient, _ = evaluate(family, case.at, case.rows)
    other, same, _ = evaluate(family, case.at, shuffled)
    assert_allclose(other, value, rtol=1e-13)
    assert_allclose(flat(same), flat(gradient), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mean_beyond_all_numbers_has_no_likelihood(family):
    case = case_of(log_rate=900.0)
    assert evaluate(family, case.at, case.rows)[0] == -np.inf


def test_common_counts_by_hand():
    count = np.array([40, 0, 1, 40, 3, 33, 35, 2])
    design = drawn_design(spec_of(), authorities=2, areas=4)
    rows = count_rows(replace(design, rows=replace(design.rows, count=count)))
    assert_allclose(rows.exceedance[0, :4], [7, 6, 5, 4])
    assert rows.exceedance.shape == (1, 32)
    assert_allclose(rows.large_count, [33, 35, 40])
    assert_allclose(rows.large_frequency, [[1, 1, 2]])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_operation_is_the_same_compiled_and_not(family):
    outcomes = ("referrals", "plans")
    spec = spec_of('[area]\ncovariates = ["rural", "density"]\n', outcomes=outcomes)
    design = build_design(spec, drawn_table(outcomes=outcomes, covariates=("rural", "density")))
    data = {name: pt.constant(array) for name, array in likelihood_arrays(design).items()}
    intercept, slope, coefficient = pt.dvector("a"), pt.dvector("b"), pt.dmatrix("c")
    alpha = pt.dvector("alpha")
    poisson_family = family == "poisson"
    effects = CellEffects(intercept, slope, coefficient)
    value = symbolic_log_likelihood(family, data, effects, None if poisson_family else alpha)
    wrt = [intercept, slope, coefficient, *([] if poisson_family else [alpha])]
    outputs = [value, *pt.grad(value, wrt)]
    rng = np.random.default_rng(1)
    cells = int(np.prod(design.cells))
    given = {
        intercept: rng.normal(-3, 0.3, cells),
        slope: rng.normal(0.4, 0.1, cells),
        coefficient: rng.normal(0, 0.2, (2, 2)),
        alpha: np.array([3.0, 30.0]),
    }
    results = [
        pytensor.function(wrt, outputs, mode=mode)(*(given[variable] for variable in wrt))
        for mode in ("FAST_COMPILE", "NUMBA")
    ]
    for interpreted, compiled in zip(*results, strict=True):
        assert_allclose(compiled, interpreted, rtol=1e-10)
