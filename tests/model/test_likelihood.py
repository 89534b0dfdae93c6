from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import gammaln

from bayesgrad.design import Design, build_design
from bayesgrad.kernels.likelihood.by_effects import Effects
from bayesgrad.model.arrays import likelihood_arrays
from bayesgrad.model.likelihood import log_likelihood
from bayesgrad.spec import ModelSpec
from tests.model.forms import MASSES, MODE
from tests.small import AGES, drawn_design, drawn_table, spec_of, table_of

OUTCOMES = ("referrals", "plans")
FAMILIES = ("poisson", "negative_binomial")
ALL = """
[area]
covariates = ["rural", "density"]
[strata]
column = "age"
[[outcomes]]
column = "contacts"
family = "poisson"
[[outcomes]]
column = "referrals"
[[outcomes]]
column = "assessments"
family = "binomial"
[[outcomes]]
column = "plans"
family = "beta_binomial"
link = "log"
"""


def effects_of(design: Design, **given) -> Effects:
    """Effects of cells as constants; those not given are nothing."""
    _, outcomes, strata = design.cells
    none = {
        "stratum_intercept": np.zeros((outcomes, strata)),
        "stratum_slope": np.zeros((outcomes, strata)),
        "coefficient": np.zeros((outcomes, 0)),
        "alpha": np.full(outcomes, np.inf),
        "neighbourhood": np.zeros((outcomes, len(design.neighbourhoods))),
    }
    values = none | {name: np.asarray(value, dtype=float) for name, value in given.items()}
    return Effects(*(pt.constant(values[field]) for field in Effects._fields))


def value_of(design: Design, *, intercept, slope, **given) -> float:
    """The log likelihood of the package, cells' own effects in the order of cells."""
    data = {name: pt.constant(array) for name, array in likelihood_arrays(design).items()}
    of_cells = (np.reshape(values, design.cells) for values in (intercept, slope))
    effects = effects_of(
        design, **dict(zip(("intercept", "slope"), of_cells, strict=True)), **given
    )
    return float(log_likelihood(data, effects).eval(mode=MODE))


def spec_of_family(alpha, text: str = "", **settings) -> ModelSpec:
    family = FAMILIES[alpha is not None]
    return spec_of(f'{text}\n[likelihood]\nfamily = "{family}"\n', **settings)


def sizes(alpha) -> dict:
    return {} if alpha is None else {"alpha": alpha}


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


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("alpha", [None, 0.01, 0.5, 8.0, 1e4])
def test_log_likelihood_is_that_of_scipy(seed, alpha):
    design = drawn_design(spec_of_family(alpha), seed=seed)
    effects = drawn_effects(design, seed)
    found = value_of(design, **effects, **sizes([alpha] if alpha else None))
    mean = mean_of(design, **effects)
    assert_allclose(found, expected(design.rows.count, mean, alpha), rtol=1e-11)


@pytest.mark.parametrize("alpha", [None, 3.0])
def test_effects_of_rows_enter_the_log_likelihood(alpha):
    text = (
        '[gradient]\ncurvature = "quadratic"\n'
        '[area]\ncovariates = ["rural"]\nmoderators = ["density"]\n'
    )
    design = drawn_design(spec_of_family(alpha, text))
    effects = drawn_effects(design, 1)
    rows = design.rows
    columns = np.hstack([rows.covariates.values, rows.gradient_moderators, rows.curve])
    coefficient = np.random.default_rng(2).normal(0, 0.3, columns.shape[1])
    mean = mean_of(design, **effects, row=columns @ coefficient)
    given = sizes([alpha] if alpha else None)
    value = value_of(design, **effects, coefficient=coefficient[None], **given)
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


def drawn_mixture() -> tuple[Design, dict[str, np.ndarray]]:
    """A design of every family in strata, and effects of its authorities, strata and rows."""
    design = drawn_design(spec_of(ALL, outcomes=()))
    rng = np.random.default_rng(4)
    authorities, outcomes, strata = design.cells
    return design, {
        "intercept": rng.normal(-3.5, 0.3, (authorities, outcomes)),
        "slope": rng.normal(0.3, 0.1, (authorities, outcomes)),
        "stratum_intercept": rng.normal(0.0, 0.3, (outcomes, strata)),
        "stratum_slope": rng.normal(0.0, 0.1, (outcomes, strata)),
        "coefficient": rng.normal(0.0, 0.1, (outcomes, 2)),
        "alpha": np.array([np.inf, 4.0, np.inf, 20.0]),
    }


def test_outcomes_of_all_families_add_up_to_scipy_s():
    design, given = drawn_mixture()
    data = {name: pt.constant(array) for name, array in likelihood_arrays(design).items()}
    found = float(log_likelihood(data, effects_of(design, **given)).eval(mode=MODE))
    rows, outcome = design.rows, design.row_outcome
    strata = len(AGES)
    authority, stratum = rows.cell // (4 * strata), rows.cell % strata
    eta = given["intercept"][authority, outcome] + given["stratum_intercept"][outcome, stratum]
    slope = given["slope"][authority, outcome] + given["stratum_slope"][outcome, stratum]
    eta = eta + slope * rows.x + (rows.covariates.values * given["coefficient"][outcome]).sum(1)
    total = 0.0
    for s, form in enumerate(design.forms):
        own = outcome == s
        log_mass = MASSES[form.family, form.link]
        parts = rows.count[own], rows.exposure[own], np.exp(eta[own]), given["alpha"][s]
        total += log_mass(*parts).sum()
    assert_allclose(found, total, rtol=1e-11)


@pytest.mark.full
def test_the_operation_is_the_same_compiled_and_not():
    design, given = drawn_mixture()
    data = {name: pt.constant(array) for name, array in likelihood_arrays(design).items()}
    inputs = [pt.TensorType("float64", shape=(None,) * v.ndim)() for v in given.values()]
    none = pt.constant(np.zeros((len(design.forms), 0)))
    value = log_likelihood(data, Effects(*inputs, neighbourhood=none))
    outputs = [value, *pt.grad(value, inputs)]
    results = [
        pytensor.function(inputs, outputs, mode=mode)(*given.values()) for mode in (MODE, "NUMBA")
    ]
    for interpreted, compiled in zip(*results, strict=True):
        assert_allclose(compiled, interpreted, rtol=1e-10)
        assert np.abs(compiled).max() > 0.0


def extreme_design(count: list[int], alpha=None) -> Design:
    return build_design(
        spec_of_family(alpha),
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
    design = extreme_design(count, alpha)
    effects = {"intercept": np.full(2, log_rate), "slope": np.array([0.5, -0.5])}
    value = value_of(design, **effects, **sizes([alpha] if alpha else None))
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
    design = extreme_design([0, 1, 2, 3], alpha)
    value = value_of(design, intercept=np.full(2, 800.0), slope=np.zeros(2), **sizes(alpha))
    assert value == -np.inf
