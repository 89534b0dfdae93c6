from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.design import Design
from bayesgrad.inference.laplace.likelihood import RowsLikelihood
from tests.inference.laplace.cases import FULL, form_of
from tests.small import drawn_design, spec_of

ALPHAS = (np.inf, 0.3, 7.0, 1e6)


def design_of(alpha: float) -> Design:
    family = "poisson" if alpha == np.inf else "negative_binomial"
    return drawn_design(spec_of(f'{FULL}[likelihood]\nfamily = "{family}"'))


def point_of(likelihood: RowsLikelihood, level: float = -3.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    effects = np.array([level, 0.3]) + 0.3 * rng.normal(size=(*likelihood.cells, 2))
    return effects, 0.1 * rng.normal(size=(likelihood.cells[1], len(likelihood.rows.terms)))


def predictor_of(design: Design, effects: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Linear predictors of rows, exposures left out."""
    rows = design.rows
    intercept, slope = effects.reshape(-1, 2)[rows.cell].T
    terms = np.hstack([rows.covariates.values, rows.gradient_moderators, rows.curve])
    return intercept + slope * rows.x + (terms * coefficients[design.row_outcome]).sum(axis=1)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_value_of_counts_is_that_of_scipy(alpha):
    design = design_of(alpha)
    likelihood = RowsLikelihood.of(design)
    effects, coefficients = point_of(likelihood)
    mean = design.rows.exposure * np.exp(predictor_of(design, effects, coefficients))
    found = likelihood.pieces(effects, coefficients, alpha=np.array([alpha])).value
    if alpha == np.inf:
        expected = stats.poisson(mean).logpmf(design.rows.count)
    else:
        expected = stats.nbinom(alpha, alpha / (alpha + mean)).logpmf(design.rows.count)
    # scipy's negative binomial loses digits where alpha is large; ours does not.
    assert_allclose(found, expected.sum(), rtol=1e-11 if alpha != 1e6 else 1e-8)


@pytest.mark.parametrize("form", ["odds", "risks", "two outcomes in strata"])
def test_the_value_of_cases_is_that_of_scipy(form):
    design = form_of(form).design
    likelihood = RowsLikelihood.of(design)
    effects, coefficients = point_of(likelihood, level=-2.0)
    predictor = predictor_of(design, effects, coefficients)
    count, exposure = design.rows.count, design.rows.exposure
    logit = form != "risks"
    p = 1.0 / (1.0 + np.exp(-predictor)) if logit else np.minimum(np.exp(predictor), 1.0)
    expected = stats.binom(exposure, p).logpmf(count)
    alpha = np.full(len(design.forms), 3.0)
    of_counts = design.row_outcome == 0 if len(design.forms) > 1 else np.zeros(len(p), dtype=bool)
    mean = (exposure * np.exp(predictor))[of_counts]
    expected[of_counts] = stats.nbinom(3.0, 3.0 / (3.0 + mean)).logpmf(count[of_counts])
    found = likelihood.pieces(effects, coefficients, alpha=alpha).value
    assert_allclose(found, expected.sum(), rtol=1e-11)


@pytest.mark.parametrize("form", ["full", "two outcomes, full", "strata, full"])
def test_slopes_stand_by_cell_and_by_term(form):
    likelihood = RowsLikelihood.of(form_of(form).design)
    effects, coefficients = point_of(likelihood)
    alpha = np.full(len(coefficients), 3.0)
    gradient = likelihood.pieces(effects, coefficients, alpha=alpha).gradient

    def value(cell: np.ndarray, term: np.ndarray) -> float:
        return likelihood.pieces(effects + cell, coefficients + term, alpha=alpha).value

    cell, term = np.zeros_like(effects), np.zeros_like(coefficients)
    step = cell.copy()
    step[2, -1, -1, 1] = 1e-5
    difference = (value(step, term) - value(-step, term)) / 2e-5
    assert_allclose(gradient.cell[2, -1, -1, 1], difference, rtol=1e-5, atol=1e-3)
    step = term.copy()
    step[-1, 1] = 1e-5
    difference = (value(cell, step) - value(cell, -step)) / 2e-5
    assert_allclose(gradient.term[-1, 1], difference, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("alpha", [np.inf, 3.0])
def test_a_mean_beyond_all_numbers_has_no_finite_value(alpha):
    likelihood = RowsLikelihood.of(design_of(alpha))
    effects, coefficients = point_of(likelihood)
    found = likelihood.pieces(effects + 1000.0, coefficients, alpha=np.array([alpha]))
    assert not np.isfinite(found.value)
