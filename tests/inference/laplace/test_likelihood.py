from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.inference.laplace.likelihood import CountLikelihood
from tests.inference.laplace.cases import FULL
from tests.small import drawn_design, spec_of

ALPHAS = (None, 0.3, 7.0, 1e6)


def likelihood_of(alpha: float | None) -> CountLikelihood:
    family = "poisson" if alpha is None else "negative_binomial"
    return CountLikelihood.of(family, drawn_design(spec_of(FULL)))


def point_of(likelihood: CountLikelihood) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    cells = len(likelihood.rows.outcome)
    effects = np.array([-3.0, 0.3]) + 0.3 * rng.normal(size=(cells, 2))
    return effects, 0.1 * rng.normal(size=len(likelihood.rows.terms))


def scipy_value(count: np.ndarray, mean: np.ndarray, alpha: float | None) -> float:
    if alpha is None:
        return stats.poisson(mean).logpmf(count).sum()
    return stats.nbinom(alpha, alpha / (alpha + mean)).logpmf(count).sum()


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_value_is_that_of_scipy(alpha):
    likelihood = likelihood_of(alpha)
    rows = likelihood.rows
    effects, coefficients = point_of(likelihood)
    of_rows = np.repeat(effects, np.diff(rows.start), axis=0)
    eta = of_rows[:, 0] + of_rows[:, 1] * rows.x + rows.log_exposure + coefficients @ rows.terms
    found = likelihood.pieces(effects, coefficients, alpha=alpha).value
    # scipy's negative binomial loses digits where alpha is large; ours does not.
    tolerance = 1e-11 if alpha != 1e6 else 1e-8
    assert_allclose(found, scipy_value(rows.events, np.exp(eta), alpha), rtol=tolerance)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_slopes_stand_by_cell_and_by_term(alpha):
    likelihood = likelihood_of(alpha)
    effects, coefficients = point_of(likelihood)
    gradient = likelihood.pieces(effects, coefficients, alpha=alpha).gradient

    def value(cell: np.ndarray, term: np.ndarray) -> float:
        return likelihood.pieces(effects + cell, coefficients + term, alpha=alpha).value

    none, step = np.zeros_like(effects), np.zeros_like(effects)
    step[2, 1] = 1e-5
    difference = (value(step, 0.0) - value(-step, 0.0)) / 2e-5
    assert_allclose(gradient.cell[2, 1], difference, rtol=1e-5, atol=1e-3)
    step = 1e-5 * (np.arange(len(coefficients)) == 1)
    difference = (value(none, step) - value(none, -step)) / 2e-5
    assert_allclose(gradient.term[1], difference, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("alpha", [None, 3.0])
def test_a_mean_beyond_all_numbers_has_no_finite_value(alpha):
    likelihood = likelihood_of(alpha)
    effects, coefficients = point_of(likelihood)
    assert not np.isfinite(likelihood.pieces(effects + 1000.0, coefficients, alpha=alpha).value)
