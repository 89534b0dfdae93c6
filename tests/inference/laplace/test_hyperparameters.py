from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from bayesgrad.inference.laplace.hyperparameters import Hyperparameters, HyperSlopes
from bayesgrad.spec import ModelSpec
from tests.inference.laplace.cases import FORMS, Case, form_of
from tests.small import drawn_design, spec_of


def hyper_of(text: str = "", *, outcomes: tuple[str, ...] = ("referrals",)) -> Hyperparameters:
    spec = spec_of(text, outcomes=outcomes)
    return Hyperparameters.of(spec, drawn_design(spec))


def lkj(eta: float) -> str:
    return f'[priors]\ncorrelation = {{ distribution = "LKJ", eta = {eta} }}'


@pytest.mark.parametrize("eta", [0.7, 1.0, 2.0, 5.0])
def test_the_prior_of_a_correlation_is_lkj_in_two_dimensions(eta):
    with_it, without = hyper_of(lkj(eta)), hyper_of('[authority]\ncovariance = "diagonal"')
    for rho in (-0.9, 0.0, 0.3):
        theta = np.array([-1.0, -2.0, -1.5, np.arctanh(rho)])
        found = with_it.log_prior(theta) - without.log_prior(theta[:3])
        density = stats.beta(eta, eta, loc=-1.0, scale=2.0).logpdf(rho)
        assert_allclose(found, density + np.log1p(-(rho**2)), rtol=1e-10)


@pytest.mark.parametrize("eta", [1.0, 2.5])
def test_the_prior_of_correlations_is_lkj_in_four_dimensions(eta):
    # LKJ is a density in the correlations that goes with the determinant to the power eta - 1.
    hyper = hyper_of(lkj(eta), outcomes=("referrals", "plans"))
    rng = np.random.default_rng(1)
    points = 0.6 * rng.normal(size=(6, 6))
    start = hyper.start()[: hyper.scales]
    rest = []
    for artanh in points:
        theta = np.concatenate([start, artanh])
        factor = hyper.at(theta).factor
        power = (eta - 1.0) * 2.0 * np.log(np.diagonal(factor)).sum()
        rest.append(hyper.log_prior(theta) - power - log_jacobian(hyper, theta))
    assert_allclose(rest, rest[0], rtol=1e-6)


def log_jacobian(hyper: Hyperparameters, theta: np.ndarray) -> float:
    """Log determinant of the derivatives of the correlations in artanh of the partial ones."""

    def correlations(at: np.ndarray) -> np.ndarray:
        factor = hyper.at(at).factor
        return (factor @ factor.T)[np.tril_indices(len(factor), -1)]

    shifts = 1e-5 * np.eye(len(theta))[hyper.scales :]
    rows = [(correlations(theta + s) - correlations(theta - s)) / 2e-5 for s in shifts]
    return float(np.linalg.slogdet(np.array(rows))[1])


def test_the_prior_of_theta_integrates_to_one():
    hyper = hyper_of()
    middle = hyper.start()

    def density(value: float, position: int) -> float:
        theta = middle.copy()
        theta[position] = value
        return float(np.exp(hyper.log_prior(theta)))

    # The prior is a product: each line through the middle integrates to the others' density there.
    lines = [integrate.quad(density, -25, 8, args=(k,), limit=200)[0] for k in range(4)]
    assert_allclose(np.prod(lines) / np.exp(3.0 * hyper.log_prior(middle)), 1.0, rtol=1e-6)


def test_the_slope_of_the_prior_is_that_of_finite_differences(case: Case):
    differences = [
        (case.hyper.log_prior(case.theta + step) - case.hyper.log_prior(case.theta - step)) / 2e-6
        for step in 1e-6 * np.eye(len(case.theta))
    ]
    assert_allclose(case.hyper.log_prior_slope(case.theta), differences, rtol=1e-6, atol=1e-7)


