from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.optimize import approx_fprime

from bayesgrad.inference.laplace.likelihood import RowData, likelihood_pieces, weight_derivatives
from tests.inference.laplace.cases import FULL
from tests.small import drawn_design, spec_of

ALPHAS = (None, 0.3, 7.0, 1e6)


@pytest.fixture(scope="module")
def rows() -> RowData:
    return RowData.of(drawn_design(spec_of(FULL)))


def point_of(rows: RowData) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    effects = np.array([-3.0, 0.3]) + 0.3 * rng.normal(size=(len(rows.start), 2))
    return effects, 0.1 * rng.normal(size=rows.terms.shape[1])


def predictor(rows: RowData, effects: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    cell = np.repeat(np.arange(len(rows.start)), rows.size)
    own = effects[cell, 0] + effects[cell, 1] * rows.x
    return rows.log_exposure + own + rows.terms @ coefficients


def scipy_value(count: np.ndarray, eta: np.ndarray, alpha: float | None) -> np.ndarray:
    mean = np.exp(eta)
    if alpha is None:
        return stats.poisson(mean).logpmf(count)
    return stats.nbinom(alpha, alpha / (alpha + mean)).logpmf(count)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_value_is_that_of_scipy(rows, alpha):
    effects, coefficients = point_of(rows)
    expected = scipy_value(rows.count, predictor(rows, effects, coefficients), alpha).sum()
    found = likelihood_pieces(rows, effects, coefficients, alpha=alpha).value
    # scipy's negative binomial loses digits where alpha is large; ours does not.
    assert_allclose(found, expected, rtol=1e-11 if alpha != 1e6 else 1e-8)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_gradient_and_curvature_are_those_of_finite_differences(rows, alpha):
    effects, coefficients = point_of(rows)
    split = effects.size

    def gradient(flat: np.ndarray) -> np.ndarray:
        pieces = likelihood_pieces(
            rows, flat[:split].reshape(effects.shape), flat[split:], alpha=alpha
        )
        return np.concatenate([pieces.cell_gradient.ravel(), pieces.term_gradient])

    def value(flat: np.ndarray) -> float:
        return likelihood_pieces(
            rows, flat[:split].reshape(effects.shape), flat[split:], alpha=alpha
        ).value

    flat = np.concatenate([effects.ravel(), coefficients])
    shifts = 1e-5 * np.eye(len(flat))
    slopes = [(value(flat + s) - value(flat - s)) / 2e-5 for s in shifts]
    assert_allclose(gradient(flat), slopes, atol=2e-3, rtol=1e-5)

    bends = -np.array([(gradient(flat + s) - gradient(flat - s)) / 2e-5 for s in shifts])
    pieces = likelihood_pieces(rows, effects, coefficients, alpha=alpha)
    dense = np.zeros((len(flat), len(flat)))
    for cell, block in enumerate(pieces.cell_curvature):
        own = slice(2 * cell, 2 * cell + 2)
        dense[own, own] = block
        dense[own, split:] = pieces.border[cell]
        dense[split:, own] = pieces.border[cell].T
    dense[split:, split:] = pieces.term_curvature
    assert_allclose(dense, bends, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_weights_change_as_finite_differences_say(rows, alpha):
    effects, coefficients = point_of(rows)
    found = weight_derivatives(rows, effects, coefficients, alpha=alpha)

    def total_weight(shift: np.ndarray) -> float:
        moved = effects + np.array([shift[0], 0.0])
        return (
            likelihood_pieces(rows, moved, coefficients, alpha=alpha).cell_curvature[:, 0, 0].sum()
        )

    expected = approx_fprime(np.zeros(1), total_weight, 1e-6)
    assert_allclose(found.sum(), expected[0], rtol=1e-4)


def test_a_mean_beyond_all_numbers_has_no_finite_value(rows):
    effects, coefficients = point_of(rows)
    for alpha in (None, 3.0):
        value = likelihood_pieces(rows, effects + 1000.0, coefficients, alpha=alpha).value
        assert not np.isfinite(value)
