from __future__ import annotations

import numpy as np
import pytensor.tensor as pt
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import gammaln

from bayesgrad.design import Design, build_design
from bayesgrad.model.arrays import likelihood_arrays
from bayesgrad.model.likelihood import CellEffects, log_likelihood
from tests.small import drawn_design, drawn_table, spec_of, table_of

OUTCOMES = ("referrals", "plans")


def value_of(design: Design, *, intercept, slope, alpha=None, coefficient=None) -> float:
    """The log likelihood of the package at given cell effects, all arrays of numbers."""
    data = {name: pt.constant(array) for name, array in likelihood_arrays(design).items()}
    none = np.empty((len(design.outcomes), 0))
    effects = CellEffects(
        pt.constant(intercept),
        pt.constant(slope),
        pt.constant(none if coefficient is None else coefficient),
    )
    result = log_likelihood(
        "poisson" if alpha is None else "negative_binomial",
        data,
        effects,
        None if alpha is None else pt.constant(np.asarray(alpha, dtype=np.float64)),
    )
    return float(result.eval(mode="FAST_COMPILE"))


def mean_of(design: Design, *, intercept, slope, row=0.0) -> np.ndarray:
    rows = design.rows
    return rows.exposure * np.exp(intercept[rows.cell] + slope[rows.cell] * rows.x + row)


def expected(count, mean, alpha=None) -> float:
    """The same from scipy."""
    if alpha is None:
        return float(stats.poisson.logpmf(count, mean).sum())
    return float(stats.nbinom.logpmf(count, alpha, alpha / (alpha + mean)).sum())


def expected_at_extremes(count, mean, alpha=None) -> float:
    """The same from scipy's gamma function: its nbinom loses digits where mean / alpha is small."""
    if alpha is None:
        return expected(count, mean)
    return float(
        (
            gammaln(count + alpha)
            - gammaln(alpha)
            - gammaln(count + 1)
            + count * np.log(mean / (alpha + mean))
            - alpha * np.log1p(mean / alpha)
        ).sum()
    )


