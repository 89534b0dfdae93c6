from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from bayesgrad.inference.laplace.hyperparameters import Hyperparameters, scale_log_density
from bayesgrad.spec.priors import CorrelationPrior, ScalePrior
from tests.inference.laplace.cases import Case

HALF = ScalePrior(sigma=0.5)
SCALES = {
    "HalfNormal": (HALF, stats.halfnorm(scale=0.5)),
    "HalfCauchy": (ScalePrior(distribution="HalfCauchy", beta=0.3), stats.halfcauchy(scale=0.3)),
    "Exponential": (ScalePrior(distribution="Exponential", lam=4.0), stats.expon(scale=0.25)),
}


@pytest.mark.parametrize(("prior", "expected"), SCALES.values(), ids=SCALES)
@pytest.mark.parametrize("value", [1e-6, 0.2, 3.0])
def test_densities_of_scales_are_those_of_scipy(prior, expected, value):
    assert_allclose(scale_log_density(prior, np.log(value)), expected.logpdf(value), rtol=1e-12)


@pytest.mark.parametrize("value", [1e-6, 0.2, 3.0])
def test_the_half_student_t_is_twice_the_upper_half(value):
    prior = ScalePrior(distribution="HalfStudentT", nu=3.0, sigma=0.4)
    expected = np.log(2.0) + stats.t(3.0, scale=0.4).logpdf(value)
    assert_allclose(scale_log_density(prior, np.log(value)), expected, rtol=1e-12)


@pytest.mark.parametrize("eta", [0.7, 1.0, 2.0, 5.0])
def test_the_prior_of_a_correlation_is_lkj_in_two_dimensions(eta):
    with_it = Hyperparameters({"a": HALF, "b": HALF}, CorrelationPrior(eta=eta), None)
    without = Hyperparameters({"a": HALF, "b": HALF}, None, None)
    for rho in (-0.9, 0.0, 0.3):
        theta = np.array([-1.0, -2.0, np.arctanh(rho)])
        found = with_it.log_prior(theta) - without.log_prior(theta[:2])
        density = stats.beta(eta, eta, loc=-1.0, scale=2.0).logpdf(rho)
        assert_allclose(found, density + np.log1p(-(rho**2)), rtol=1e-10)


def test_the_prior_of_theta_integrates_to_one():
    hyper = Hyperparameters({"a": HALF, "b": HALF}, CorrelationPrior(eta=2.0), HALF)
    middle = hyper.start()

    def density(value: float, position: int) -> float:
        theta = middle.copy()
        theta[position] = value
        return float(np.exp(hyper.log_prior(theta)))

    # The prior is a product: each line through the middle integrates to the others' density there.
    lines = [integrate.quad(density, -25, 8, args=(k,), limit=200)[0] for k in range(4)]
    assert_allclose(np.prod(lines) / np.exp(3.0 * hyper.log_prior(middle)), 1.0, rtol=1e-6)


def test_the_effects_have_the_covariance_of_their_standard_deviations_and_correlation(case: Case):
    values = case.hyper.at(case.theta)
    mixed = values.correlation * values.sd.prod()
    expected = np.diag(values.sd**2) + mixed * (1.0 - np.eye(2))
    assert_allclose(values.lower @ values.lower.T, expected, rtol=1e-12, atol=1e-15)


def test_theta_far_out_still_has_numbers():
    hyper = Hyperparameters({"a": HALF, "b": HALF}, CorrelationPrior(eta=2.0), HALF)
    for artanh in (-40.0, 40.0):
        theta = np.array([-30.0, 3.0, artanh, -20.0])
        assert np.isfinite(hyper.log_prior(theta))
        assert (np.diagonal(hyper.at(theta).lower) > 0).all()
