from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from numpy.testing import assert_allclose

from bayesgrad.design import build_design
from bayesgrad.model import elementary
from bayesgrad.model.arrays import likelihood_arrays
from bayesgrad.model.kernels import negative_binomial, poisson
from bayesgrad.model.likelihood import CellEffects, log_likelihood
from tests.small import drawn_design, drawn_table, spec_of

LAST_PLACES = 4 * np.finfo(float).eps


def test_exp_is_that_of_numpy_to_the_last_places():
    x = np.concatenate([np.random.default_rng(1).uniform(-700, 700, 5000), [0.0, 1.0, -1e-300]])
    assert_allclose([elementary.exp(value) for value in x], np.exp(x), rtol=LAST_PLACES)


def test_exp_at_its_ends():
    assert elementary.exp(np.inf) == np.inf
    assert elementary.exp(800.0) == np.inf
    assert 0.0 < elementary.exp(-np.inf) < 1e-300
    assert np.isnan(elementary.exp(np.nan))


def test_log1p_is_that_of_numpy_to_the_last_places():
    u = np.concatenate([10.0 ** np.random.default_rng(1).uniform(-300, 300, 5000), [0.0, 1.0]])
    assert_allclose([elementary.log1p(value) for value in u], np.log1p(u), rtol=LAST_PLACES)


class Rows:
    """Rows of three cells, one of them empty, in two outcomes."""

    def __init__(self, log_rate: float, largest: int, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.start = np.array([0, 40, 40, 100])
        self.outcome = np.array([0, 1, 1])
        self.x = rng.normal(size=100)
        self.count = rng.integers(0, largest + 1, 100).astype(float)
        self.intercept = np.full(3, log_rate)
        self.slope = np.array([0.4, 0.0, -0.2])
        self.offset = rng.normal(size=100)
        steps = np.arange(self.count.max())
        of_row = np.repeat(self.outcome, np.diff(self.start))
        self.exceedance = np.array(
            [[(self.count[of_row == s] > k).sum() for k in steps] for s in (0, 1)], dtype=float
        )

    def value(self, family, intercept, slope, offset, alpha, *, rows=True):
        """Value and gradient, the latter one vector."""
        parts = [np.empty(3), np.empty(3), np.empty(100) if rows else None]
        if family == "poisson":
            value = poisson(intercept, slope, offset, self.count, self.x, self.start, *parts)
            alphas = np.zeros(2)
        else:
            alphas = np.empty(2)
            value = negative_binomial(
                intercept,
                slope,
                offset,
                alpha,
                self.count,
                self.x,
                self.start,
                self.outcome,
                self.exceedance,
                *parts,
                alphas,
            )
        return value, np.concatenate([part for part in (*parts, alphas) if part is not None])


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
@pytest.mark.parametrize("log_rate", [np.log(1e-8), -1.0, 6.0])
@pytest.mark.parametrize("largest", [1, 30, 10_000])
@pytest.mark.parametrize("alpha", [0.01, 5.0, 1e8])
def test_gradients_agree_with_finite_differences(family, log_rate, largest, alpha):
    rows = Rows(log_rate, largest)
    alphas = np.array([alpha, 2.0 * alpha])
    point = np.concatenate([rows.intercept, rows.slope, rows.offset, alphas])

    def at(shifted):
        a, b, offset, size = np.split(shifted, [3, 6, 106])
        return rows.value(family, a, b, offset, size)[0]

    _, gradient = rows.value(family, rows.intercept, rows.slope, rows.offset, alphas)
    scale = np.concatenate([np.ones(106), alphas])
    for k in (0, 1, 2, 3, 5, 6, 50, 105, 106, 107):
        step = np.zeros(108)
        step[k] = 1e-4 * scale[k]
        difference = (at(point + step) - at(point - step)) / 2e-4
        # Two values of the size of at(point), each right to some 1e-14 of it.
        noise = 1e-13 * abs(at(point)) / 1e-4
        assert_allclose(gradient[k] * scale[k], difference, rtol=1e-5, atol=1e-7 + noise)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_the_derivative_in_the_offset_is_optional(family):
    rows = Rows(0.0, 30)
    inputs = (rows.intercept, rows.slope, rows.offset, np.array([3.0, 8.0]))
    value, gradient = rows.value(family, *inputs)
    same, shorter = rows.value(family, *inputs, rows=False)
    assert_allclose(same, value, rtol=1e-13)
    assert_allclose(shorter, np.delete(gradient, slice(6, 106)), rtol=1e-12)


@pytest.mark.parametrize("row_effects", [False, True])
@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_the_operation_is_the_same_compiled_and_not(family, row_effects):
    outcomes = ("referrals", "plans")
    design = build_design(spec_of(outcomes=outcomes), drawn_table(outcomes=outcomes))
    data = {name: pt.constant(array) for name, array in likelihood_arrays(design).items()}
    intercept, slope, row = pt.dvector("a"), pt.dvector("b"), pt.dvector("r")
    alpha = pt.dvector("alpha")
    poisson_family = family == "poisson"
    effects = CellEffects(intercept, slope, row if row_effects else None)
    value = log_likelihood(family, data, effects, None if poisson_family else alpha)
    wrt = [intercept, slope, *([row] if row_effects else []), *([] if poisson_family else [alpha])]
    outputs = [value, *pt.grad(value, wrt)]
    rng = np.random.default_rng(1)
    cells = int(np.prod(design.cells))
    given = {
        intercept: rng.normal(-3, 0.3, cells),
        slope: rng.normal(0.4, 0.1, cells),
        row: rng.normal(0, 0.2, len(design.rows.count)),
        alpha: np.array([3.0, 30.0]),
    }
    results = [
        pytensor.function(wrt, outputs, mode=mode)(*(given[variable] for variable in wrt))
        for mode in ("FAST_COMPILE", "NUMBA")
    ]
    for interpreted, compiled in zip(*results, strict=True):
        assert_allclose(compiled, interpreted, rtol=1e-10)


def test_the_order_of_the_rows_of_a_cell_does_not_matter():
    design = drawn_design(spec_of(), authorities=3, areas=50)
    arrays = likelihood_arrays(design)
    order = np.concatenate([np.arange(50)[::-1] + 50 * cell for cell in range(3)])
    values = []
    for chosen in (np.arange(150), order):
        into = np.empty(3), np.empty(3), None
        values.append(
            poisson(
                np.full(3, -3.0),
                np.full(3, 0.4),
                arrays["row_log_exposure"][chosen],
                arrays["row_count"][chosen],
                arrays["row_x"][chosen],
                arrays["cell_start"],
                *into,
            )
        )
    assert_allclose(values[0], values[1], rtol=1e-13)