def drawn_effects(design: Design, seed: int, *, level: float = -3.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    cells = int(np.prod(design.cells))
    return {"intercept": rng.normal(level, 0.5, cells), "slope": rng.normal(0.4, 0.2, cells)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("alpha", [None, 0.01, 0.5, 8.0, 1e4])
def test_log_likelihood_is_that_of_scipy(seed, alpha):
    design = drawn_design(spec_of(), seed=seed)
    effects = drawn_effects(design, seed)
    of_rows = None if alpha is None else [alpha]
    mean = mean_of(design, **effects)
    assert_allclose(
        value_of(design, **effects, alpha=of_rows),
        expected(design.rows.count, mean, alpha),
        rtol=1e-11,
    )


@pytest.mark.parametrize("alpha", [None, 3.0])
def test_effects_of_rows_enter_the_log_likelihood(alpha):
    spec = spec_of(
        '[gradient]\ncurvature = "quadratic"\n'
        '[area]\ncovariates = ["rural"]\nmoderators = ["density"]\n'
    )
    design = drawn_design(spec)
    effects = drawn_effects(design, 1)
    rows = design.rows
    columns = np.hstack([rows.covariates.values, rows.gradient_moderators, rows.curve])
    coefficient = np.random.default_rng(2).normal(0, 0.3, columns.shape[1])
    mean = mean_of(design, **effects, row=columns @ coefficient)
    alphas = None if alpha is None else [alpha]
    value = value_of(design, **effects, coefficient=coefficient[None], alpha=alphas)
    assert_allclose(value, expected(rows.count, mean, alpha), rtol=1e-11)


@pytest.mark.parametrize("seed", range(3))
def test_each_outcome_has_its_own_alpha(seed):
    design = build_design(
        spec_of(outcomes=OUTCOMES),
        drawn_table(seed=seed, outcomes=OUTCOMES, strata=("boys", "girls")),
    )
    effects = drawn_effects(design, seed)
    alpha = np.array([0.7, 25.0])
    mean = mean_of(design, **effects)
    value = value_of(design, **effects, alpha=alpha)
    of_rows = alpha[design.row_outcome]
    assert_allclose(value, expected(design.rows.count, mean, of_rows), rtol=1e-11)
    swapped = expected(design.rows.count, mean, alpha[1 - design.row_outcome])
    assert abs(value - swapped) > 1.0


def extreme_design(count: list[int]) -> Design:
    return build_design(
        spec_of(),
        table_of(
            authority=["A", "A", "B", "B"],
            deprivation=[0.1, 0.2, 0.1, 0.5],
            exposure=[1, 20_000, 300, 300],
            count=count,
        ),
    )


@pytest.mark.parametrize("count", [[0, 0, 0, 1], [0, 10_000, 1, 0], [10_000, 10_000, 0, 3]])
@pytest.mark.parametrize("log_rate", [np.log(1e-8), -3.0, 3.0])
@pytest.mark.parametrize("alpha", [None, 0.01, 1.0, 1e4])
def test_log_likelihood_is_exact_at_extremes(count, log_rate, alpha):
    design = extreme_design(count)
    effects = {"intercept": np.full(2, log_rate), "slope": np.array([0.5, -0.5])}
    value = value_of(design, **effects, alpha=None if alpha is None else [alpha])
    mean = mean_of(design, **effects)
    assert_allclose(value, expected_at_extremes(design.rows.count, mean, alpha), rtol=1e-10)


def beyond_poisson(count, mean, alpha) -> float:
    """Poisson log likelihood with the first order of 1/alpha: exact where alpha is large."""
    correction = ((count - mean) ** 2 - count).sum() / (2 * alpha)
    return expected(count, mean) + float(correction)


@pytest.mark.parametrize("alpha", [1e6, 1e7, 1e8])
def test_log_likelihood_tends_to_the_poisson_as_alpha_grows(alpha):
    design = drawn_design(spec_of(), authorities=10, areas=100)
    effects = drawn_effects(design, 1)
    exact = beyond_poisson(design.rows.count, mean_of(design, **effects), alpha)
    assert_allclose(value_of(design, **effects, alpha=[alpha]), exact, rtol=0, atol=2e-3)


@pytest.mark.parametrize("alpha", [1e9, 1e12, 1e16, 1e300, np.inf])
def test_log_likelihood_stays_the_poisson_s_however_large_alpha_is(alpha):
    design = drawn_design(spec_of(), authorities=10, areas=100)
    effects = drawn_effects(design, 1)
    poisson = expected(design.rows.count, mean_of(design, **effects))
    assert_allclose(value_of(design, **effects, alpha=[alpha]), poisson, rtol=0, atol=1e-3)


@pytest.mark.parametrize("alpha", [None, [3.0]])
def test_a_rate_beyond_all_numbers_has_no_likelihood(alpha):
    design = extreme_design([0, 1, 2, 3])
    value = value_of(design, intercept=np.full(2, 800.0), slope=np.zeros(2), alpha=alpha)
    assert value == -np.inf


def test_the_arrays_of_the_likelihood_by_hand():
    design = extreme_design([2, 0, 1, 2])
    arrays = likelihood_arrays(design)
    assert_allclose(arrays["rows_start"], [0, 2, 4])
    assert_allclose(arrays["rows_outcome"], [0, 0])
    assert_allclose(arrays["rows_exceedance"], [[3, 2]])  # above 0: three rows; above 1: two
    assert_allclose(arrays["log_constant"], -2 * np.log(2))


def test_exceedances_of_two_outcomes_are_kept_apart():
    table = table_of(
        authority=["A", "A", "B", "B"],
        outcome=["referrals", "plans"] * 2,
        deprivation=[0.1, 0.1, 0.2, 0.2],
        exposure=[100] * 4,
        count=[3, 1, 1, 0],
    )
    arrays = likelihood_arrays(build_design(spec_of(outcomes=OUTCOMES), table))
    assert_allclose(arrays["rows_exceedance"], [[2, 1, 1], [1, 0, 0]])