def test_effects_of_one_outcome_have_their_standard_deviations_and_correlation():
    hyper = hyper_of()
    values = hyper.at(np.log([0.3, 0.1, 0.5, 1.0]) + np.array([0.0, 0.0, 0.0, np.arctanh(0.4)]))
    assert_allclose(values.lower @ values.lower.T, [[0.09, 0.012], [0.012, 0.01]])
    assert_allclose(values.alpha, [4.0])


def test_effects_of_two_outcomes_stand_outcome_by_outcome():
    hyper = hyper_of('family = "poisson"', outcomes=("referrals", "plans"))
    theta = np.concatenate([np.log([0.1, 0.2, 0.3, 0.4, 0.5]), np.zeros(6)])
    values = hyper.at(theta)
    assert_allclose(values.sd, [0.1, 0.3, 0.2, 0.4])
    assert_allclose(values.alpha, [4.0, np.inf])
    assert hyper.titles[:6] == (
        "sd_intercept of referrals",
        "sd_intercept of plans",
        "sd_slope of referrals",
        "sd_slope of plans",
        "overdispersion of referrals",
        "partial correlation of referrals intercept, referrals slope",
    )


def test_strata_have_a_standard_deviation_by_kind_outcome_and_component():
    case = form_of("crossed strata")
    titles = [title for title in case.hyper.titles if "stratum" in title]
    assert titles == [
        "sd_stratum_intercept of sex",
        "sd_stratum_intercept of age",
        "sd_stratum_intercept of sex x age",
        "sd_stratum_slope of sex",
        "sd_stratum_slope of age",
        "sd_stratum_slope of sex x age",
    ]
    theta = np.arange(10.0) / 10.0
    assert_allclose(case.hyper.at(theta).strata[:, 0], np.exp([[0.2, 0.3, 0.4], [0.5, 0.6, 0.7]]))


def test_gradients_in_common_have_no_standard_deviation():
    assert not any("stratum_slope" in title for title in form_of("levels of strata").hyper.titles)


def test_derivatives_are_pulled_back_as_finite_differences(case: Case):
    rng = np.random.default_rng(2)
    values = case.hyper.at(case.theta)
    weights = HyperSlopes(
        rng.normal(size=values.lower.shape),
        rng.normal(size=values.strata.shape),
        rng.normal(size=values.overdispersion.shape),
    )

    def total(theta: np.ndarray) -> float:
        at = case.hyper.at(theta)
        parts = (at.lower, np.log(at.strata), np.log(at.overdispersion))
        return sum(float((w * p).sum()) for w, p in zip(weights, parts, strict=True))

    differences = [
        (total(case.theta + step) - total(case.theta - step)) / 2e-6
        for step in 1e-6 * np.eye(len(case.theta))
    ]
    assert_allclose(case.hyper.pulled_back(case.theta, weights), differences, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("form", ["default", "two outcomes"])
@pytest.mark.parametrize("artanh", [-40.0, 40.0])
def test_theta_far_out_still_has_numbers(form, artanh):
    hyper = form_of(form).hyper
    theta = np.concatenate([np.full(hyper.scales, -20.0), np.full(len(hyper.pairs), artanh)])
    assert np.isfinite(hyper.log_prior(theta))
    assert np.isfinite(hyper.at(theta).lower).all()
    assert (np.diagonal(hyper.at(theta).lower) > 0).all()


def test_an_outcome_alone_needs_no_name():
    spec: ModelSpec = form_of("default").spec
    assert len(spec.outcomes) == 1
    assert form_of("default").hyper.titles == (
        "sd_intercept",
        "sd_slope",
        "overdispersion",
        "correlation of intercepts and slopes",
    )


def test_every_form_has_a_start_in_the_bulk_of_its_prior():
    for form in FORMS:
        hyper = form_of(form).hyper
        assert len(hyper.start()) == len(hyper.titles)
        assert np.isfinite(hyper.log_prior(hyper.start()))
