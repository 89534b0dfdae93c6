from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import betaln

from bayesgrad.model.arrays import count_rows
from bayesgrad.model.covariance import effect_pairs, in_blocks, pair_label, partial_shape
from bayesgrad.model.graph import build_model
from bayesgrad.model.information import effects_information
from tests.model.forms import (
    CENTRED,
    MODE,
    correlations_of,
    density_of,
    drawn_parameters,
    point_of,
    spec_named,
)
from tests.small import drawn_design, spec_of
from tests.tiers import quick

OUTCOMES = ("referrals", "plans", "care")


def spec_of_outcomes(number: int, text: str = ""):
    return spec_of(text + CENTRED, outcomes=OUTCOMES[:number])


def lkj(matrix: np.ndarray, eta: float) -> float:
    """Log density of a correlation matrix (Lewandowski, Kurowicka and Joe 2009, equation 16)."""
    size = len(matrix)
    k = np.arange(1, size)
    shape = eta + (size - k - 1) / 2.0
    constant = ((2.0 * eta - 2.0 + size - k) * (size - k)).sum() * np.log(2.0)
    constant += ((size - k) * betaln(shape, shape)).sum()
    return float((eta - 1.0) * np.linalg.slogdet(matrix)[1] - constant)


@pytest.mark.parametrize(
    ("eta", "number"), quick(product([1.0, 2.0, 4.5], [1, 2, 3]), (1.0, 2), (2.0, 1), (4.5, 3))
)
def test_the_prior_of_correlations_is_the_lkj_density(number, eta):
    spec = spec_of_outcomes(
        number, f'[priors]\ncorrelation = {{ distribution = "LKJ", eta = {eta} }}\n'
    )
    design = drawn_design(spec)
    model = build_model(spec, design)

    def correlations(half: np.ndarray) -> np.ndarray:
        matrix = correlations_of(spec, {"correlation_half": half})[0]
        return matrix[np.tril_indices(2 * number, -1)]

    for seed in range(2):
        theta = drawn_parameters(spec, design, seed)
        half = theta["correlation_half"]
        steps = 1e-6 * np.eye(len(half))
        slopes = [(correlations(half + h) - correlations(half - h)) / 2e-6 for h in steps]
        found = density_of(model, theta, "correlation_half") - np.linalg.slogdet(slopes)[1]
        matrix = correlations_of(spec, theta)[0]
        assert_allclose(found, lkj(matrix, eta), rtol=1e-6, atol=1e-6)


def test_two_correlated_effects_by_hand():
    spec = spec_of_outcomes(1)
    design = drawn_design(spec)
    model, theta = build_model(spec, design), drawn_parameters(spec, design)
    for rho in (-0.9, -0.2, 0.0, 0.7):
        half = np.array([(1 + rho) / 2])
        of_half = density_of(model, theta | {"correlation_half": half}, "correlation_half")
        density = 0.75 * (1 - rho**2)  # LKJ(2): proportional to the determinant; 3/4 makes it 1
        assert_allclose(of_half - np.log(2), np.log(density), atol=1e-6)


@pytest.mark.parametrize("form", ["two outcomes", "low rank", "by outcome", "plain"])
def test_correlations_are_kept_by_pair_and_of_each_outcome_s_own_effects(form):
    spec = spec_named(form)
    design = drawn_design(spec)
    model, theta = build_model(spec, design), drawn_parameters(spec, design)
    joint = form in ("two outcomes", "low rank")
    assert ("effect_correlation" in model.named_vars) == joint
    names = ["correlation", "effect_correlation"] if joint else ["correlation"]
    values = model.compile_fn(
        model.replace_rvs_by_values([model[name] for name in names]),
        inputs=model.value_vars,
        mode=MODE,
        on_unused_input="ignore",
    )(point_of(model, theta))
    matrices = correlations_of(spec, theta)
    if joint:
        assert_allclose(values[0], [matrices[0, 1, 0], matrices[0, 3, 2]], rtol=1e-10)
        rows = matrices[0][np.tril_indices(4, -1)]
        assert_allclose(values[1], rows, rtol=1e-10, atol=1e-12)
    else:
        assert_allclose(values[0], matrices[:, 1, 0], rtol=1e-10)


def test_without_correlation_there_is_none_to_keep():
    spec = spec_named("two independent")
    model = build_model(spec, drawn_design(spec))
    assert not {"correlation", "effect_correlation"} & set(model.named_vars)


def test_pairs_of_effects_stand_by_rows_of_the_lower_triangle():
    pairs = effect_pairs(("referrals", "plans"))
    assert [pair_label(pair) for pair in pairs] == [
        "referrals intercept, referrals slope",
        "referrals intercept, plans intercept",
        "referrals slope, plans intercept",
        "referrals intercept, plans slope",
        "referrals slope, plans slope",
        "plans intercept, plans slope",
    ]


def test_shapes_of_partial_correlations_by_hand():
    spec = spec_of_outcomes(2)
    assert_allclose(partial_shape(spec, 2), [2.0])
    assert_allclose(partial_shape(spec, 4), [3.0, 3.0, 2.5, 3.0, 2.5, 2.0])


@pytest.mark.parametrize("covariance", ["full", "by_outcome"])
def test_information_is_of_each_outcome_and_none_between_them(covariance):
    spec = spec_of_outcomes(2, f'[authority]\ncovariance = "{covariance}"\n')
    design = drawn_design(spec)
    found = effects_information(design, count_rows(design))
    arrays = in_blocks(spec, design, found)
    curvature, pull = arrays["authority_information"], arrays["authority_pull"]
    if covariance == "by_outcome":
        assert_allclose(curvature, found.curvature)
        assert_allclose(pull, found.pull)
        return
    assert curvature.shape == (1, 4, 4, 5)
    for s in (0, 1):
        own = slice(2 * s, 2 * s + 2)
        assert_allclose(curvature[0, own, own], found.curvature[s])
        assert_allclose(pull[0, own], found.pull[s])
    assert_allclose(curvature[0, :2, 2:], 0.0)
    assert_allclose(curvature[0, 2:, :2], 0.0)
